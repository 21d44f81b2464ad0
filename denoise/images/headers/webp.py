"""The chunks of a WebP."""

import struct

from denoise.errors import ImageError
from denoise.images.headers.pixels import check_pixels

MAX_CHUNKS = 100_000  # libwebp keeps a record of each frame
_FIRST = 12  # the place of the first chunk; its content begins 8 bytes on
_FIRST_BYTES = 18  # with what tells the sides
_SIDE = 0x3FFF  # 14 bits


def check_webp(content: bytes, max_pixels: int) -> int:
    """Refuse a canvas above the limit, and chunks without end.

    Returns:
        The pixels of the canvas: libwebp sets it up when the file is opened.
    """
    width, height = _sides(content)
    check_pixels(width, height, max_pixels)
    place = _FIRST
    for _ in range(MAX_CHUNKS):
        if place + 8 > len(content):
            return width * height
        (length,) = struct.unpack_from("<I", content, place + 4)
        place += 8 + length + length % 2
    raise ImageError("consists of far too many frames; save it anew as PNG.")


def _sides(content: bytes) -> tuple[int, int]:
    """Return width and height; 1 and 1 where Pillow will find no picture."""
    if len(content) < _FIRST + _FIRST_BYTES:
        return 1, 1
    kind = content[_FIRST : _FIRST + 4]
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if kind == b"VP8L":
        both = int.from_bytes(content[21:25], "little")
        return (both & _SIDE) + 1, (both >> 14 & _SIDE) + 1
    width, height = struct.unpack_from("<HH", content, 26)
    return width & _SIDE, height & _SIDE
