"""How parts of the application hand data to users."""

from dataclasses import dataclass

MAX_ROWS_PER_EVENT = 100


@dataclass(frozen=True)
class Published:
    """What became of a publication: how many events were sent and how many connections received all of them."""

    events: int
    receivers: int


class DataInterface:
    """Publishes rows to a user in events of bounded size."""

    def __init__(self, max_rows=MAX_ROWS_PER_EVENT):
        if max_rows < 1:
            raise ValueError("an event holds at least one row")
        self.max_rows = max_rows

    async def publish(self, user_context, rows):
        """Sends `rows` to the user of `user_context` and returns what became of them."""
        from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager
        manager = await create_websocket_manager(user_context)

        receivers = []
        for part in self._parts(rows):
            receivers.append(await manager.send_event("data_ready", thread_id=user_context.thread_id, rows=part))
        return Published(events=len(receivers), receivers=min(receivers, default=0))

    def _parts(self, rows):
        for start in range(0, len(rows), self.max_rows):
            yield rows[start:start + self.max_rows]
