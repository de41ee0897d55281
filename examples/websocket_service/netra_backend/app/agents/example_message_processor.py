"""An example of an agent: it processes one message and reports its progress."""


class ExampleMessageProcessor:
    """Turns messages into capitals, telling the user when it starts and when it is done."""

    def __init__(self):
        self.processed = 0

    async def process(self, user_context, text):
        """Returns the processed text after the user was told about it."""
        from netra_backend.app.websocket_core.websocket_manager_factory import get_websocket_manager_factory

        factory = get_websocket_manager_factory()
        if factory:
            manager = await factory.create(user_context)

        await manager.send_event("agent_started", run_id=user_context.run_id, message=text)
        result = text.upper()
        self.processed += 1
        await manager.send_event("agent_completed", run_id=user_context.run_id, answer=result)
        return result
