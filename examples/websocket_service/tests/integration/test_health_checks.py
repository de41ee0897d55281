"""Health checks find what works and what does not."""

import sys
import unittest
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from netra_backend.app.core.health_checks import HealthChecker
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core import websocket_manager_factory


class HealthChecks(unittest.IsolatedAsyncioTestCase):
    """Runs all checks on a service that works, and on one that does not."""

    async def test_all_components_are_healthy(self):
        results = await HealthChecker().check_all()
        self.assertEqual([result.component for result in results], ["websocket", "supervisor"])
        for result in results:
            self.assertTrue(result.healthy, result.message)
            self.assertLess(result.details["seconds"], 5)

    async def test_the_counts_are_those_of_all_users(self):
        async def count():
            return (await HealthChecker().check_all())[0].details["stats"]["active_connections"]

        before = await count()
        manager = await websocket_manager_factory.create_websocket_manager(UserExecutionContext(user_id="health-user"))
        connection_id = await manager.connect(InMemoryWebSocket())
        self.assertEqual(await count(), before + 1)
        await manager.disconnect(connection_id)
        self.assertEqual(await count(), before)

    async def test_a_check_that_raises_is_unhealthy(self):
        checker = HealthChecker()
        with patch.object(checker, "check_websocket", side_effect=RuntimeError("broken")):
            results = await checker.check_all()
        self.assertEqual([result.healthy for result in results], [False, True])
        self.assertEqual(results[0].message, "RuntimeError: broken")


if __name__ == "__main__":
    unittest.main()
