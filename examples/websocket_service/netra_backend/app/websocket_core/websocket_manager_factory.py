"""Deprecated: use `get_websocket_manager` of `netra_backend.app.websocket_core.websocket_manager`.

The factory hands out the same managers as its replacement, so that code of both kinds can run side by side while callers
are migrated.
"""

import warnings

from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.websocket_manager import SYSTEM_USER_ID, WebSocketManager, get_websocket_manager

_factory = None


class WebSocketManagerFactory:
    """Deprecated: creates managers for users."""

    def __init__(self):
        _warn_deprecated("WebSocketManagerFactory")

    async def create(self, user_context=None):
        """Returns the manager of the user of `user_context`."""
        return await get_websocket_manager(user_context)

    async def create_for_user(self, user_id):
        """Returns the manager of the user with this id."""
        return await self.create(UserExecutionContext(user_id=user_id))

    def get_config(self):
        """Returns what clients need to know to stay connected."""
        return WebSocketManager(SYSTEM_USER_ID).get_config()

    def get_stats(self):
        """Returns counts over all users."""
        return WebSocketManager(SYSTEM_USER_ID).get_stats()


def get_websocket_manager_factory():
    """Deprecated: returns the one factory of the process."""
    global _factory
    _warn_deprecated("get_websocket_manager_factory")
    if _factory is None:
        _factory = WebSocketManagerFactory()
    return _factory


async def create_websocket_manager(user_context=None):
    """Deprecated: returns the manager of the user of `user_context`."""
    _warn_deprecated("create_websocket_manager")
    return await get_websocket_manager(user_context)


def _warn_deprecated(name):
    warnings.warn(f"{name} is deprecated, use get_websocket_manager", DeprecationWarning, stacklevel=3)
