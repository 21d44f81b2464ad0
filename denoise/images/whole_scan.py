"""Have Pillow notice that pixels of a JPEG are missing, or that something lies among them.

libjpeg ends a scan at the next marker, fills what is missing with gray, and warns; Pillow does not
ask for its warnings.
"""

import io
from collections.abc import Iterator
from typing import Any

from PIL import ImageChops, JpegImagePlugin

from denoise.errors import ImageError
from denoise.images.headers.jpeg import find_scans

_PIECE_BYTES = 65_536
_LAST_BYTES = 64  # a decoder that does not ask for them has lost its way
_READ_AHEAD = 8 * b"\xff\0"  # libjpeg fetches 8 bytes before it needs them; no code is all ones
_STRANGE = b"\x35\xca\x6b\x1d" * 16  # follows no whole scan's codes without being noticed
_END = b"\xff\xd9"


def load_whole(image: Any, content: bytes) -> None:
    """Load an opened JPEG, of whose scans nothing may be missing.

    Raises:
        ImageError: bytes of its only scan are left over, or bytes of several scans are missing.
        OSError: bytes are missing.
    """
    ends = find_scans(content)
    if len(ends) == 1 and content.startswith(_END, ends[0]):
        _load_scan(image, content, ends[0])
        return
    image.load()
    if ends and _differs(image, content, ends):
        raise ImageError("is cut short: parts of its pixels are missing.")


def _load_scan(image: Any, content: bytes, end: int) -> None:
    """Load without a marker behind the scan: libjpeg then waits for what is missing."""
    pieces = _pieces(content, end)
    image.load_read = lambda _: next(pieces, b"")
    image.load()
    if next(pieces, None) is not None:
        raise ImageError("is damaged: something lies among its pixels.")


def _pieces(content: bytes, end: int) -> Iterator[bytes]:
    last = max(0, end - _LAST_BYTES)
    for start in range(0, last, _PIECE_BYTES):
        yield content[start : min(start + _PIECE_BYTES, last)]
    yield content[last:end] + _READ_AHEAD


def _differs(image: Any, content: bytes, ends: list[int]) -> bool:
    """Return whether strange bytes behind the scans change the picture: a scan takes them in."""
    starts = [0, *ends]
    parts = [content[start:end] for start, end in zip(starts, ends, strict=False)]
    again = JpegImagePlugin.JpegImageFile(io.BytesIO(_STRANGE.join([*parts, content[ends[-1] :]])))
    return ImageChops.difference(image, again).getbbox() is not None
