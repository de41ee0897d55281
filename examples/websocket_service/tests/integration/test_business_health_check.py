"""The business health check passes a service that works and reports one that does not."""

import contextlib
import io
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from netra_backend.app.routes.websocket_ssot import WebSocketSSOTRouter
from scripts.business_health_check import BusinessHealthChecker, main


class BusinessHealth(unittest.IsolatedAsyncioTestCase):
    """Runs the checks in this process."""

    async def test_a_working_service_passes_every_check(self):
        checker = BusinessHealthChecker()
        self.assertTrue(await checker.run(comprehensive=True), checker.warnings + checker.failures)
        self.assertEqual(len(checker.passed), 7)

    async def test_chat_without_an_answer_is_reported(self):
        class Deaf(WebSocketSSOTRouter):
            async def receive(self, session, text):
                return None

        checker = BusinessHealthChecker(Deaf())
        self.assertFalse(await checker.run(comprehensive=True))
        self.assertEqual([failure.split(":")[0] for failure in checker.failures], ["chat", "isolation"])

    async def test_a_check_that_raises_keeps_no_other_from_running(self):
        class Broken(WebSocketSSOTRouter):
            async def connect(self, user_id, websocket):
                raise RuntimeError("no supervisor")

        checker = BusinessHealthChecker(Broken())
        self.assertFalse(await checker.run(comprehensive=True))
        self.assertEqual(checker.failures[0], "check_chat: RuntimeError: no supervisor")
        self.assertEqual(len(checker.passed), 5)


class CommandLine(unittest.TestCase):
    """Runs the script's entry."""

    def test_the_status_is_zero_when_healthy(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(main(["--comprehensive"]), 0)
        self.assertTrue(out.getvalue().endswith("\nhealthy\n"))


if __name__ == "__main__":
    unittest.main()
