"""The read-only endpoints of the WebSocket routes."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.routes.websocket_ssot import MAX_MESSAGE_LENGTH, WebSocketSSOTRouter
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.events import CRITICAL_EVENTS


class WebSocketEndpoints(unittest.IsolatedAsyncioTestCase):
    """Asks each endpoint as monitoring does."""

    def setUp(self):
        self.router = WebSocketSSOTRouter()

    async def test_health_is_healthy_and_every_component_is_there(self):
        health = await self.router.routes()["/ws/health"]()
        self.assertEqual(health["status"], "healthy")
        self.assertEqual(len(health["components"]), 2)
        self.assertTrue(all(health["components"].values()))

    async def test_config_holds_the_limits_and_the_heartbeat(self):
        config = await self.router.routes()["/ws/config"]()
        self.assertEqual(config["limits"], {"max_message_length": MAX_MESSAGE_LENGTH, "max_connections_per_user": 3})
        self.assertEqual(config["heartbeat"], {"interval_seconds": 30, "timeout_seconds": 90})
        self.assertEqual(config["events"], list(CRITICAL_EVENTS))
        self.assertEqual(config["endpoints"], ["/ws/config", "/ws/health", "/ws/stats"])

    async def test_stats_count_sessions_users_and_events(self):
        before = await self.router.routes()["/ws/stats"]()
        sessions = [await self.router.connect(user_id, InMemoryWebSocket()) for user_id in ("stats-a", "stats-a", "stats-b")]
        await self.router.receive(sessions[0], "hello")
        stats = await self.router.get_websocket_stats()
        self.assertEqual((stats["sessions"], stats["users"]), (3, 2))
        self.assertEqual(stats["active_connections"] - before["active_connections"], 3)
        self.assertEqual(stats["events_delivered"] - before["events_delivered"], len(CRITICAL_EVENTS))
        for session in sessions:
            await self.router.disconnect(session)
        self.assertEqual((await self.router.get_websocket_stats())["sessions"], 0)


if __name__ == "__main__":
    unittest.main()
