import os
import unittest
import pytest

SEEN = os.environ["SEEN"]  # an empty folder


def attempt(name):
    path = os.path.join(SEEN, name)
    with open(path, "a") as f:
        f.write("x")
    return os.path.getsize(path)


def test_flaky():
    assert attempt("flaky") > 1


def test_always():
    assert attempt("always") > 99


def test_flaky_subtest(subtests):
    n = attempt("subtest")
    with subtests.test("inner"):
        assert n > 1


@pytest.fixture
def td():
    yield
    assert attempt("td") > 1


def test_flaky_teardown(td):
    pass


@pytest.fixture
def tdb():
    yield
    assert attempt("tdb") > 2


def test_flaky_both(tdb):
    assert attempt("both") > 1


@pytest.fixture
def su():
    assert attempt("su") > 1


def test_flaky_setup(su):
    pass


class U(unittest.TestCase):
    def test_sub(self):
        n = attempt("usub")
        with self.subTest(i=1):
            self.assertGreater(n, 1)

    def test_plain(self):
        self.assertGreater(attempt("uplain"), 1)


def test_skip_then():
    if attempt("sk") > 1:
        pytest.skip("later")
    assert 0
