"""The example of an agent does what it shows."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.agents.example_message_processor import ExampleMessageProcessor
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.events import event_types
from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager as make_manager


class MessageProcessing(unittest.IsolatedAsyncioTestCase):
    """Processes messages while a user listens."""

    async def test_the_user_is_told_about_start_and_end(self):
        user_context = UserExecutionContext(user_id="example-user")
        websocket = InMemoryWebSocket()
        await (await make_manager(user_context)).connect(websocket)
        processor = ExampleMessageProcessor()
        self.assertEqual(await processor.process(user_context, "quiet"), "QUIET")
        self.assertEqual(event_types(websocket.received), ["agent_started", "agent_completed"])
        self.assertEqual(websocket.received[1]["answer"], "QUIET")
        self.assertEqual(processor.processed, 1)


if __name__ == "__main__":
    unittest.main()
