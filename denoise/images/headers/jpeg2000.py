"""The size of a JPEG 2000, which its boxes and its codestream tell."""

import struct

from denoise.errors import ImageError
from denoise.images.headers.boxes import find_boxes
from denoise.images.headers.pixels import check_pixels

MAX_TILES = 10_000
MAX_CHANNELS, MAX_BITS = 4, 16
MAX_COLOUR_BITS = 8  # Pillow makes black of what is brighter than it can round
_START = b"\xff\x4f\xff\x51"  # of a codestream, and of the segment with the sizes
_SIZES = struct.Struct(">8IH")  # behind the segment's length and capabilities
_SIGNED = 0x80


def check_jpeg2000(content: bytes, max_pixels: int) -> int:
    """Refuse tiles without end, kinds of samples that would be misread, and two sizes."""
    place = _codestream(content)
    if content[place : place + 4] != _START or len(content) < place + 8 + _SIZES.size:
        raise ImageError("is damaged, cut short or of a rare kind; save it anew as PNG.")
    sizes = _SIZES.unpack_from(content, place + 8)
    right, bottom, left, top, across, down, tile_left, tile_top, channels = sizes
    width, height = right - left, bottom - top
    check_pixels(width, height, max_pixels)
    columns, rows = -((tile_left - right) // max(across, 1)), -((tile_top - bottom) // max(down, 1))
    if columns * rows > MAX_TILES:
        raise ImageError(f"is cut into more than {MAX_TILES:,} tiles; save it anew as PNG.")
    kinds = _kinds(content, place)
    if channels > MAX_CHANNELS or any(kind & _SIGNED or kind >= MAX_BITS for kind in kinds):
        raise ImageError("has signed, very deep or many channels; save it anew as PNG.")
    if channels > 1 and max(kinds, default=0) >= MAX_COLOUR_BITS:
        raise ImageError("has colours of more than 8 bits per channel; save it anew as TIFF.")
    told = [box.start for box in find_boxes(content) if box.kind == b"ihdr"] if place else []
    if any(content[at : at + 8] != struct.pack(">II", height, width) for at in told):
        raise ImageError("is damaged: it tells two sizes; take another copy of it.")
    return 0


def profile_in(content: bytes) -> bytes | None:
    """Return the ICC profile of a JPEG 2000."""
    boxes = (box for box in find_boxes(content) if box.kind == b"colr") if content[0] == 0 else ()
    found = [content[box.start + 3 : box.end] for box in boxes if content[box.start] in (2, 3)]
    return found[0] if found else None


def _kinds(content: bytes, place: int) -> bytes:
    """Return a byte on each channel: whether it is signed, and its bits less one."""
    start = place + 8 + _SIZES.size
    return content[start : start + 3 * int.from_bytes(content[start - 2 : start], "big") : 3]


def _codestream(content: bytes) -> int:
    """Return where the codestream begins; 0 where it is all there is."""
    if content.startswith(_START):
        return 0
    return next((box.start for box in find_boxes(content) if box.kind == b"jp2c"), len(content))
