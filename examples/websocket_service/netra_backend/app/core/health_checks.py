"""Checks of the service's health, for monitoring."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HealthCheckResult:
    """What one check found."""

    component: str
    healthy: bool
    message: str
    details: dict = field(default_factory=dict)


class HealthChecker:
    """Runs the checks of all components."""

    async def check_all(self):
        """Returns the results of every check; a check that raises is unhealthy, never an error of the caller."""
        results = []
        for component, check in (("websocket", self.check_websocket), ("supervisor", self.check_supervisor)):
            started = time.perf_counter()
            try:
                healthy, message, details = await check()
            except Exception as error:
                healthy, message, details = False, f"{type(error).__name__}: {error}", {}
            details["seconds"] = time.perf_counter() - started
            results.append(HealthCheckResult(component, healthy, message, details))
        return results

    async def check_websocket(self):
        """Asks for the system's manager and its counts."""
        from netra_backend.app.websocket_core.websocket_manager_factory import (
            get_websocket_manager_factory,
            create_websocket_manager
        )

        factory = get_websocket_manager_factory()
        manager = await create_websocket_manager() if factory is not None else None

        if manager is None:
            return False, "no WebSocket manager", {}
        return True, "WebSocket manager answers", {"stats": manager.get_stats()}

    async def check_supervisor(self):
        """Creates a supervisor for a probe user and has it answer."""
        from netra_backend.app.core.supervisor_factory import SupervisorFactory
        from netra_backend.app.services.user_execution_context import UserExecutionContext

        supervisor = await SupervisorFactory().create(UserExecutionContext(user_id="health-probe"))
        answer = await supervisor.run("What is 6 * 7?")
        return answer.endswith("= 42"), f"supervisor answers {answer!r}", {}
