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
from denoise.images.exif import upright_exif
from denoise.images.jpeg2000 import encode_jpeg2000, holds_depth
from denoise.images.picture import (
    BECOMES,
    OUTPUT_FORMATS,
    SUFFIX_FORMATS,
    Picture,
    flatten,
    join_alpha,
    to_depth,
)
from denoise.images.png import encode_png
from denoise.images.ppm import encode_ppm
from denoise.images.profiles import colour_profile, is_for_gray
from denoise.images.tiff import encode_tiff

_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 4},  # 0.1 s per Mpixel of noise; 6 saves 1% on photos in double that
    "JPEG": {"subsampling": 0},
    "WEBP": {"lossless": True, "exact": True, "method": 1, "quality": 20},  # quality is effort
    "AVIF": {"quality": 95, "subsampling": "4:4:4", "speed": 10},  # 8: a tenth less
}
_MAX_SIDE = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 32_768}
_NAMES = {"JPEG2000": "JPEG 2000", "WEBP": "WebP"}
_MAX_JPEG_EXIF = 65_533  # bytes in one marker
_ENCODERS = {"TIFF": encode_tiff, "JPEG2000": encode_jpeg2000, "PPM": encode_ppm}


def losses(picture: Picture, format: str | None = None) -> tuple[str, ...]:  # noqa: A002
    """Return a sentence for each property of the picture that the file format cannot hold."""
    target = _output_format(picture, format)
    name, is_deep = _NAMES.get(target, target), picture.pixels.dtype == np.uint16
    is_8bit = target in _SAVE_OPTIONS and target != "PNG"
    is_cut = target == "JPEG2000" and not holds_depth(picture)
    has_long_exif = len(picture.exif or b"") > _MAX_JPEG_EXIF
    is_float = picture.pixels.dtype == np.float32 and target != "TIFF"
    found = {
        f"Values were clipped to 0 to 1 and rounded: {name} has no fractions.": is_float,
        f"Transparency was laid over white: {name} has none.": picture.alpha is not None
        and target in ("JPEG", "PPM"),
        f"16 bits per channel were rounded to 8: {name} has no more.": is_deep and is_8bit,
        "16 bits per channel were rounded to 8: in JPEG 2000 only plain gray keeps them.": is_cut,
        "EXIF data was left out: it is too long for JPEG.": target == "JPEG" and has_long_exif,
        f"EXIF data was left out: {name} is written without.": bool(picture.exif)
        and target in ("JPEG2000", "PPM"),
        "The colour profile was left out: PPM has none.": bool(picture.icc_profile)
        and target == "PPM",
    }
    return tuple(sentence for sentence, is_lost in found.items() if is_lost)


def encode_picture(
    picture: Picture,
    *,
    format: str | None = None,  # noqa: A002
    keep_exif: bool = True,
) -> bytes:
    """Return the file's bytes: lossless, or JPEG and AVIF of quality 95 in 4:4:4.

    What was a finer JPEG is written as finely again.

    The ICC profile is always kept, except in PPM, which holds pixels only, and so is the
    resolution, except in WebP, AVIF and JPEG 2000.

    Args:
        picture: to encode.
        format: one of `OUTPUT_FORMATS`; None: the picture's own, or where that is not one, JPEG for
            HEIC, TIFF for a camera's raw file and PNG for others.
        keep_exif: whether the EXIF is kept, too (never in JPEG 2000); other metadata never is.

    Raises:
        ImageError: another format, or a picture too long or wide for it.
    """
    target = _output_format(picture, format)
    longest = max(picture.pixels.shape[:2])
    if longest > _MAX_SIDE.get(target, longest):
        name = _NAMES.get(target, target)
        raise ImageError(f"{name} holds at most {_MAX_SIDE[target]:,} pixels a side; use PNG.")
    picture = picture if keep_exif else replace(picture, exif=None)
    if picture.pixels.dtype == np.float32 and target != "TIFF":
        picture = picture.with_pixels(to_depth(picture.pixels, np.dtype(np.uint16)))
    picture = _with_fitting_profile(picture, target)
    if target in _ENCODERS:
        return _ENCODERS[target](picture)
    if target == "PNG" and picture.pixels.dtype == np.uint16:
        return encode_png(picture)
    return _encode_8bit(picture, target)


def _with_fitting_profile(picture: Picture, target: str) -> Picture:
    """Return the picture with a profile for colours if its gray is written as colours."""
    profile = picture.icc_profile
    if profile is None or not is_for_gray(profile):
        return picture
    is_colour = picture.pixels.ndim == 3 or target == "WEBP"
    is_colour |= target == "TIFF" and picture.alpha is not None
    return replace(picture, icc_profile=colour_profile(profile)) if is_colour else picture


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
        own = picture.format
        return own if own in OUTPUT_FORMATS else BECOMES.get(own, "PNG")
    if wanted.upper() in OUTPUT_FORMATS:
        return wanted.upper()
    target = SUFFIX_FORMATS.get("." + wanted.lower().removeprefix("."))
    if target is None:
        allowed = "PNG, JPEG, WebP, TIFF, AVIF, JPEG 2000 and PPM"
        raise ImageError(f"Cannot save as {wanted!r}; allowed are {allowed}.")
    return target


def _encode_8bit(picture: Picture, target: str) -> bytes:
    picture = picture.with_pixels(to_depth(picture.pixels, np.dtype(np.uint8)))
    samples = flatten(picture) if target == "JPEG" else join_alpha(picture)
    exif = upright_exif(picture.exif) if target == "AVIF" else picture.exif or b""
    if target == "JPEG" and len(exif) > _MAX_JPEG_EXIF:
        exif = b""
    file = io.BytesIO()
    options = _SAVE_OPTIONS[target] | {"exif": exif, "icc_profile": picture.icc_profile}
    options |= {"quality": picture.jpeg_quality} if target == "JPEG" else {}
    options |= {} if picture.resolution is None else {"dpi": picture.resolution}
    Image.fromarray(samples).save(file, target, **options)
    return file.getvalue()


def encode_quickly(pixels: NDArray[Any]) -> bytes:
    """Return a PNG for display: four times as fast, a tenth larger for pictures without noise."""
    is_float = pixels.dtype.kind == "f"
    return encode_png(Picture(to_depth(pixels, np.dtype(np.uint16)) if is_float else pixels))
