"""Progress is reported once for every tenth."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.agents.synthetic_data_progress_tracker import SyntheticDataProgressTracker
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket


class ProgressTracking(unittest.IsolatedAsyncioTestCase):
    """Advances a tracker while its user listens."""

    async def percents(self, user_id, total, steps):
        """Returns the percents that a user is told while a tracker advances by `steps`."""
        from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager

        websocket = InMemoryWebSocket()
        manager = await create_websocket_manager(UserExecutionContext(user_id=user_id))
        await manager.connect(websocket)
        tracker = SyntheticDataProgressTracker(user_id, total)
        for records in steps:
            await tracker.advance(records)
        return [message["percent"] for message in websocket.received]

    async def test_every_tenth_is_reported_once(self):
        self.assertEqual(await self.percents("tracker-slow", 20, [1] * 20), list(range(10, 101, 10)))

    async def test_tenths_that_are_passed_over_are_not_reported(self):
        self.assertEqual(await self.percents("tracker-fast", 7, [3, 3, 3, 3]), [40, 80, 100])

    async def test_there_must_be_something_to_track(self):
        with self.assertRaises(ValueError):
            SyntheticDataProgressTracker("tracker-none", 0)


if __name__ == "__main__":
    unittest.main()
