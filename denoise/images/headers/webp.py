"""The chunks of a WebP."""

import struct

from denoise.errors import ImageError
from denoise.images.headers.pixels import check_pixels

MAX_CHUNKS = 100_000  # libwebp keeps a record of each frame
_FIRST = 12  # the place of the first chunk
_CANVAS_BYTES = 18  # from there to the end of the fields of a VP8X


def check_webp(content: bytes, max_pixels: int) -> None:
    """Refuse a canvas above the limit, which libwebp would set up, and chunks without end."""
    if content[_FIRST : _FIRST + 4] == b"VP8X" and len(content) >= _FIRST + _CANVAS_BYTES:
        width, height = (
            1 + int.from_bytes(content[place : place + 3], "little") for place in (24, 27)
        )
        check_pixels(width, height, max_pixels)
    place = _FIRST
    for _ in range(MAX_CHUNKS):
        if place + 8 > len(content):
            return
        (length,) = struct.unpack_from("<I", content, place + 4)
        place += 8 + length + length % 2
    raise ImageError("consists of far too many frames; save it anew as PNG.")
