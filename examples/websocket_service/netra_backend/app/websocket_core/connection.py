"""A WebSocket that lives in memory: what is sent to it can be read back."""

import itertools
import json

_numbers = itertools.count(1)


class ConnectionClosed(Exception):
    """Something was sent to a connection that is closed."""


class ConnectionLimitReached(Exception):
    """A user tried to open more connections than one user may have."""


class InMemoryWebSocket:
    """One end of a connection; `received` holds the messages that arrived, oldest first."""

    def __init__(self):
        self.connection_id = f"ws-{next(_numbers)}"
        self.received = []
        self.closed = False

    async def send_json(self, message):
        """Delivers a message, encoded and decoded as a real wire would do."""
        if self.closed:
            raise ConnectionClosed(self.connection_id)
        self.received.append(json.loads(json.dumps(message)))

    async def close(self):
        """Closes the connection; later messages are refused."""
        self.closed = True
