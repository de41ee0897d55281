"""Tells a user how far the generation of synthetic data has come."""

from netra_backend.app.websocket_core.websocket_manager_factory import WebSocketManagerFactory


class SyntheticDataProgressTracker:
    """Sends an event whenever another tenth of the records is done."""

    def __init__(self, user_id, total):
        if total < 1:
            raise ValueError("there is nothing to track")
        self.user_id = user_id
        self.total = total
        self.done = 0
        self._reported = 0

    async def advance(self, records=1):
        """Counts `records` as done and reports when a new tenth was reached."""
        self.done = min(self.total, self.done + records)
        tenths = self.done * 10 // self.total
        if tenths > self._reported:
            self._reported = tenths
            await self._report(tenths * 10)

    async def _report(self, percent):
        user_id = self.user_id
        factory = WebSocketManagerFactory()
        manager = await factory.create_for_user(user_id)
        await manager.send_event("synthetic_data_progress", done=self.done, total=self.total, percent=percent)
