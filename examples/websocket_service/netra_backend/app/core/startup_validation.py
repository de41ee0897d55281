"""Checks, before the service takes requests, that everything it needs is there."""

import importlib

REQUIRED_MODULES = (
    "netra_backend.app.agents.supervisor",
    "netra_backend.app.core.health_checks",
    "netra_backend.app.routes.websocket_ssot",
)


class StartupValidator:
    """Collects what would keep the service from working."""

    def __init__(self, required_modules=REQUIRED_MODULES):
        self.required_modules = required_modules
        self.problems = []

    def validate(self):
        """Returns true when the service can start; `problems` says why it cannot."""
        self.problems = []
        self._validate_modules()
        self._validate_websocket()
        return not self.problems

    def _validate_modules(self):
        for name in self.required_modules:
            try:
                importlib.import_module(name)
            except ImportError as error:
                self.problems.append(f"module {name}: {error}")

    def _validate_websocket(self):
        try:
            from netra_backend.app.websocket_core.websocket_manager_factory import get_websocket_manager_factory  # noqa: F401
        except ImportError as error:
            self.problems.append(f"WebSocket managers: {error}")
