"""The WebSocket routes: chat, health, configuration and statistics.

A session joins one connection to one supervisor; all that a user sees of a run travels over their own connections.
"""

import logging
from dataclasses import dataclass

from netra_backend.app.agents.supervisor import Supervisor
from netra_backend.app.core.supervisor_factory import SupervisorFactory
from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.events import CRITICAL_EVENTS

logger = logging.getLogger(__name__)

MAX_MESSAGE_LENGTH = 4000


@dataclass(frozen=True)
class ChatSession:
    """One open connection of a user and the supervisor that answers on it."""

    user_context: UserExecutionContext
    connection_id: str
    supervisor: Supervisor


class WebSocketSSOTRouter:
    """Serves the WebSocket endpoint and what monitoring asks about it."""

    def __init__(self, supervisor_factory=None):
        self._supervisor_factory = supervisor_factory or SupervisorFactory()
        self._sessions = {}

    def routes(self):
        """Returns the handlers of the read-only endpoints by their path."""
        return {
            "/ws/health": self.websocket_health_check,
            "/ws/config": self.get_websocket_config,
            "/ws/stats": self.get_websocket_stats,
        }

    async def connect(self, user_id, websocket):
        """Opens a session for a user on a connection."""
        user_context = UserExecutionContext(user_id=user_id)
        supervisor = await self._supervisor_factory.create(user_context)
        connection_id = await supervisor.websocket_manager.connect(websocket)
        session = ChatSession(user_context, connection_id, supervisor)
        self._sessions[connection_id] = session
        logger.debug("user %s connected as %s", user_id, connection_id)
        return session

    async def receive(self, session, text):
        """Answers a message of the user; refuses one that is empty or too long with an `error` event."""
        if not text.strip() or len(text) > MAX_MESSAGE_LENGTH:
            await session.supervisor.websocket_manager.send_event("error", reason="empty or too long")
            return None
        return await session.supervisor.run(text)

    async def disconnect(self, session):
        """Closes a session and its connection."""
        self._sessions.pop(session.connection_id, None)
        await session.supervisor.websocket_manager.disconnect(session.connection_id)

    async def websocket_health_check(self):
        """Reports whether the parts that WebSockets need are there."""
        try:
            from netra_backend.app.websocket_core.websocket_manager_factory import get_websocket_manager_factory

            factory = get_websocket_manager_factory()
            health_status = {
                "components": {
                    "factory": factory is not None,
                }
            }

            health_status["components"]["supervisor_factory"] = self._supervisor_factory is not None
            health_status["status"] = "healthy" if all(health_status["components"].values()) else "degraded"
            health_status["sessions"] = len(self._sessions)
            return health_status

        except Exception as error:
            logger.exception("the health check failed")
            reason = f"{type(error).__name__}: {error}"
            return {
                "status": "unhealthy",
                "error": reason,
                "components": {},
                "sessions": len(self._sessions),
            }

    async def get_websocket_config(self):
        """Reports what a client needs to know before it connects.

        The length of a message is this route's own limit; the rest is what the managers say.
        """
        limits = {"max_message_length": MAX_MESSAGE_LENGTH}

        from netra_backend.app.websocket_core.websocket_manager_factory import get_websocket_manager_factory

        factory = get_websocket_manager_factory()
        config = factory.get_config()
        heartbeat = config["heartbeat_interval_seconds"]
        # A client that misses three beats is gone.
        timeout = 3 * heartbeat
        limits["max_connections_per_user"] = config["max_connections_per_user"]

        return {
            "limits": limits,
            "heartbeat": {
                "interval_seconds": heartbeat,
                "timeout_seconds": timeout,
            },
            "endpoints": sorted(self.routes()),
            "events": list(CRITICAL_EVENTS),
        }

    async def get_websocket_stats(self):
        """Reports how much the WebSockets of this process have to do.

        The counts are those of all users: nothing in them tells one user about another.
        """
        sessions = list(self._sessions.values())

        from netra_backend.app.websocket_core.websocket_manager_factory import get_websocket_manager_factory

        factory = get_websocket_manager_factory()
        stats = factory.get_stats()
        return {
            "sessions": len(sessions),
            "users": len({session.user_context.user_id for session in sessions}),
            "active_connections": stats["active_connections"],
            "events_delivered": stats["events_delivered"],
            "events_undelivered": stats["events_undelivered"],
        }
