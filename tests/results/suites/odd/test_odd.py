import unittest


class Message(unittest.TestCase):
    def test_message(self):
        self.fail("escape \x1b[31m, end ]]>")

    def test_sound(self):
        pass


class Reason(unittest.TestCase):
    def test_reason(self):
        self.skipTest("escape \x1b[31m")


class Name(unittest.TestCase):
    pass


def fails(self):
    self.fail("no")


setattr(Name, "test_escape \x1b[31m, \u00e9 and <&>", fails)


class Sub(unittest.TestCase):
    def test_sub(self):
        with self.subTest("a (b)", text="\x1b"):
            self.fail("no")
