"""Checks that the service does what its users pay for.

    python3 scripts/business_health_check.py
    python3 scripts/business_health_check.py --comprehensive

The plain check asks whether the parts are there. `--comprehensive` also holds a conversation, with two users at once, and
looks at every event that reaches them. The exit status is 0 when there is neither a failure nor a warning, else 1.
"""

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from netra_backend.app.core.health_checks import HealthChecker
from netra_backend.app.core.startup_validation import StartupValidator
from netra_backend.app.routes.websocket_ssot import WebSocketSSOTRouter
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.events import CRITICAL_EVENTS, event_types


class BusinessHealthChecker:
    """Runs the checks and collects what they find."""

    def __init__(self, router=None):
        self.router = router or WebSocketSSOTRouter()
        self.passed = []
        self.warnings = []
        self.failures = []

    @property
    def healthy(self):
        """True when nothing was found."""
        return not self.warnings and not self.failures

    async def run(self, comprehensive=False):
        """Runs the checks in order; one that raises is a failure and keeps no other from running."""
        checks = [self.check_startup, self.check_components, self.check_websocket_manager]
        if comprehensive:
            checks += [self.check_endpoints, self.check_chat, self.check_isolation]
        for check in checks:
            try:
                await check()
            except Exception as error:
                self.failures.append(f"{check.__name__}: {type(error).__name__}: {error}")
        return self.healthy

    async def check_startup(self):
        """The service can start."""
        validator = StartupValidator()
        if validator.validate():
            self.passed.append("start-up")
        else:
            self.failures += validator.problems

    async def check_components(self):
        """Every component's own health check passes."""
        for result in await HealthChecker().check_all():
            if result.healthy:
                self.passed.append(f"component {result.component}")
            else:
                self.failures.append(f"component {result.component}: {result.message}")

    async def check_websocket_manager(self):
        """Managers can be had; that they cannot is a warning, as users who are connected keep theirs."""
        before = len(self.warnings)

        from netra_backend.app.websocket_core.websocket_manager_factory import get_websocket_manager_factory

        factory = get_websocket_manager_factory()
        if not factory:
            self.warnings.append("WebSocket factory not available")

        if len(self.warnings) == before:
            self.passed.append("WebSocket managers")

    async def check_endpoints(self):
        """The endpoints that monitoring asks answer, and the service calls itself healthy."""
        answers = {}
        for path, handler in self.router.routes().items():
            answers[path] = await handler()
        status = answers["/ws/health"]["status"]
        if status == "healthy":
            self.passed.append(f"endpoints {', '.join(sorted(answers))}")
        else:
            self.failures.append(f"/ws/health says {status}")

    async def check_chat(self):
        """A question gets its answer, and all critical events arrive, in order."""
        websocket = InMemoryWebSocket()
        session = await self.router.connect("business-health", websocket)
        try:
            answer = await self.router.receive(session, "What is 2 + 3?")
        finally:
            await self.router.disconnect(session)
        seen = event_types(websocket.received)
        if seen != list(CRITICAL_EVENTS):
            self.failures.append(f"chat: events were {seen}")
        elif not answer.endswith("= 5"):
            self.failures.append(f"chat: the answer was {answer!r}")
        else:
            self.passed.append("chat")

    async def check_isolation(self):
        """Two users who write at once each see their own run only."""
        websockets = {user_id: InMemoryWebSocket() for user_id in ("business-health-a", "business-health-b")}
        sessions = [await self.router.connect(user_id, websocket) for user_id, websocket in websockets.items()]
        try:
            await asyncio.gather(*(self.router.receive(session, "hello") for session in sessions))
        finally:
            for session in sessions:
                await self.router.disconnect(session)
        for user_id, websocket in websockets.items():
            receivers = sorted({message["user_id"] for message in websocket.received})
            if receivers != [user_id] or len(websocket.received) != len(CRITICAL_EVENTS):
                self.failures.append(f"isolation: {user_id} got {len(websocket.received)} events, meant for {receivers}")
                return
        self.passed.append("isolation of users")


def main(arguments=None):
    """Runs the checks, prints what they found and returns the exit status."""
    parser = argparse.ArgumentParser(description="Checks that the service does what its users pay for.")
    parser.add_argument("--comprehensive", action="store_true", help="also chat, as two users at once")
    options = parser.parse_args(arguments)

    checker = BusinessHealthChecker()
    asyncio.run(checker.run(options.comprehensive))
    for label, lines in (("ok", checker.passed), ("warning", checker.warnings), ("FAILED", checker.failures)):
        for line in lines:
            print(f"{label}: {line}")
    print("healthy" if checker.healthy else "not healthy")
    return 0 if checker.healthy else 1


if __name__ == "__main__":
    sys.exit(main())
