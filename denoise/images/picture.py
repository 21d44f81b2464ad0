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


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels as they are meant to be seen, and the metadata of their file."""

    pixels: NDArray[Any]  # (H, W) gray or (H, W, 3) RGB; uint8 or uint16
    alpha: NDArray[Any] | None = None  # (H, W), same dtype
    format: str = "PNG"  # of the file it came from
    icc_profile: bytes | None = None
    exif: bytes | None = None  # as in a JPEG, with its "Exif\0\0"; orientation is 1
    warnings: tuple[str, ...] = ()  # sentences for the user
    resolution: Resolution | None = None  # pixels per inch, across and down

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if dtype not in (np.uint8, np.uint16) or not (len(shape) == 2 or shape[2:] == (3,)):
            raise ValueError(f"pixels must be uint8 or uint16, gray or RGB; got {dtype} {shape}")
        if self.alpha is not None and (self.alpha.shape, self.alpha.dtype) != (shape[:2], dtype):
            raise ValueError(f"alpha must be {dtype} {shape[:2]}; got {self.alpha.dtype}")

    def with_pixels(self, pixels: NDArray[Any]) -> "Picture":
        """Return the picture with other pixels of the same height and width."""
        if pixels.shape[:2] != self.pixels.shape[:2]:
            raise ValueError(f"expected height, width {self.pixels.shape[:2]}; got {pixels.shape}")
        alpha = None if self.alpha is None else to_depth(self.alpha, pixels.dtype)
        return replace(self, pixels=pixels, alpha=alpha)


def to_depth(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return samples scaled to the full range of another integer type."""
    if values.dtype == dtype:
        return values
    scaled = values * np.uint32(257) if dtype == np.uint16 else (values + np.uint32(128)) // 257
    return np.asarray(scaled, dtype)


def flatten(picture: Picture) -> NDArray[Any]:
    """Return the pixels, with white under transparent ones."""
    if picture.alpha is None:
        return picture.pixels
    pixels, white = picture.pixels, np.float32(np.iinfo(picture.pixels.dtype).max)
    cover = np.atleast_3d(picture.alpha) / white
    flat: NDArray[Any] = np.rint(white + (np.atleast_3d(pixels) - white) * cover)
    return flat.astype(pixels.dtype).reshape(pixels.shape)


def join_alpha(picture: Picture) -> NDArray[Any]:
    """Return pixels and alpha as (H, W), or (H, W, C) with 2 to 4 channels."""
    if picture.alpha is None:
        return picture.pixels
    return np.dstack([picture.pixels, picture.alpha])
