from avocado import Test, skip


class Mix(Test):
    def test_pass(self):
        pass

    def test_fail(self):
        self.fail("no")

    def test_error(self):
        raise RuntimeError("broken")

    def test_cancel(self):
        self.cancel("why")

    @skip("why")
    def test_skip(self):
        pass
