"""Measures the service as its users meet it, and prints what it found as JSON.

    python3 scripts/measure_service.py
    python3 scripts/measure_service.py --rounds 200

`p95_ms` is the time within which 95 of 100 users had their answer and their data, `error_percent` the share of messages that got none, `delivered_percent`
the share of events that arrived, `answered_percent` the share of conversations that went as they should.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from netra_backend.app.core.interfaces_data import DataInterface
from netra_backend.app.routes.websocket_ssot import WebSocketSSOTRouter
from netra_backend.app.websocket_core.connection import InMemoryWebSocket
from netra_backend.app.websocket_core.events import CRITICAL_EVENTS, event_types


async def measure(rounds):
    """Holds `rounds` conversations, one after the other."""
    router, data = WebSocketSSOTRouter(), DataInterface()
    times, errors, delivered, answered = [], 0, 0, 0
    for number in range(rounds):
        websocket = InMemoryWebSocket()
        session = await router.connect(f"measure-{number}", websocket)
        started = time.perf_counter()
        try:
            answer = await router.receive(session, f"What is {number} + 1?")
            await data.publish(session.user_context, [number, number + 1])
        except Exception:
            answer = None
        times.append((time.perf_counter() - started) * 1000)
        await router.disconnect(session)
        errors += answer is None
        delivered += sum(seen == wanted for seen, wanted in zip(event_types(websocket.received), CRITICAL_EVENTS))
        answered += answer is not None and answer.endswith(f"= {number + 1}")
    return {
        "rounds": rounds,
        "p95_ms": sorted(times)[int(rounds * 0.95)],
        "error_percent": 100 * errors / rounds,
        "delivered_percent": 100 * delivered / (rounds * len(CRITICAL_EVENTS)),
        "answered_percent": 100 * answered / rounds,
    }


def main(arguments=None):
    """Prints what was measured and returns the exit status."""
    parser = argparse.ArgumentParser(description="Measures the service as its users meet it.")
    parser.add_argument("--rounds", type=int, default=50, help="how many conversations are held")
    options = parser.parse_args(arguments)
    print(json.dumps(asyncio.run(measure(options.rounds)), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
