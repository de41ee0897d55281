import unittest


class Message(unittest.TestCase):
    def test_message(self):
        self.fail("surrogate \ud800")

    def test_sound(self):
        pass


class Name(unittest.TestCase):
    pass


def fails(self):
    self.fail("no")


setattr(Name, "test_surrogate \ud800", fails)
