"""The compression of a BMP."""

import struct

from denoise.errors import ImageError

# Pillow reads run lengths in Python, and pads rows pixel by pixel: some seconds for each.
MAX_RUN_BYTES = 10_000_000
MAX_RUN_PIXELS = 16_000_000
_RUN_LENGTHS = (1, 2)  # compressions, of 8 and of 4 bits a pixel
_SHORT_HEADER = 12  # has no compression


def check_bmp(content: bytes, _: int) -> int:
    """Refuse run lengths without end."""
    if len(content) < 34 or content[14] == _SHORT_HEADER:
        return 0
    width, height, compression = struct.unpack_from("<ii4xi", content, 18)
    is_large = len(content) > MAX_RUN_BYTES or abs(width * height) > MAX_RUN_PIXELS
    if compression in _RUN_LENGTHS and is_large:
        raise ImageError("holds more run lengths than can be read in time; save it anew as PNG.")
    return 0
