"""The single source of truth for WebSocket managers: one manager per user, found with `get_websocket_manager`."""

from netra_backend.app.websocket_core.connection import ConnectionClosed, ConnectionLimitReached

SYSTEM_USER_ID = "system"
MAX_CONNECTIONS_PER_USER = 3
HEARTBEAT_INTERVAL_SECONDS = 30

_managers = {}


class WebSocketManager:
    """Holds the connections of one user and sends events to them, and to nobody else."""

    def __init__(self, user_id):
        self.user_id = user_id
        self._connections = {}
        self._delivered = 0
        self._undelivered = 0

    @property
    def connection_count(self):
        """How many connections are open."""
        return len(self._connections)

    async def connect(self, websocket):
        """Adds a connection and returns its id."""
        if self.user_id == SYSTEM_USER_ID:
            raise PermissionError("the system manager takes no connections: a user context is needed")
        if len(self._connections) >= MAX_CONNECTIONS_PER_USER:
            raise ConnectionLimitReached(f"{self.user_id} has {len(self._connections)} connections")
        self._connections[websocket.connection_id] = websocket
        return websocket.connection_id

    async def disconnect(self, connection_id):
        """Closes and forgets a connection; one that is unknown is no error."""
        websocket = self._connections.pop(connection_id, None)
        if websocket is not None:
            await websocket.close()

    async def send_event(self, event_type, **data):
        """Sends an event to every connection of the user and returns how many received it."""
        message = {"type": event_type, "user_id": self.user_id, **data}
        delivered = 0
        for connection_id, websocket in list(self._connections.items()):
            try:
                await websocket.send_json(message)
                delivered += 1
            except ConnectionClosed:
                del self._connections[connection_id]
        if delivered:
            self._delivered += 1
        else:
            self._undelivered += 1
        return delivered

    def get_config(self):
        """Returns what clients need to know to stay connected."""
        return {
            "heartbeat_interval_seconds": HEARTBEAT_INTERVAL_SECONDS,
            "max_connections_per_user": MAX_CONNECTIONS_PER_USER,
        }

    def get_stats(self):
        """Returns counts: the user's own, or those of all users for the system's manager."""
        managers = list(_managers.values()) if self.user_id == SYSTEM_USER_ID else [self]
        return {
            "managers": len(managers),
            "active_connections": sum(manager.connection_count for manager in managers),
            "events_delivered": sum(manager._delivered for manager in managers),
            "events_undelivered": sum(manager._undelivered for manager in managers),
        }


async def get_websocket_manager(user_context=None):
    """Returns the manager of the user, or without a context the system's own, which only reports."""
    user_id = SYSTEM_USER_ID if user_context is None else user_context.user_id
    if user_id not in _managers:
        _managers[user_id] = WebSocketManager(user_id)
    return _managers[user_id]
