import unittest
import pytest


@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("teardown")


def test_pass():
    pass


def test_fail():
    assert 1 == 2


@pytest.fixture
def broken_setup():
    raise RuntimeError("setup")


def test_setup_error(broken_setup):
    pass


def test_skip():
    pytest.skip("no \x1b[31mcolour")


@pytest.mark.xfail
def test_xfail():
    assert 0


@pytest.mark.xfail
def test_xpass():
    pass


@pytest.mark.xfail(strict=True)
def test_xpass_strict():
    pass


def test_pass_teardown(broken_teardown):
    pass


def test_fail_teardown(broken_teardown):
    assert 0


def test_skip_teardown(broken_teardown):
    pytest.skip("x")


@pytest.mark.parametrize("x", ["a - b", "a]b", "\x1b[31m", "ü", "\ud800", "<&\"'>", "a\nb", ""])
def test_ids(x):
    assert not x


@pytest.mark.parametrize("x", ["p"])
def test_control_message(x):
    assert False, "bad \x00 \x1b \ufffe"


class TestC:
    def test_pass(self):
        pass

    class TestInner:
        def test_pass(self):
            pass


class Unit(unittest.TestCase):
    def test_sub(self):
        for i in range(3):
            with self.subTest("lab", i=i):
                self.assertNotEqual(i, 1)

    def test_sub_skip(self):
        for i in range(3):
            with self.subTest(i=i):
                if i == 1:
                    self.skipTest("why")

    @unittest.expectedFailure
    def test_unexpected(self):
        pass


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("class")

    def test_a(self):
        pass

    def test_b(self):
        pass


def test_subtests(subtests):
    for i in range(3):
        with subtests.test(i=i):
            assert i != 1
    with subtests.test("named"):
        pass


def test_subtests_skip(subtests):
    with subtests.test(i=1):
        pytest.skip("inner")
