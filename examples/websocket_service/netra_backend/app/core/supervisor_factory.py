"""Creates the supervisor of a user."""

import logging

from netra_backend.app.agents.supervisor import Supervisor
from netra_backend.app.services.user_execution_context import UserExecutionContext

logger = logging.getLogger(__name__)


class SupervisorFactory:
    """Creates supervisors, each bound to one user's context and WebSocket manager."""

    def __init__(self):
        self.created = 0

    async def create(self, user_context):
        """Returns a new supervisor for the user of `user_context`."""
        if not isinstance(user_context, UserExecutionContext):
            raise TypeError("a supervisor needs the context of a user")

        from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager
        websocket_manager = await create_websocket_manager(user_context)

        self.created += 1
        logger.debug("created a supervisor for user %s", user_context.user_id)
        return Supervisor(user_context, websocket_manager)
