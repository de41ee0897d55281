import unittest


class Sound(unittest.TestCase):
    def test_sound(self):
        pass
