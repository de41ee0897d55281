import os
import unittest

SEEN = os.environ["SEEN"]  # an empty folder


def first(name):
    path = os.path.join(SEEN, name)
    with open(path, "a") as file:
        file.write("x")
    return os.path.getsize(path) == 1


def test_flaky(subtests):
    failing = first("flaky")
    with subtests.test("inner"):
        assert not failing


def test_sound():
    pass


class Unit(unittest.TestCase):
    def test_flaky(self):
        failing = first("unit")
        with self.subTest(i=1):
            self.assertFalse(failing)
        self.assertFalse(failing)
