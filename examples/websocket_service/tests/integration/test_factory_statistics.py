"""The counts that dashboards show."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.websocket_manager_factory import get_websocket_manager_factory


class Statistics(unittest.IsolatedAsyncioTestCase):
    """Reads the counts before and after something happens."""

    async def test_an_event_without_a_listener_is_counted(self):
        user_context = UserExecutionContext(user_id="counted-user")
        factory = get_websocket_manager_factory()
        if factory:
            manager = await factory.create(user_context)
        before = manager.get_stats()["events_undelivered"]
        await manager.send_event("ping")
        self.assertEqual(manager.get_stats()["events_undelivered"], before + 1)


if __name__ == "__main__":
    unittest.main()
