"""One training at a time on this server."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from denoise.errors import SettingError

MAX_MINUTES = 5


class Classroom:
    """Lets one training run at a time, and stops it when its visitor asks."""

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self._visitor: str | None = None
        self._stop = threading.Event()

    @contextmanager
    def seat(self, visitor: str) -> Iterator[Callable[[], bool]]:
        """Keep others out; yield a function that returns whether the training must end.

        Raises:
            SettingError: somebody else is training.
        """
        if not self._busy.acquire(blocking=False):
            raise SettingError(
                f"Somebody else is training here now, for at most {MAX_MINUTES} minutes; try again "
                "later."
            )
        try:
            self._visitor = visitor
            self._stop.clear()
            until = time.monotonic() + 60 * MAX_MINUTES
            yield lambda: self._stop.is_set() or time.monotonic() > until
        finally:
            self._visitor = None
            self._busy.release()

    def stop(self, visitor: str) -> None:
        """End the training at its next look, if it is that visitor's."""
        if self._visitor == visitor:
            self._stop.set()
