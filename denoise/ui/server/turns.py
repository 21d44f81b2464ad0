"""Whose turn it is to compute: one at a time, tile by tile, and not while the server stops."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from denoise.errors import CancelledError

RESTARTING = "The server is restarting; try again in a minute."

FoundT = TypeVar("FoundT")


class Turns:
    """The turns of one server; one visitor's work may take `max_work_s` seconds."""

    def __init__(self, max_work_s: float) -> None:
        self.max_work_s = max_work_s
        self._turn = threading.Condition()
        self._waiting: deque[object] = deque()  # for the turn, in the order in which they came
        self._is_taken = False
        self._closing = threading.Event()  # nothing new is begun
        self._cancelling = threading.Event()  # nothing is finished

    @property
    def is_closing(self) -> bool:
        """Whether new work is refused."""
        return self._closing.is_set()

    @property
    def is_cancelling(self) -> bool:
        """Whether running work is to stop."""
        return self._cancelling.is_set()

    def close(self, finish_s: float) -> None:
        """Refuse new work, let running work finish, and stop it if that takes longer."""
        self._closing.set()
        with self._turn:
            self._turn.wait_for(lambda: not self._is_taken, finish_s)
        self._cancelling.set()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait until nobody else computes; first come, first served.

        Raises:
            CancelledError: the server is about to stop.
        """
        self._acquire()
        try:
            if self.is_closing:
                raise CancelledError(RESTARTING)
            yield
        finally:
            self._release()

    def pass_on(self) -> None:
        """Let those who wait compute, and go on after them; called by whoever has the turn."""
        if self._waiting:
            self._release()
            self._acquire()

    def _acquire(self) -> None:
        ticket = object()
        with self._turn:
            self._waiting.append(ticket)
            self._turn.wait_for(lambda: not self._is_taken and self._waiting[0] is ticket)
            self._waiting.popleft()
            self._is_taken = True

    def _release(self) -> None:
        with self._turn:
            self._is_taken = False
            self._turn.notify_all()

    def begin(self) -> "Job":
        """Return a job that has not had a turn yet."""
        return Job(self)


class Job:
    """One visitor's work, whose time runs while it has the turn: waiting is no work."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._worked_s = 0.0  # in earlier turns
        self._since: float | None = None  # this turn began

    @contextmanager
    def take_turn(self) -> Iterator[None]:
        """Do what `Turns.take` does, and count the time."""
        with self._turns.take():
            self._since = time.monotonic()
            try:
                yield
            finally:
                self._worked_s, self._since = self._seconds(), None

    def pass_turn(self) -> None:
        """Let others compute, if any wait, before going on; their time does not count."""
        self._worked_s, self._since = self._seconds(), None
        self._turns.pass_on()
        self._since = time.monotonic()

    def share(self, work: Iterator[FoundT]) -> Iterator[FoundT]:
        """Yield what `work` finds; others may compute in between.

        Raises:
            CancelledError: the server is about to stop, or the work takes too long.
        """
        while True:
            self.check()
            with self.take_turn():
                try:
                    found = next(work)
                except StopIteration:
                    return
            yield found

    def check(self) -> None:
        """Raise CancelledError where the work must stop."""
        if self._turns.is_cancelling:
            raise CancelledError(RESTARTING)
        if self._seconds() > self._turns.max_work_s:
            raise CancelledError("This picture takes too long here; try a smaller one.")

    def _seconds(self) -> float:
        since = self._since
        return self._worked_s + (0.0 if since is None else time.monotonic() - since)
