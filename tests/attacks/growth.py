"""Requests without end, by which the server must not grow."""

import random
from collections.abc import Callable

from attacks.bars import Bar
from attacks.outcomes import Tally, judge
from attacks.visitor import Memory, Visitor, mark

SOAK_MB, UNKNOWN_MB = 50, 20


def soak(tally: Tally, visitor: Visitor, memory: Memory, count: int) -> list[Bar]:
    """Send requests of all kinds, and see how much the server has grown at the end."""
    small = mark(11)[0]
    kinds: list[Callable[[], str]] = [
        lambda: visitor.finish("models", {}),
        lambda: visitor.send(small, "soak.png"),
        lambda: visitor.send(small[:-20], "cut.png"),
        lambda: judge(visitor.web.get("/?tab=lab")),
        lambda: judge(visitor.web.get("/gradio_api/info")),
    ]
    grown_mb = _repeat(tally, kinds, memory, count)
    return [Bar(f"growth by {count:,} requests", grown_mb, SOAK_MB, "MB")]


def call_unknown(tally: Tally, visitor: Visitor, memory: Memory, count: int) -> list[Bar]:
    """Call functions that there are not, each in a session of its own."""
    chance = random.Random(3)

    def call() -> str:
        session = f"unknown-{chance.random()}"
        called = {"data": [], "fn_index": chance.randrange(10**6, 10**9), "session_hash": session}
        return judge(visitor.web.post("/gradio_api/queue/join", json=called))

    grown_mb = _repeat(tally, [call], memory, count)
    return [Bar(f"growth by {count:,} unknown functions", grown_mb, UNKNOWN_MB, "MB")]


def _repeat(tally: Tally, kinds: list[Callable[[], str]], memory: Memory, count: int) -> float:
    """Do each in turn, and return by how many MB the server has grown since it was warm."""
    for number in range(count // 2):  # to be warm
        kinds[number % len(kinds)]()
    before = memory.server_mb()
    for number in range(count):
        tally.attempt(f"request {number}", kinds[number % len(kinds)])
    return memory.server_mb() - before
