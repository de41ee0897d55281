"""Demonstrates how isolating users prevents what a five-whys analysis found: events that reached the wrong user.

    python3 scripts/demonstrate_five_whys_prevention.py
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from netra_backend.app.services.user_execution_context import UserExecutionContext
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager

WHYS = (
    "Why did a user see the answer of another? Their events went to one manager.",
    "Why one manager? It was created without a user context.",
    "Why without a context? Nothing asked for one.",
    "Why not? The manager of the system took connections like any other.",
    "Why did it? Nobody had decided that it must not.",
)


async def manager_of(user_context):
    """Returns the manager that the service would use for `user_context`."""
    return await create_websocket_manager(user_context)


async def demonstrate():
    """Returns the messages that each of two users received after an event was sent to the first."""
    received = {}
    managers = []
    for user_id in ("five-whys-a", "five-whys-b"):
        websocket = InMemoryWebSocket()
        manager = await manager_of(UserExecutionContext(user_id=user_id))
        connection_id = await manager.connect(websocket)
        managers.append((manager, connection_id))
        received[user_id] = websocket.received
    await managers[0][0].send_event("agent_completed", answer="for the first user only")
    for manager, connection_id in managers:
        await manager.disconnect(connection_id)
    return received


async def connect_without_context():
    """Returns what the system's manager says to a connection."""
    manager = await manager_of(None)
    try:
        await manager.connect(InMemoryWebSocket())
    except PermissionError as error:
        return str(error)
    return None


def main():
    """Prints the analysis and the proof that it cannot happen again; the exit status tells whether it holds."""
    for number, why in enumerate(WHYS, start=1):
        print(f"{number}. {why}")
    received = asyncio.run(demonstrate())
    refusal = asyncio.run(connect_without_context())
    for user_id, messages in received.items():
        print(f"{user_id} received {len(messages)} events")
    print(f"a connection without a context: {refusal or 'accepted'}")
    prevented = [len(messages) for messages in received.values()] == [1, 0] and refusal is not None
    print("prevented" if prevented else "NOT prevented")
    return 0 if prevented else 1


if __name__ == "__main__":
    sys.exit(main())
