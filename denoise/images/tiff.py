"""TIFF of 8 or 16 bits or of floating-point values, in strips."""

import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffTags
from PIL import TiffImagePlugin as Tiff

from denoise.images.exif import exif_value
from denoise.images.picture import Picture, join_alpha
from denoise.images.resolution import INCH

_STRIP_BYTES = 1 << 20
_UNSIGNED, _FLOAT = 1, 3  # formats of samples


def encode_tiff(picture: Picture) -> bytes:
    """Encode a TIFF; of 8 or 16 bits, each pixel minus the one to its left, as Pillow cannot."""
    if picture.alpha is not None and picture.pixels.ndim == 2:  # few programs read gray with alpha
        picture = picture.with_pixels(np.dstack([picture.pixels] * 3))
    samples = np.atleast_3d(join_alpha(picture))
    steps = samples.astype(samples.dtype.newbyteorder("<"))
    if samples.dtype.kind == "u":
        steps[:, 1:] -= samples[:, :-1]
    rows = max(1, _STRIP_BYTES // steps[0].nbytes)
    strips = [zlib.compress(steps[y : y + rows].tobytes(), 4) for y in range(0, len(steps), rows)]
    header = _tiff_header(picture, samples)
    header[Tiff.ROWSPERSTRIP] = rows
    header[Tiff.STRIPBYTECOUNTS] = tuple(len(strip) for strip in strips)
    header[Tiff.STRIPOFFSETS] = (0, *np.cumsum(header[Tiff.STRIPBYTECOUNTS])[:-1].tolist())
    header.tagtype[Tiff.STRIPOFFSETS] = TiffTags.LONG  # Pillow misplaces two that fit in SHORTs
    file = io.BytesIO()
    header.save(file)
    return file.getvalue() + b"".join(strips)


def _tiff_header(picture: Picture, samples: NDArray[Any]) -> Tiff.ImageFileDirectory_v2:
    height, width, channels = samples.shape
    header = Tiff.ImageFileDirectory_v2()
    exif = Image.Exif()
    exif.load(picture.exif or b"")
    for tag in exif:
        header[tag] = exif_value(exif, tag)
    header[Tiff.IMAGEWIDTH] = width
    header[Tiff.IMAGELENGTH] = height
    header[Tiff.SAMPLESPERPIXEL] = channels
    header[Tiff.BITSPERSAMPLE] = (8 * samples.itemsize,) * channels
    header[Tiff.COMPRESSION] = 8  # deflate
    is_float = samples.dtype.kind == "f"
    header[Tiff.PREDICTOR] = 1 if is_float else 2  # none, or left differences
    header[Tiff.SAMPLEFORMAT] = (_FLOAT if is_float else _UNSIGNED,) * channels
    header[Tiff.PHOTOMETRIC_INTERPRETATION] = 1 if channels == 1 else 2
    if picture.alpha is not None:
        header[Tiff.EXTRASAMPLES] = 2  # straight alpha
    if picture.resolution is not None:
        header[Tiff.X_RESOLUTION], header[Tiff.Y_RESOLUTION] = picture.resolution
        header[Tiff.RESOLUTION_UNIT] = INCH
    if picture.icc_profile:
        header[Tiff.ICCPROFILE] = picture.icc_profile
    return header
