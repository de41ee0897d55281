"""The events that a chat sends to its user."""

CRITICAL_EVENTS = (
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
    "agent_completed",
)


def event_types(messages):
    """Returns the types of `messages`, in order."""
    return [message["type"] for message in messages]
