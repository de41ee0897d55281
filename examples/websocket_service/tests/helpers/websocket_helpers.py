"""Helps tests to listen as a user does."""

import netra_backend.app.websocket_core.websocket_manager_factory as manager_factory
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket


async def listening_user(user_id):
    """Returns the context of a user and a connection on which everything sent to them arrives."""
    user_context = UserExecutionContext(user_id=user_id)
    websocket = InMemoryWebSocket()
    manager = await manager_factory.create_websocket_manager(user_context)
    await manager.connect(websocket)
    return user_context, websocket
