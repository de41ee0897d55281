"""Data reaches the user it is published to, in parts of bounded size."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.core.interfaces_data import DataInterface, Published
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.websocket_manager_factory import (
    create_websocket_manager,  # the manager that the interface should use
)


class DataPublication(unittest.IsolatedAsyncioTestCase):
    """Publishes rows and reads them back from a connection."""

    async def test_rows_arrive_whole_and_in_order(self):
        user_context = UserExecutionContext(user_id="data-user")
        websocket = InMemoryWebSocket()
        manager = await create_websocket_manager(user_context)
        await manager.connect(websocket)
        published = await DataInterface(max_rows=2).publish(user_context, [1, 2, 3, 4, 5])
        self.assertEqual(published, Published(events=3, receivers=1))
        self.assertEqual([message["rows"] for message in websocket.received], [[1, 2], [3, 4], [5]])

    async def test_without_rows_or_listeners_nothing_is_received(self):
        user_context = UserExecutionContext(user_id="data-nobody")
        self.assertEqual(await DataInterface().publish(user_context, []), Published(events=0, receivers=0))
        self.assertEqual(await DataInterface().publish(user_context, [1]), Published(events=1, receivers=0))


if __name__ == "__main__":
    unittest.main()
