"""The boxes of an AVIF, HEIC or JPEG 2000 file, which lie in each other."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from denoise.errors import ImageError
from denoise.images.headers.pixels import check_pixels

MAX_BOXES = 20_000  # decoders keep a record of each
_INNER = {  # boxes that hold boxes, and the bytes before those
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"jp2h": 0,
}
_SIDES = b"ispe"  # of a picture, of its tiles, of its thumbnail
_DEEP = 0x40  # in a box av1C: more than 8 bits


class Box(NamedTuple):
    """A box, and where its content lies."""

    kind: bytes
    start: int
    end: int


def find_boxes(content: bytes) -> list[Box]:
    """Return the boxes of a file that tell of its pictures.

    Raises:
        ImageError: there is no end of them.
    """
    found: list[Box] = []
    waiting = [(0, len(content))]
    while waiting:
        for box in _boxes(content, *waiting.pop()):
            found.append(box)
            if len(found) > MAX_BOXES:
                raise ImageError("consists of far too many parts; save it anew as PNG.")
            if box.kind in _INNER:
                waiting.append((box.start + _INNER[box.kind], box.end))
    return found


def check_heif(content: bytes, max_pixels: int) -> int:
    """Refuse pictures and tiles above the limit, and boxes without end."""
    for box in find_boxes(content):
        if box.kind == _SIDES and box.end - box.start >= 12:
            width, height = struct.unpack_from(">II", content, box.start + 4)
            check_pixels(width, height, max_pixels)
    return 0


def has_deep_avif(content: bytes) -> bool:
    """Return whether an AVIF has more than 8 bits per channel."""
    boxes = (box for box in find_boxes(content) if box.kind == b"av1C")
    return any(content[box.start + 2] & _DEEP for box in boxes if box.end - box.start > 2)


def _boxes(content: bytes, place: int, end: int) -> Iterator[Box]:
    while place + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, place)
        head = 8
        if size == 1 and place + 16 <= end:  # it is longer
            head = 16
            (size,) = struct.unpack_from(">Q", content, place + 8)
        elif size == 0:  # up to the end
            size = end - place
        if size < head:  # damaged
            return
        yield Box(kind, place + head, min(place + size, end))
        place += size
