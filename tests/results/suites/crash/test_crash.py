import os

SEEN = os.environ["SEEN"]  # an empty folder


def test_before():
    pass


def test_crash_once():
    path = os.path.join(SEEN, "crash")
    if not os.path.exists(path):
        open(path, "w").close()
        os._exit(0)


def test_after():
    pass
