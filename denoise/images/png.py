"""PNG with 16 bits a sample, and fast PNG."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from denoise.images.picture import Picture, join_alpha

_SAMPLE_ROWS = 32


def encode_png(picture: Picture) -> bytes:
    """Encode a PNG of 8 or 16 bits, each row minus the one above; Pillow has no 16-bit colour."""
    samples = np.atleast_3d(join_alpha(picture))
    height, width, channels = samples.shape
    bits = 8 * samples.itemsize
    rows = samples.astype(samples.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    filtered = np.full((height, rows.shape[1] + 1), 2, np.uint8)  # the first byte names the filter
    filtered[:, 1:] = rows
    filtered[1:, 1:] -= rows[:-1]
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    file = b"\x89PNG\r\n\x1a\n"
    file += _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
    if picture.icc_profile:
        file += _png_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(picture.icc_profile))
    if picture.resolution is not None:
        per_metre = [round(one / 0.0254) for one in picture.resolution]
        file += _png_chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if picture.exif:
        file += _png_chunk(b"eXIf", picture.exif.removeprefix(b"Exif\0\0"))
    file += _png_chunk(b"IDAT", _deflate(filtered))
    return file + _png_chunk(b"IEND", b"")


def _deflate(rows: NDArray[np.uint8]) -> bytes:
    """Compress rows; search for repeats only if it helps on a strip, as noise has none."""

    def pack(part: NDArray[np.uint8], strategy: int) -> bytes:
        packer = zlib.compressobj(level=1, strategy=strategy)
        return packer.compress(part.tobytes()) + packer.flush()

    middle = rows[len(rows) // 2 :][:_SAMPLE_ROWS]
    strategies = (zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY)
    return pack(rows, min(strategies, key=lambda strategy: len(pack(middle, strategy))))


def _png_chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
