"""The memory that pictures take while they are worked on: foretold, and shared out."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Measured on 30 November 2026, PNG in and out, RGB and RGBA, 8 and 16 bits, 4 to 8 Mpixel: 0.4 to
# 0.6 GB for a network's tiles, and at most 80 bytes for each pixel, most of them in adding noise.
PIXEL_BYTES = 80
BASE_BYTES = 1_200_000_000  # all networks of the zoo, and one tile at work
LEAST_PIXELS = 1_000_000  # that are taken on any machine
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")  # version 2, as containers have it


def available_bytes() -> int | None:
    """Return the memory that this process may still take; None: the system does not say."""
    found: list[int] = []
    with suppress(OSError, ValueError, StopIteration):
        lines = MEMINFO.read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    with suppress(OSError, ValueError):  # "max": no limit
        limit, used = (int((CGROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
        found.append(limit - used)
    return min(found) if found else None


def most_pixels(memory: int | None) -> int | None:
    """Return the pixels of the largest picture for which some bytes suffice; None: any number."""
    return None if memory is None else max(LEAST_PIXELS, (memory - BASE_BYTES) // PIXEL_BYTES)


class Memory:
    """The memory of one server, of which each picture gets what it needs; or its turn comes later.

    Args:
        size: in bytes; None: as much as is asked for.
    """

    def __init__(self, size: int | None) -> None:
        self._most = most_pixels(size)
        self._held = 0  # pixels
        self._freed = threading.Condition()

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        """Wait until there is memory for a picture, and keep it; one alone always has it."""
        with self._freed:
            self._freed.wait_for(
                lambda: not self._held or self._most is None or self._held + pixels <= self._most
            )
            self._held += pixels
        try:
            yield
        finally:
            with self._freed:
                self._held -= pixels
                self._freed.notify_all()
