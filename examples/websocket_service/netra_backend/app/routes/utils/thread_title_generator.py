"""Gives a thread a title, made of its first message, and tells the user.

A title is one line of at most `MAX_TITLE_LENGTH` characters. It is cut between words where that is possible, starts with a
capital, and keeps no punctuation at its end but a question mark.
"""

import re
from dataclasses import dataclass

MAX_TITLE_LENGTH = 48
DEFAULT_TITLE = "New thread"
ELLIPSIS = "..."

_GREETING = re.compile(r"^(?:hello|hi|hey|good (?:morning|evening))\b[\s,.!-]*", re.IGNORECASE)
_TRAILING_PUNCTUATION = " \t.,;:!-"


@dataclass(frozen=True)
class ThreadTitle:
    """A title and how it came about."""

    text: str
    shortened: bool


def make_title(first_message):
    """Returns the title of a thread that starts with `first_message`."""
    text = " ".join(first_message.split())
    text = _GREETING.sub("", text) or text
    text = text.rstrip(_TRAILING_PUNCTUATION)
    if not text:
        return ThreadTitle(DEFAULT_TITLE, shortened=False)

    text = text[0].upper() + text[1:]
    if len(text) <= MAX_TITLE_LENGTH:
        return ThreadTitle(text, shortened=False)
    return ThreadTitle(_cut(text), shortened=True)


def _cut(text):
    """Cuts a text that is too long, between words if the title keeps at least half its length that way."""
    room = MAX_TITLE_LENGTH - len(ELLIPSIS)
    cut = text.rfind(" ", 0, room + 1)
    if cut < room // 2:
        cut = room
    return text[:cut].rstrip(_TRAILING_PUNCTUATION) + ELLIPSIS


class ThreadTitleGenerator:
    """Keeps the titles of threads and sends each to its user once."""

    def __init__(self):
        self._titles = {}

    def title_of(self, thread_id):
        """Returns the title of a thread, or the default when it has none yet."""
        title = self._titles.get(thread_id)
        return DEFAULT_TITLE if title is None else title.text

    def forget(self, thread_id):
        """Drops the title of a thread that was deleted."""
        self._titles.pop(thread_id, None)

    async def generate(self, user_context, first_message):
        """Titles the thread of `user_context` unless it has a title, and returns the title.

        The user is told only when the title is new, so that a message that arrives twice renames nothing.
        """
        thread_id = user_context.thread_id
        if thread_id in self._titles:
            return self._titles[thread_id]

        title = make_title(first_message)
        self._titles[thread_id] = title
        await self._notify(user_context, title)
        return title

    async def _notify(self, user_context, title):
        """Sends the title to all connections of the user.

        A user without a connection sees the title when they next list their threads, so nothing is kept for later.
        """
        # Imported here: titles are also made by scripts that open no connection.
        from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager
        manager = await create_websocket_manager(user_context)
        await manager.send_event(
            "thread_renamed",
            thread_id=user_context.thread_id,
            title=title.text,
            shortened=title.shortened,
        )
