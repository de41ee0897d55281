"""The scripts that show and move things do so."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts import demonstrate_five_whys_prevention
from scripts.migration.replay_websocket_events import read_events, replay
from tests.helpers.websocket_helpers import listening_user


class Scripts(unittest.IsolatedAsyncioTestCase):
    """Runs what the scripts consist of."""

    async def test_events_reach_the_first_user_only(self):
        received = await demonstrate_five_whys_prevention.demonstrate()
        self.assertEqual([len(messages) for messages in received.values()], [1, 0])

    async def test_the_system_refuses_connections(self):
        refusal = await demonstrate_five_whys_prevention.connect_without_context()
        self.assertIn("a user context is needed", refusal)

    async def test_recorded_events_are_replayed_in_order(self):
        user_context, websocket = await listening_user("replay-user")
        lines = ['{"type": "agent_started", "user_id": "somebody-else"}\n', "\n", '{"type": "agent_completed", "answer": 1}\n']
        self.assertEqual(await replay(user_context.user_id, read_events(lines)), 2)
        self.assertEqual([message["type"] for message in websocket.received], ["agent_started", "agent_completed"])
        self.assertEqual({message["user_id"] for message in websocket.received}, {"replay-user"})

    def test_a_line_that_is_no_event_is_named(self):
        with self.assertRaisesRegex(ValueError, "line 2"):
            list(read_events(['{"type": "a"}', "[]"]))


if __name__ == "__main__":
    unittest.main()
