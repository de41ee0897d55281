"""A user may have so many connections and no more."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.websocket_core.connection import ConnectionLimitReached, InMemoryWebSocket
from netra_backend.app.websocket_core.websocket_manager_factory import WebSocketManagerFactory


class ConnectionLimits(unittest.IsolatedAsyncioTestCase):
    """Opens connections until one is refused."""

    async def test_one_connection_too_many_is_refused(self):
        user_id = "limited-user"
        factory = WebSocketManagerFactory()
        manager = await factory.create_for_user(user_id)
        limit = manager.get_config()["max_connections_per_user"]
        for _ in range(limit):
            await manager.connect(InMemoryWebSocket())
        with self.assertRaises(ConnectionLimitReached):
            await manager.connect(InMemoryWebSocket())
        self.assertEqual(manager.connection_count, limit)


if __name__ == "__main__":
    unittest.main()
