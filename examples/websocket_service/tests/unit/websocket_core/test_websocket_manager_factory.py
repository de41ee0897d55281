"""The deprecated factory, which must work, and warn, until its last caller is gone."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.websocket_manager import get_websocket_manager
from netra_backend.app.websocket_core.websocket_manager_factory import (
    WebSocketManagerFactory,
    create_websocket_manager,
    get_websocket_manager_factory,
)


class DeprecatedFactory(unittest.IsolatedAsyncioTestCase):
    """Compares what the factory gives with what its replacement gives."""

    async def test_every_way_gives_the_manager_of_the_user(self):
        user_context = UserExecutionContext(user_id="factory-user")
        manager = await get_websocket_manager(user_context)
        with self.assertWarns(DeprecationWarning):
            self.assertIs(await create_websocket_manager(user_context), manager)
        with self.assertWarns(DeprecationWarning):
            self.assertIs(await get_websocket_manager_factory().create(user_context), manager)
        with self.assertWarns(DeprecationWarning):
            self.assertIs(await WebSocketManagerFactory().create_for_user("factory-user"), manager)

    async def test_config_and_stats_are_those_of_the_system(self):
        system = await get_websocket_manager()
        with self.assertWarns(DeprecationWarning):
            factory = get_websocket_manager_factory()
        self.assertEqual(factory.get_config(), system.get_config())
        self.assertEqual(factory.get_stats(), system.get_stats())


if __name__ == "__main__":
    unittest.main()
