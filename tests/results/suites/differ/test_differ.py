import os

import pytest


@pytest.mark.parametrize("process", [os.getpid()])
def test_of_this_process(process):
    pass
