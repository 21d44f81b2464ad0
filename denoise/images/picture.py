"""A picture: its pixels and the metadata of its file."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.images.resolution import Resolution

FORMAT_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "TIFF": ".tif"}
FORMAT_SUFFIXES |= {"AVIF": ".avif", "JPEG2000": ".jp2", "PPM": ".ppm"}
OUTPUT_FORMATS = tuple(FORMAT_SUFFIXES)
SUFFIX_FORMATS = {suffix: name for name, suffix in FORMAT_SUFFIXES.items()}
SUFFIX_FORMATS |= dict.fromkeys((".jpeg", ".jpe", ".jfif", ".jpg_large", ".mpo"), "JPEG")
SUFFIX_FORMATS |= {".tiff": "TIFF", ".jpx": "JPEG2000", ".pgm": "PPM", ".pnm": "PPM"}


RAW_SUFFIXES = tuple(
    f".{name}"
    for name in (
        *("3fr", "arw", "cr2", "cr3", "dng", "erf", "iiq", "kdc", "mos", "mrw"),
        *("nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "sr2", "srw", "x3f"),
    )
)
# What is read only, and what it becomes.
READ_ONLY = dict.fromkeys((".heic", ".heif", ".hif"), "JPEG") | dict.fromkeys(RAW_SUFFIXES, "TIFF")
READ_ONLY |= dict.fromkeys((".bmp", ".gif", ".apng"), "PNG")
READ_ONLY |= dict.fromkeys((".j2k", ".j2c", ".jpc", ".jpf"), "JPEG2000")
BECOMES = {"HEIF": "JPEG", "RAW": "TIFF"}  # of what is not written; others become PNG


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels as they are meant to be seen, and the metadata of their file."""

    pixels: NDArray[Any]  # (H, W) gray or (H, W, 3) RGB; uint8, uint16 or float32 (white is 1)
    alpha: NDArray[Any] | None = None  # (H, W), same dtype
    format: str = "PNG"  # of the file it came from
    icc_profile: bytes | None = None
    exif: bytes | None = None  # as in a JPEG, with its "Exif\0\0"; orientation is 1
    warnings: tuple[str, ...] = ()  # sentences for the user
    resolution: Resolution | None = None  # pixels per inch, across and down
    jpeg_quality: int = 95  # to write it with as a JPEG

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, self.pixels.dtype
        is_known = dtype in (np.uint8, np.uint16, np.float32)
        if not is_known or not (len(shape) == 2 or shape[2:] == (3,)):
            kinds = "uint8, uint16 or float32"
            raise ValueError(f"pixels must be {kinds}, gray or RGB; got {dtype} {shape}")
        if self.alpha is not None and (self.alpha.shape, self.alpha.dtype) != (shape[:2], dtype):
            raise ValueError(f"alpha must be {dtype} {shape[:2]}; got {self.alpha.dtype}")

    def with_pixels(self, pixels: NDArray[Any]) -> "Picture":
        """Return the picture with other pixels of the same height and width."""
        if pixels.shape[:2] != self.pixels.shape[:2]:
            raise ValueError(f"expected height, width {self.pixels.shape[:2]}; got {pixels.shape}")
        alpha = None if self.alpha is None else to_depth(self.alpha, pixels.dtype)
        return replace(self, pixels=pixels, alpha=alpha)


def to_depth(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return samples scaled to the full range of another type; floats are clipped to 0 to 1."""
    if values.dtype == dtype:
        return values
    if dtype.kind == "f":
        return np.asarray(values / np.float32(np.iinfo(values.dtype).max), dtype)
    if values.dtype.kind == "f":
        return np.asarray(np.rint(np.clip(values, 0, 1) * np.iinfo(dtype).max), dtype)
    scaled = values * np.uint32(257) if dtype == np.uint16 else (values + np.uint32(128)) // 257
    return np.asarray(scaled, dtype)


def flatten(picture: Picture) -> NDArray[Any]:
    """Return the pixels, with white under transparent ones."""
    if picture.alpha is None:
        return picture.pixels
    pixels, is_float = picture.pixels, picture.pixels.dtype.kind == "f"
    white = np.float32(1 if is_float else np.iinfo(pixels.dtype).max)
    cover = np.atleast_3d(picture.alpha) / white
    flat: NDArray[Any] = white + (np.atleast_3d(pixels) - white) * cover
    return (flat if is_float else np.rint(flat)).astype(pixels.dtype).reshape(pixels.shape)


def join_alpha(picture: Picture) -> NDArray[Any]:
    """Return pixels and alpha as (H, W), or (H, W, C) with 2 to 4 channels."""
    if picture.alpha is None:
        return picture.pixels
    return np.dstack([picture.pixels, picture.alpha])
