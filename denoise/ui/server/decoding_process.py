"""What runs in a process that decodes visitors' files: within limits, one file after another.

It imports what decoding needs and nothing else, so that it is small and soon there.
"""

import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from denoise.errors import ImageError
from denoise.images.reading import read_picture

PIXEL_BYTES = 32  # of a pixel in all buffers; 16 bits in four channels take 24
SECOND_PIXELS = 10_000_000  # for which there is one more second
PIECE_BYTES = 1 << 20  # of one message
STATM_DATA = 5  # the field of /proc/self/statm that has the pages that RLIMIT_DATA limits


class Order(NamedTuple):
    """A file to decode, and within which limits."""

    file: str
    max_pixels: int
    max_bytes: int
    seconds: int  # of computing, and some more for its pixels
    spare_bytes: int  # of memory beyond the file and the picture


class Refusal(NamedTuple):
    """Why a file is not decoded."""

    sentence: str
    is_for_memory: bool


class Parcel(NamedTuple):
    """A pickled picture whose arrays follow in pieces."""

    pickled: bytes
    sizes: tuple[int, ...]  # of the arrays in bytes


def decode_orders(orders: Connection) -> None:
    """Decode what is ordered until nobody orders any more, and answer each time."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the server ends its processes itself
        signal.signal(number, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            _answer(orders.recv(), orders)


def _answer(order: Order, answers: Connection) -> None:
    allow = _limit(order)
    arrays: list[pickle.PickleBuffer] = []
    try:
        picture = read_picture(
            order.file, max_pixels=order.max_pixels, max_bytes=order.max_bytes, on_size=allow
        )
        pickled = pickle.dumps(picture, 5, buffer_callback=arrays.append)
    except ImageError as error:
        answers.send(Refusal(str(error), isinstance(error.__cause__, MemoryError)))
        return
    views = [array.raw() for array in arrays]
    answers.send(Parcel(pickled, tuple(view.nbytes for view in views)))
    for view in views:
        for start in range(0, view.nbytes, PIECE_BYTES):
            answers.send_bytes(view[start : start + PIECE_BYTES])


def _limit(order: Order) -> Callable[[int], None]:
    """Limit memory and time to what a file needs, and return what allows that of its pixels, too.

    The limit of time also ends a process whose server is gone.
    """
    used, in_use = os.times(), _data_bytes()
    spent = int(used.user + used.system) + 1
    with suppress(OSError):
        in_use += Path(order.file).stat().st_size

    def allow(pixels: int) -> None:
        _set_limit("RLIMIT_DATA", in_use + order.spare_bytes + pixels * PIXEL_BYTES)
        _set_limit("RLIMIT_CPU", spent + order.seconds + pixels // SECOND_PIXELS)

    allow(0)
    return allow


def _set_limit(name: str, value: int) -> None:
    """Set a limit of the process, where the system knows it."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        kind = getattr(resource, name)
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


def _data_bytes() -> int:
    """Return how much memory the process has of its own; 0 where the system does not tell."""
    with suppress(OSError):
        pages = Path("/proc/self/statm").read_text().split()[STATM_DATA]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0
