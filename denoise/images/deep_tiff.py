"""TIFFs that Pillow does not read: floating-point values, deep planes, deep gray with alpha."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.errors import ImageError
from denoise.images.exif import copied_exif
from denoise.images.headers.pixels import check_pixels
from denoise.images.ifd import Tags
from denoise.images.orientation import turn
from denoise.images.picture import Picture

_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES = 258, 262, 274, 277
_PLANES, _EXTRA, _FORMAT, _PROFILE = 284, 338, 339, 34675
_SEPARATE, _FLOAT, _STRAIGHT = 2, 3, 2
_WHITE_IS_ZERO, _GRAY, _RGB = 0, 1, 2  # photometric


def needs_tifffile(content: bytes) -> bool:
    """Return whether Pillow would misread or refuse a TIFF that tifffile reads."""
    tags = Tags(content, long_tags=(273, 279, 324, 325))
    bits, samples = max(tags.numbers(_BITS, (1,))), max(tags.numbers(_SAMPLES, (1,)))
    is_separate = tags.numbers(_PLANES) == (_SEPARATE,) and samples > 1
    is_deep_pair = samples == 2 and bits == 16
    return (
        _FLOAT in tags.numbers(_FORMAT, (1,))
        or is_deep_pair
        or (is_separate and (bits == 16 or samples == 2))
    )


def read_deep_tiff(content: bytes, max_pixels: int, on_size: Callable[[int], object]) -> Picture:
    """Return the first picture in a TIFF; floating-point values stay as they are, as float32.

    Raises:
        ImageError: the end of a sentence that begins with the file's name.
    """
    import tifffile  # takes a while

    tifffile.logger().disabled = True  # it tells of damaged tags
    notes: list[str] = []
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        if len(tiff.pages) > 1:
            notes.append("Only the first of several frames was taken.")
        page: Any = tiff.pages[0]
        check_pixels(page.imagewidth, page.imagelength, max_pixels)
        check_pixels(max(page.tilewidth, 1), max(page.tilelength, 1), max_pixels)
        on_size(page.imagewidth * page.imagelength)
        samples = _samples(page)
        told = {number: page.tags.valueof(number) for number in (_ORIENTATION, _PROFILE, _EXTRA)}
    orientation = told[_ORIENTATION] or 1
    pixels, alpha = _split(turn(samples, orientation), np.ravel(told[_EXTRA] or ()), notes)
    height, width = pixels.shape[:2]
    exif, resolution = copied_exif(
        content, (width, height), notes, is_file=True, orientation=orientation
    )
    profile = told[_PROFILE]
    return Picture(
        pixels, alpha, "TIFF", bytes(profile) if profile else None, exif, tuple(notes), resolution
    )


def _samples(page: Any) -> NDArray[Any]:
    """Return samples, (H, W, C), of uint8, uint16 or finite float32."""
    kind = page.photometric
    values = page.asarray(maxworkers=1)
    is_float = values.dtype.kind == "f"
    if values.dtype not in (np.uint8, np.uint16) and not is_float:
        raise ImageError(f"holds values of {values.dtype}; save it with 8 or 16 bits per channel.")
    if kind not in (_WHITE_IS_ZERO, _GRAY, _RGB) or (is_float and kind == _WHITE_IS_ZERO):
        raise ImageError("keeps its colours in a rare way; save it anew as PNG.")
    if page.planarconfig == _SEPARATE and values.ndim == 3:
        values = np.moveaxis(values, 0, 2)
    if is_float and not np.isfinite(values).all():
        raise ImageError("holds values that are no numbers (NaN or infinite); replace them first.")
    values = values.astype(np.float32) if is_float else values.astype(values.dtype.type)
    samples: NDArray[Any] = np.atleast_3d(~values if kind == _WHITE_IS_ZERO else values)
    return samples


def _split(
    samples: NDArray[Any], extra: NDArray[Any], notes: list[str]
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return pixels and alpha; other channels beside them are left out."""
    channels = samples.shape[2]
    colours = 3 if channels >= 3 else 1
    pixels = samples[..., 0] if colours == 1 else samples[..., :3]
    is_alpha = channels == colours + 1 and (not extra.size or extra[0] == _STRAIGHT)
    if channels > colours and not is_alpha:
        notes.append("Channels beside its colours were left out.")
    alpha = np.ascontiguousarray(samples[..., colours]) if is_alpha else None
    return np.ascontiguousarray(pixels), alpha
