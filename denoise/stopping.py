"""SIGTERM, which `kill` and containers send, stops the work as Ctrl-C does."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM has come."""


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Has SIGTERM raise `Terminated` inside, unless something else is to become of it."""
    is_main = threading.current_thread() is threading.main_thread()  # which gets the signals
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def exit_code(stop: KeyboardInterrupt) -> int:
    """Gives the code that shells know the signal by."""
    return 128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)


def _stop(*_: Any) -> None:
    raise Terminated
