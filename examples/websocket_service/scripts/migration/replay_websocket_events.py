"""Replays recorded events to a user, as is done after moving threads between servers.

    python3 scripts/migration/replay_websocket_events.py USER < events.jsonl

Each line of the input is a JSON object with a `type`.
"""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import netra_backend.app.websocket_core.websocket_manager_factory as manager_factory
from netra_backend.app.services.user_execution_context import UserExecutionContext


def read_events(lines):
    """Yields the events of a recording, leaving out empty lines."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            event = json.loads(line)
            if not isinstance(event, dict) or "type" not in event:
                raise ValueError(f"line {number} is no event")
            yield event


async def replay(user_id, events):
    """Sends `events` to the user in order and returns how many there were."""
    manager = await manager_factory.create_websocket_manager(UserExecutionContext(user_id=user_id))
    count = 0
    for event in events:
        data = {key: value for key, value in event.items() if key not in ("type", "user_id")}
        await manager.send_event(event["type"], **data)
        count += 1
    return count


def main(arguments):
    """Replays standard input to the user named by the only argument."""
    if len(arguments) != 1:
        print("usage: replay_websocket_events.py USER < events.jsonl", file=sys.stderr)
        return 2
    count = asyncio.run(replay(arguments[0], read_events(sys.stdin)))
    print(f"replayed {count} events to {arguments[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
