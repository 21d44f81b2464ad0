"""Work in a thread of its own, watched step by step and stopped by closing the watch."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from denoise.errors import CancelledError

OutcomeT = TypeVar("OutcomeT")

POLL_S = 0.2  # how soon a reason to stop is seen


@dataclass(frozen=True)
class Step:
    """How far a picture is."""

    done: int
    total: int
    unit: str = "tiles"  # or bytes, while weights come from the Hub


class OnStep(Protocol):
    """Reports how far a picture is."""

    def __call__(self, done: int, total: int, unit: str = "tiles") -> None:
        """Report it."""


class _Failure(NamedTuple):
    error: BaseException


def watch(
    work: Callable[[OnStep], OutcomeT], check: Callable[[], None]
) -> Iterator[Step | OutcomeT]:
    """Yield a Step whenever `work` reports one by the function that it gets, and its outcome last.

    When the generator is closed or `check` raises, that function raises CancelledError, which
    stops the work at its next step.

    Args:
        work: runs in a thread of its own.
        check: raises where there is a reason to stop; what it raises is raised here at once.
    """
    messages: queue.SimpleQueue[Step | OutcomeT | _Failure] = queue.SimpleQueue()
    closed = threading.Event()

    def report_step(done: int, total: int, unit: str = "tiles") -> None:
        if closed.is_set():
            raise CancelledError("The work was cancelled.")
        messages.put(Step(done, total, unit))

    def run() -> None:
        try:
            messages.put(work(report_step))
        except BaseException as error:
            messages.put(_Failure(error))

    threading.Thread(target=run, daemon=True).start()
    try:
        while isinstance(message := _next_message(messages, check), Step):
            yield message
    finally:
        closed.set()
    if isinstance(message, _Failure):
        raise message.error
    yield message


def _next_message(
    messages: "queue.SimpleQueue[Step | OutcomeT | _Failure]", check: Callable[[], None]
) -> Step | OutcomeT | _Failure:
    while True:
        check()
        with contextlib.suppress(queue.Empty):
            return messages.get(timeout=POLL_S)
