"""The golden path: a user connects, asks, is answered while they watch, and leaves."""

import asyncio
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.core.startup_validation import StartupValidator
from netra_backend.app.routes.utils.thread_title_generator import ThreadTitleGenerator
from netra_backend.app.routes.websocket_ssot import WebSocketSSOTRouter
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.events import CRITICAL_EVENTS, event_types


class CompleteUserFlow(unittest.IsolatedAsyncioTestCase):
    """Goes the way of a user, through the routes only."""

    def setUp(self):
        self.router = WebSocketSSOTRouter()

    async def connect(self, user_id):
        """Opens a session that is closed at the end of the test."""
        websocket = InMemoryWebSocket()
        session = await self.router.connect(user_id, websocket)
        self.addAsyncCleanup(self.router.disconnect, session)
        return session, websocket

    async def test_a_user_is_answered_and_sees_every_step(self):
        self.assertTrue(StartupValidator().validate())
        session, websocket = await self.connect("flow-user")

        answer = await self.router.receive(session, "What is 12 * 12?")
        self.assertEqual(answer, "12 * 12 = 144")
        self.assertEqual(event_types(websocket.received), list(CRITICAL_EVENTS))
        self.assertEqual(websocket.received[-1]["answer"], answer)

        title = await ThreadTitleGenerator().generate(session.user_context, "What is 12 * 12?")
        self.assertEqual(websocket.received[-1]["type"], "thread_renamed")
        self.assertEqual(websocket.received[-1]["title"], title.text)

    async def test_a_conversation_goes_on_over_several_messages(self):
        session, websocket = await self.connect("flow-conversation")
        answers = [await self.router.receive(session, text) for text in ("one two", "1 + 1", "three")]
        self.assertEqual(answers, ["you wrote 2 words", "1 + 1 = 2", "you wrote 1 words"])
        self.assertEqual(event_types(websocket.received), list(CRITICAL_EVENTS) * 3)

    async def test_users_who_write_at_once_see_their_own_run_only(self):
        users = {user_id: await self.connect(user_id) for user_id in ("flow-a", "flow-b", "flow-c")}
        await asyncio.gather(*(self.router.receive(session, user_id) for user_id, (session, _) in users.items()))
        for user_id, (_, websocket) in users.items():
            self.assertEqual({message["user_id"] for message in websocket.received}, {user_id})
            self.assertEqual(event_types(websocket.received), list(CRITICAL_EVENTS))
            self.assertEqual(websocket.received[0]["message"], user_id)

    async def test_an_empty_message_is_refused_and_the_session_goes_on(self):
        session, websocket = await self.connect("flow-refused")
        self.assertIsNone(await self.router.receive(session, "   "))
        self.assertEqual(event_types(websocket.received), ["error"])
        self.assertEqual(await self.router.receive(session, "hello"), "you wrote 1 words")

    async def test_nothing_arrives_after_the_user_has_left(self):
        websocket = InMemoryWebSocket()
        session = await self.router.connect("flow-leaver", websocket)
        await self.router.disconnect(session)
        await self.router.receive(session, "hello?")
        self.assertTrue(websocket.closed)
        self.assertEqual(websocket.received, [])

    async def test_monitoring_sees_the_user_come_and_go(self):
        before = await self.router.get_websocket_stats()
        session, _ = await self.connect("flow-watched")
        await self.router.receive(session, "hello")
        during = await self.router.get_websocket_stats()
        self.assertEqual(during["active_connections"], before["active_connections"] + 1)
        self.assertEqual(during["events_delivered"], before["events_delivered"] + len(CRITICAL_EVENTS))
        self.assertEqual((await self.router.websocket_health_check())["status"], "healthy")


if __name__ == "__main__":
    unittest.main()
