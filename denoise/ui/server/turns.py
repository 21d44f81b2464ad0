"""Whose turn it is to compute: one at a time, not for ever, and not while the server stops."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from denoise.errors import CancelledError

RESTARTING = "The server is restarting; try again in a minute."

FoundT = TypeVar("FoundT")


class Turns:
    """The turns of one server; one visitor's work may take `max_work_s` seconds."""

    def __init__(self, max_work_s: float) -> None:
        self._max_work_s = max_work_s
        self._computing = threading.Lock()
        self._closing = threading.Event()  # nothing new is begun
        self._cancelling = threading.Event()  # nothing is finished

    @property
    def is_closing(self) -> bool:
        """Whether new work is refused."""
        return self._closing.is_set()

    def close(self, finish_s: float) -> None:
        """Refuse new work, let running work finish, and stop it if that takes longer."""
        self._closing.set()
        if self._computing.acquire(timeout=finish_s):
            self._computing.release()
        self._cancelling.set()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait until nobody else computes: one picture at a time, whoever asks.

        Raises:
            CancelledError: the server is about to stop.
        """
        with self._computing:
            if self.is_closing:
                raise CancelledError(RESTARTING)
            yield

    def share(self, work: Iterator[FoundT]) -> Iterator[FoundT]:
        """Yield what `work` finds; others may compute in between.

        Raises:
            CancelledError: the server is about to stop, or the work takes too long.
        """
        check = self.reason_to_stop()
        while True:
            check()
            with self.take():
                try:
                    found = next(work)
                except StopIteration:
                    return
            yield found

    def reason_to_stop(self) -> Callable[[], None]:
        """Return a function that raises CancelledError where work that begins now must stop."""
        deadline = time.monotonic() + self._max_work_s

        def check() -> None:
            if self._cancelling.is_set():
                raise CancelledError(RESTARTING)
            if time.monotonic() > deadline:
                raise CancelledError("This picture takes too long here; try a smaller one.")

        return check
