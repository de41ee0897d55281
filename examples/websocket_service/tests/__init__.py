"""Tests; every file also runs alone, as `python3 tests/.../test_x.py`."""
