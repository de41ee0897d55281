import unittest


class Empty(unittest.TestCase):
    pass
