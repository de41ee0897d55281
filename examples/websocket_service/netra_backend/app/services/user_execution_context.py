"""Who a piece of work is done for."""

import uuid
from dataclasses import dataclass, field

RESERVED_USER_IDS = frozenset({"system"})


def _new_id():
    return uuid.uuid4().hex


@dataclass(frozen=True)
class UserExecutionContext:
    """A user, the thread they write in and the run that answers them."""

    user_id: str
    thread_id: str = field(default_factory=_new_id)
    run_id: str = field(default_factory=_new_id)

    def __post_init__(self):
        if not self.user_id or self.user_id in RESERVED_USER_IDS:
            raise ValueError(f"not a user's id: {self.user_id!r}")

    def next_run(self):
        """Returns the context of the next run in the same thread."""
        return UserExecutionContext(user_id=self.user_id, thread_id=self.thread_id)
