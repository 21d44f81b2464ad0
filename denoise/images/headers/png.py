"""The chunks of a PNG."""

import struct
import zlib

from denoise.errors import ImageError

MAX_CHUNKS = 200_000  # Pillow takes some microseconds for each
MAX_OTHER_BYTES = 64_000_000  # of chunks that hold no pixels; Pillow copies them
_SIGNATURE_BYTES, _AROUND = 8, 12  # a chunk's length, name and checksum
_PIXELS = (b"IDAT", b"fdAT")


def check_png(content: bytes, _: int) -> int:
    """Refuse chunks without end, and those whose checksum is wrong."""
    place, chunks, other_bytes = _SIGNATURE_BYTES, 0, 0
    view = memoryview(content)
    while place + _AROUND <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        end = place + _AROUND + length
        if end > len(content):
            break  # Pillow tells whether that matters
        if zlib.crc32(view[place + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            raise ImageError("is damaged: a checksum is wrong; take another copy of it.")
        chunks += 1
        other_bytes += 0 if name in _PIXELS else length
        if chunks > MAX_CHUNKS or other_bytes > MAX_OTHER_BYTES:
            raise ImageError("holds far too much beside its pixels; save it anew as PNG.")
        if name == b"IEND":
            break
        place = end
    return 0


def find_chunk(content: bytes, wanted: bytes) -> bytes | None:
    """Return what a chunk before the pixels of a checked PNG holds; None where there is none."""
    place = _SIGNATURE_BYTES
    while place + _AROUND <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        if name in (wanted, *_PIXELS):
            return content[place + 8 : place + 8 + length] if name == wanted else None
        place += _AROUND + length
    return None
