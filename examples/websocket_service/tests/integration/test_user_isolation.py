"""Whatever way a manager was had, its user is alone with it."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.websocket_manager_factory import (
    create_websocket_manager,
    get_websocket_manager_factory,
)


class UserIsolation(unittest.IsolatedAsyncioTestCase):
    """Two users, each with a connection."""

    async def asyncSetUp(self):
        self.first = UserExecutionContext(user_id="isolated-a")
        self.second = UserExecutionContext(user_id="isolated-b")

    async def test_an_event_reaches_its_user_only(self):
        websockets = []
        for user_context in (self.first, self.second):
            manager = await create_websocket_manager(user_context)
            websockets.append(InMemoryWebSocket())
            connection_id = await manager.connect(websockets[-1])
            self.addAsyncCleanup(manager.disconnect, connection_id)
        manager = await create_websocket_manager(self.first)
        self.assertEqual(await manager.send_event("ping"), 1)
        self.assertEqual([len(websocket.received) for websocket in websockets], [1, 0])

    async def test_a_user_keeps_their_manager(self):
        user_context = self.second

        factory = get_websocket_manager_factory()
        if factory:
            manager = await factory.create(user_context)

        self.assertIs(manager, await create_websocket_manager(user_context))
        self.assertIsNot(manager, await create_websocket_manager(self.first))


if __name__ == "__main__":
    unittest.main()
