"""Threads get their title once, and the user is told."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import netra_backend.app.websocket_core.websocket_manager_factory
from netra_backend.app.routes.utils.thread_title_generator import DEFAULT_TITLE, ThreadTitleGenerator, make_title
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket


class ThreadTitles(unittest.IsolatedAsyncioTestCase):
    """Makes titles, and sends them."""

    def test_titles_are_short_single_lines_without_a_greeting(self):
        for message, title in {
            "hello, what is\n a manager?": "What is a manager?",
            "hi": "Hi",
            "sum them up...": "Sum them up",
            " ... ": DEFAULT_TITLE,
            "word " * 20: "Word word word word word word word word word...",
            "x" * 60: "X" + "x" * 44 + "...",
        }.items():
            with self.subTest(message=message):
                self.assertEqual(make_title(message).text, title)

    async def test_the_user_is_told_once(self):
        user_context = UserExecutionContext(user_id="title-user")
        websocket = InMemoryWebSocket()
        manager = await netra_backend.app.websocket_core.websocket_manager_factory.create_websocket_manager(
            user_context,
        )
        await manager.connect(websocket)
        titles = ThreadTitleGenerator()
        self.assertEqual(titles.title_of(user_context.thread_id), DEFAULT_TITLE)
        for _ in range(2):
            await titles.generate(user_context, "plan my week")
        self.assertEqual(titles.title_of(user_context.thread_id), "Plan my week")
        self.assertEqual([message["title"] for message in websocket.received], ["Plan my week"])
        titles.forget(user_context.thread_id)
        self.assertEqual(titles.title_of(user_context.thread_id), DEFAULT_TITLE)


if __name__ == "__main__":
    unittest.main()
