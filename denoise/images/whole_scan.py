"""Have Pillow notice that a JPEG's pixels are missing, or that something lies among them.

libjpeg ends a scan at the next marker, fills what is missing with gray, and warns; Pillow does not
ask for its warnings. Without a marker behind the scan libjpeg waits for more instead.
"""

from collections.abc import Iterator
from typing import Any

from denoise.errors import ImageError
from denoise.images.headers.jpeg import find_only_scan

_PIECE_BYTES = 65_536
_LAST_BYTES = 64  # a decoder that does not ask for them has lost its way
_READ_AHEAD = 8 * b"\xff\0"  # libjpeg fetches 8 bytes before it needs them; no code is all ones


def load_whole(image: Any, content: bytes) -> None:
    """Load an opened JPEG; where it has one scan only, every byte of it must be used.

    Raises:
        ImageError: bytes are left over.
        OSError: bytes are missing.
    """
    end = find_only_scan(content)
    pieces = iter(()) if end is None else _pieces(content, end)
    if end is not None:
        image.load_read = lambda _: next(pieces, b"")
    image.load()
    if next(pieces, None) is not None:
        raise ImageError("is damaged: something lies among its pixels.")


def _pieces(content: bytes, end: int) -> Iterator[bytes]:
    last = max(0, end - _LAST_BYTES)
    for start in range(0, last, _PIECE_BYTES):
        yield content[start : min(start + _PIECE_BYTES, last)]
    yield content[last:end] + _READ_AHEAD
