"""Who work is done for."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.services.user_execution_context import UserExecutionContext


class UserContexts(unittest.TestCase):
    """Contexts name a user, and each run is another."""

    def test_the_next_run_stays_in_the_thread(self):
        first = UserExecutionContext(user_id="context-user")
        second = first.next_run()
        self.assertEqual((first.user_id, first.thread_id), (second.user_id, second.thread_id))
        self.assertNotEqual(first.run_id, second.run_id)

    def test_nobody_and_the_system_are_no_users(self):
        for user_id in ("", None, "system"):
            with self.subTest(user_id=user_id), self.assertRaises(ValueError):
                UserExecutionContext(user_id=user_id)


if __name__ == "__main__":
    unittest.main()
