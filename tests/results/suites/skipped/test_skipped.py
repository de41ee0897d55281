import unittest


class Skipped(unittest.TestCase):
    def test_one(self):
        self.skipTest("why")

    @unittest.skip("why")
    def test_two(self):
        pass
