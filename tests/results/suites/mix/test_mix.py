import unittest


class Mix(unittest.TestCase):
    def test_pass(self):
        pass

    def test_fail(self):
        self.assertEqual(1, 2)

    def test_error(self):
        raise RuntimeError("broken")

    def test_skip(self):
        self.skipTest("why")

    @unittest.skip("decorated")
    def test_skip_decorated(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_unexpected(self):
        pass

    def test_sub(self):
        for i in range(4):
            with self.subTest("label", i=i):
                self.assertNotEqual(i % 2, 1)

    def test_sub_skip(self):
        for i in 0, 1.5, 2.5:
            with self.subTest(i=i):
                if i == 0:
                    self.fail("first")
                if i == 2.5:
                    self.skipTest("last")

    def test_sub_pass(self):
        for i in range(2):
            with self.subTest(i=i):
                pass

    def test_cleanup(self):
        self.addCleanup(lambda: 1 / 0)
        self.fail("body")

    def test_doc(self):
        """A docstring that stands where the name stands."""
        self.fail("x")


class BrokenClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("class")

    def test_a(self):
        pass

    def test_b(self):
        pass


class BrokenEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise RuntimeError("class end")

    def test_a(self):
        pass


if __name__ == "__main__":
    unittest.main()
