"""The compression of a BMP."""

import struct

from denoise.errors import ImageError

MAX_RUN_BYTES = 10_000_000  # of run lengths, which Pillow reads in Python: some seconds
_RUN_LENGTHS = (1, 2)  # compressions, of 8 and of 4 bits a pixel
_SHORT_HEADER = 12  # has no compression


def check_bmp(content: bytes, _: int) -> int:
    """Refuse run lengths without end."""
    if len(content) < 34 or content[14] == _SHORT_HEADER:
        return 0
    (compression,) = struct.unpack_from("<I", content, 30)
    if compression in _RUN_LENGTHS and len(content) > MAX_RUN_BYTES:
        raise ImageError("holds more than 10 MB of run lengths; save it anew as PNG.")
    return 0
