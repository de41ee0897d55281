"""The service starts when everything is there, and says what is missing when not."""

import sys
import unittest
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.core.startup_validation import StartupValidator


class StartupValidation(unittest.TestCase):
    """Validates the service as it is, and one that lacks a module."""

    def test_the_service_can_start(self):
        validator = StartupValidator()
        self.assertTrue(validator.validate(), validator.problems)

    def test_a_missing_module_is_named(self):
        validator = StartupValidator(("netra_backend.app.no_such_module",))
        self.assertFalse(validator.validate())
        self.assertEqual(len(validator.problems), 1)
        self.assertIn("netra_backend.app.no_such_module", validator.problems[0])

    def test_a_missing_manager_is_named(self):
        packages = "netra_backend.app.websocket_core"
        hidden = {f"{packages}.websocket_manager": None, f"{packages}.websocket_manager_factory": None}
        validator = StartupValidator(())
        with patch.dict(sys.modules, hidden):
            self.assertFalse(validator.validate())
        self.assertIn("WebSocket managers", validator.problems[0])


if __name__ == "__main__":
    unittest.main()
