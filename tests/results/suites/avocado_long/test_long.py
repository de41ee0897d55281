import time

from avocado import Test


class Long(Test):
    def test_one(self):
        time.sleep(60)

    def test_two(self):
        time.sleep(60)
