"""Mission critical: the five events of a run reach the user they belong to, in order, and nobody else."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from netra_backend.app.core.supervisor_factory import SupervisorFactory
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.events import CRITICAL_EVENTS, event_types
from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager


class WebSocketAgentEvents(unittest.IsolatedAsyncioTestCase):
    """Connects users to their managers and listens while supervisors answer."""

    async def connect(self, user_id):
        """Returns the context of a user and a connection that listens for them."""
        user_context = UserExecutionContext(user_id=user_id)
        websocket = InMemoryWebSocket()
        manager = await create_websocket_manager(user_context)
        connection_id = await manager.connect(websocket)
        self.addAsyncCleanup(manager.disconnect, connection_id)
        return user_context, websocket

    async def test_all_five_events_arrive_in_order(self):
        user_context, websocket = await self.connect("events-order")
        supervisor = await SupervisorFactory().create(user_context)
        await supervisor.run("What is 10 / 4?")
        self.assertEqual(event_types(websocket.received), list(CRITICAL_EVENTS))

    async def test_the_last_event_holds_the_answer_that_the_run_returns(self):
        user_context, websocket = await self.connect("events-answer")
        supervisor = await SupervisorFactory().create(user_context)
        answer = await supervisor.run("What is 2 + 3 * 4?")
        self.assertTrue(answer.endswith("= 14"), answer)
        self.assertEqual(websocket.received[-1]["answer"], answer)

    async def test_events_of_one_run_share_their_run_and_two_runs_do_not(self):
        user_context, websocket = await self.connect("events-runs")
        supervisor = await SupervisorFactory().create(user_context)
        await supervisor.run("one")
        await supervisor.run("two")
        runs = [message["run_id"] for message in websocket.received]
        self.assertEqual(len(set(runs[:5])), 1)
        self.assertEqual(len(set(runs[5:])), 1)
        self.assertNotEqual(runs[0], runs[5])

    async def test_a_tool_that_fails_still_ends_the_run(self):
        user_context, websocket = await self.connect("events-failure")
        supervisor = await SupervisorFactory().create(user_context)
        answer = await supervisor.run("What is 1 / 0?")
        self.assertIn("division by zero", answer)
        self.assertEqual(event_types(websocket.received), list(CRITICAL_EVENTS))

    async def test_events_reach_every_connection_of_the_user_and_none_of_another(self):
        user_context, first = await self.connect("events-one")
        _, second = await self.connect("events-one")
        _, stranger = await self.connect("events-other")
        supervisor = await SupervisorFactory().create(user_context)
        await supervisor.run("hello")
        self.assertEqual(event_types(first.received), list(CRITICAL_EVENTS))
        self.assertEqual(first.received, second.received)
        self.assertEqual(stranger.received, [])


if __name__ == "__main__":
    unittest.main()
