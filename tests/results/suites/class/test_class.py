import unittest


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("class")

    def test_never_run(self):
        pass


class Sound(unittest.TestCase):
    def test_sound(self):
        pass
