"""Pictures -> files: formats, quality, metadata."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.errors import ImageError
from denoise.files import write_atomically
from denoise.images.picture import (
    OUTPUT_FORMATS,
    SUFFIX_FORMATS,
    Picture,
    flatten,
    join_alpha,
    to_depth,
)
from denoise.images.png import encode_png
from denoise.images.tiff import encode_tiff

_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 4},  # 0.1 s per Mpixel of noise; 6 saves 1% on photos in double that
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True, "method": 1, "quality": 20},  # quality is effort
}
_MAX_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
_MAX_JPEG_EXIF = 65_533  # bytes in one marker


def losses(picture: Picture, format: str | None = None) -> tuple[str, ...]:  # noqa: A002
    """Return a sentence for each property of the picture that the file format cannot hold."""
    target = _output_format(picture, format)
    is_jpeg, is_deep = target == "JPEG", picture.pixels.dtype == np.uint16
    found = {
        "Transparency was laid over white: JPEG has none.": is_jpeg and picture.alpha is not None,
        f"16 bits per channel were rounded to 8: {target} has no more.": is_deep
        and target in ("JPEG", "WEBP"),
        "EXIF data was left out: it is too long for JPEG.": is_jpeg
        and len(picture.exif or b"") > _MAX_JPEG_EXIF,
    }
    return tuple(sentence for sentence, is_lost in found.items() if is_lost)


def encode_picture(
    picture: Picture,
    *,
    format: str | None = None,  # noqa: A002
    keep_exif: bool = True,
) -> bytes:
    """Return the file's bytes: lossless PNG, TIFF and WebP, or JPEG of quality 95 in 4:4:4.

    The ICC profile is always kept, and so is the resolution, except in WebP, which has no field
    for it.

    Args:
        picture: to encode.
        format: one of `OUTPUT_FORMATS`; None: the picture's own, or PNG where that is not one.
        keep_exif: whether the EXIF is kept, too; other metadata never is.

    Raises:
        ImageError: another format, or a picture too long or wide for it.
    """
    target = _output_format(picture, format)
    longest = max(picture.pixels.shape[:2])
    if longest > _MAX_SIDE.get(target, longest):
        raise ImageError(f"{target} holds at most {_MAX_SIDE[target]:,} pixels a side; use PNG.")
    picture = picture if keep_exif else replace(picture, exif=None)
    if target == "TIFF":
        return encode_tiff(picture)
    if target == "PNG" and picture.pixels.dtype == np.uint16:
        return encode_png(picture)
    return _encode_8bit(picture, target)


def save_picture(
    picture: Picture,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002
    keep_exif: bool = True,
) -> None:
    """Write the picture whole or not at all; the suffix gives the format unless one is named.

    Raises:
        ImageError: no Picture, another format or suffix, or a file that cannot be written.
    """
    if not isinstance(picture, Picture):
        raise ImageError(
            f"save_picture writes a Picture, not a {type(picture).__name__}; Picture(pixels) makes "
            "one of an array."
        )
    path = Path(path)
    target = format or path.suffix or None
    write_atomically(path, encode_picture(picture, format=target, keep_exif=keep_exif))


def _output_format(picture: Picture, wanted: str | None) -> str:
    if wanted is None:
        return picture.format if picture.format in OUTPUT_FORMATS else "PNG"
    target = SUFFIX_FORMATS.get("." + wanted.lower().removeprefix("."))
    if target is None:
        raise ImageError(f"Cannot save as {wanted!r}; allowed are PNG, JPEG, WebP and TIFF.")
    return target


def _encode_8bit(picture: Picture, target: str) -> bytes:
    picture = picture.with_pixels(to_depth(picture.pixels, np.dtype(np.uint8)))
    samples = flatten(picture) if target == "JPEG" else join_alpha(picture)
    exif = picture.exif or b""
    if target == "JPEG" and len(exif) > _MAX_JPEG_EXIF:
        exif = b""
    file = io.BytesIO()
    options = _SAVE_OPTIONS[target] | {"exif": exif, "icc_profile": picture.icc_profile}
    options |= {} if picture.resolution is None else {"dpi": picture.resolution}
    Image.fromarray(samples).save(file, target, **options)
    return file.getvalue()


def encode_quickly(pixels: NDArray[Any]) -> bytes:
    """Return a PNG for display: four times as fast, a tenth larger for pictures without noise."""
    return encode_png(Picture(pixels))
