"""Lossless JPEG 2000, with the colour profile that Pillow leaves out."""

import io
import struct

import numpy as np
from PIL import Image

from denoise.images.headers.boxes import find_boxes
from denoise.images.picture import Picture, join_alpha, to_depth

_BY_PROFILE = b"\2\0\0"  # how a box colr tells the colours, and two bytes without meaning


def holds_depth(picture: Picture) -> bool:
    """Return whether Pillow writes all bits of a picture: of gray without transparency only."""
    is_gray = picture.pixels.ndim == 2 and picture.alpha is None
    return picture.pixels.dtype == np.uint8 or (picture.pixels.dtype == np.uint16 and is_gray)


def encode_jpeg2000(picture: Picture) -> bytes:
    """Encode a JP2: pixels, transparency and profile."""
    if not holds_depth(picture):
        picture = picture.with_pixels(to_depth(picture.pixels, np.dtype(np.uint8)))
    file = io.BytesIO()
    Image.fromarray(join_alpha(picture)).save(file, "JPEG2000", mct=1)
    content = file.getvalue()
    return content if picture.icc_profile is None else _with_profile(content, picture.icc_profile)


def _with_profile(content: bytes, profile: bytes) -> bytes:
    """Return a JP2 whose box on colours holds a profile."""
    (outer,) = (box for box in find_boxes(content) if box.kind == b"jp2h")
    (old,) = (box for box in find_boxes(content) if box.kind == b"colr")
    new = _box(b"colr", _BY_PROFILE + profile)
    inner = content[outer.start : old.start - 8] + new + content[old.end : outer.end]
    return content[: outer.start - 8] + _box(b"jp2h", inner) + content[outer.end :]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content
