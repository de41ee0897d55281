"""Supervisors are created for a user, and answer."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from netra_backend.app.core.supervisor_factory import SupervisorFactory
from netra_backend.app.services.user_execution_context import UserExecutionContext


class SupervisorCreation(unittest.IsolatedAsyncioTestCase):
    """Creates supervisors and has them answer, without listening to their events."""

    async def test_a_supervisor_belongs_to_its_user_and_answers(self):
        user_context = UserExecutionContext(user_id="supervisor-user")
        supervisor = await SupervisorFactory().create(user_context)
        self.assertIs(supervisor.user_context, user_context)
        self.assertEqual(await supervisor.run("7 - 9"), "7 - 9 = -2")
        self.assertEqual(supervisor.user_context.thread_id, user_context.thread_id)

    async def test_there_is_none_without_a_user(self):
        factory = SupervisorFactory()
        for nobody in (None, "supervisor-user"):
            with self.assertRaises(TypeError):
                await factory.create(nobody)
        self.assertEqual(factory.created, 0)


if __name__ == "__main__":
    unittest.main()
