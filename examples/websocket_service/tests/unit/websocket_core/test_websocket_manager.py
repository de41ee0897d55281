"""The manager: connections, delivery and counts."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.websocket_manager import get_websocket_manager


class Managers(unittest.IsolatedAsyncioTestCase):
    """Connects, sends and counts."""

    async def test_a_user_has_one_manager_and_another_user_another(self):
        first = await get_websocket_manager(UserExecutionContext(user_id="manager-a"))
        again = await get_websocket_manager(UserExecutionContext(user_id="manager-a"))
        other = await get_websocket_manager(UserExecutionContext(user_id="manager-b"))
        self.assertIs(first, again)
        self.assertIsNot(first, other)

    async def test_a_closed_connection_is_forgotten(self):
        manager = await get_websocket_manager(UserExecutionContext(user_id="manager-closed"))
        websocket = InMemoryWebSocket()
        await manager.connect(websocket)
        self.assertEqual(await manager.send_event("ping"), 1)
        await websocket.close()
        self.assertEqual(await manager.send_event("ping"), 0)
        self.assertEqual(manager.connection_count, 0)
        self.assertEqual(manager.get_stats()["events_delivered"], 1)
        self.assertEqual(manager.get_stats()["events_undelivered"], 1)

    async def test_the_system_reports_on_all_users_and_takes_no_connections(self):
        system = await get_websocket_manager()
        before = system.get_stats()["active_connections"]
        user = await get_websocket_manager(UserExecutionContext(user_id="manager-counted"))
        await user.connect(InMemoryWebSocket())
        self.assertEqual(system.get_stats()["active_connections"], before + 1)
        with self.assertRaises(PermissionError):
            await system.connect(InMemoryWebSocket())


if __name__ == "__main__":
    unittest.main()
