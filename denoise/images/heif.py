"""HEIC and HEIF, as phones write them, by libheif."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.errors import ImageError
from denoise.images.colours import code_points, made_profile
from denoise.images.exif import copied_exif
from denoise.images.headers.pixels import check_pixels
from denoise.images.libraries import missing
from denoise.images.picture import Picture

_MODES = ("L", "LA", "RGB", "RGBA", "I")


def read_heif(content: bytes, max_pixels: int, on_size: Callable[[int], object]) -> Picture:
    """Return the main picture in a HEIC file, turned upright by libheif.

    Raises:
        ImageError: the end of a sentence that begins with the file's name.
    """
    try:
        import pi_heif
    except ImportError as error:
        raise missing("an HEIC picture", "pi_heif") from error
    file = pi_heif.HeifFile(io.BytesIO(content), convert_hdr_to_8bit=False, remove_stride=True)
    main = file[file.primary_index]
    width, height = main.size
    check_pixels(width, height, max_pixels)
    on_size(width * height)
    mode, _, depth = main.mode.partition(";")
    if mode not in _MODES:
        raise ImageError("keeps its pixels in a rare way; save it anew as PNG.")
    samples = np.array(main)
    if depth:  # the file's bits are the high ones of 16
        samples |= samples >> main.info["bit_depth"]
    pixels, alpha = _split(samples, mode)
    notes: list[str] = []
    exif, _ = copied_exif(main.info["exif"], main.size, notes)
    profile, points = main.info.get("icc_profile"), code_points(content, "HEIF")
    if profile is None and points is not None:
        profile = made_profile(*points, notes, is_gray=pixels.ndim == 2)
    if len(file) > 1:
        notes.append("Only the first of several frames was taken.")
    return Picture(pixels, alpha, "HEIF", profile, exif, tuple(notes))


def _split(samples: NDArray[Any], mode: str) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return pixels and alpha."""
    if mode not in ("LA", "RGBA"):
        return samples, None
    pixels = samples[..., 0] if mode == "LA" else samples[..., :3]
    return np.ascontiguousarray(pixels), np.ascontiguousarray(samples[..., -1])
