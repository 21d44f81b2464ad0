"""Pixels on disk, of which a viewer gets the part that it looks at, at the size that it shows."""

import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image

from denoise.images.arrays import to_8_bits
from denoise.images.picture import Picture, flatten

OVERVIEW = 2048  # pixels of the longer side of the overview, at most
EXACT = 512 * 512  # pixels of a picture that is sent without loss
SAVED = {"quality": 95, "subsampling": 0}  # at full size: noise is what visitors look at
SAVED_SMALLER = {"quality": 85, "subsampling": 0}


class Layer:
    """A picture whose pixels lie in a file; levels halve both sides, level 0 is the full size.

    Args:
        folder: for its files, which are deleted with the folder.
        name: of the files.
        like: its size, type and metadata; the pixels are not copied.
    """

    def __init__(self, folder: Path, name: str, like: Picture) -> None:
        shape, dtype = like.pixels.shape, like.pixels.dtype
        pixels = open_memmap(folder / f"{name}.npy", "w+", dtype, shape)
        alpha = like.alpha
        if alpha is not None:
            alpha = open_memmap(folder / f"{name}-alpha.npy", "w+", dtype, shape[:2])
            alpha[:] = like.alpha
        self.picture = replace(like, pixels=pixels, alpha=alpha)
        longest = max(shape[:2])
        self._level = max(0, math.ceil(math.log2(longest / OVERVIEW)))
        small = tuple(-(-side // 2**self._level) for side in shape[:2])
        self._overview = open_memmap(
            folder / f"{name}-small.npy", "w+", np.uint8, (*small, *shape[2:])
        )

    def put(self, rows: slice, columns: slice, pixels: NDArray[Any]) -> None:
        """Take pixels, (H, W) or (H, W, C), into the picture and its overview."""
        own = self.picture.pixels
        own[rows, columns] = pixels.reshape(*pixels.shape[:2], *own.shape[2:])
        factor = 2**self._level
        first = [one.start // factor for one in (rows, columns)]
        whole = [
            slice(start * factor, min(length, -(-one.stop // factor) * factor))
            for one, start, length in zip((rows, columns), first, own.shape, strict=False)
        ]
        small = _reduced(self._shown(*whole), factor)
        height, width = small.shape[:2]
        self._overview[first[0] : first[0] + height, first[1] : first[1] + width] = small

    def put_all(self, pixels: NDArray[Any]) -> None:
        """Take all pixels."""
        self.put(slice(0, pixels.shape[0]), slice(0, pixels.shape[1]), pixels)

    def cut(self, rows: slice, columns: slice, level: int) -> NDArray[np.uint8]:
        """Return a region at a level, 8 bits, with white under what is transparent."""
        if level < self._level or self._level == 0:
            return _reduced(self._shown(rows, columns), 2**level)
        factor = 2**self._level
        small = [slice(one.start // factor, -(-one.stop // factor)) for one in (rows, columns)]
        return _reduced(self._overview[small[0], small[1]], 2 ** (level - self._level))

    def encode(self, rows: slice, columns: slice, level: int) -> tuple[bytes, str]:
        """Return the region as a file for a browser, and its media type."""
        return encode_shown(
            self.cut(rows, columns, level),
            self.picture.icc_profile,
            level,
            is_exact=self.picture.pixels.shape[0] * self.picture.pixels.shape[1] <= EXACT,
        )

    @property
    def overview(self) -> NDArray[np.uint8]:
        """The whole, at most `OVERVIEW` pixels a side."""
        return self._overview

    @property
    def overview_factor(self) -> int:
        """How many pixels of the picture make one of the overview, along a side."""
        return 1 << self._level

    def _shown(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        pixels, alpha = self.picture.pixels[rows, columns], self.picture.alpha
        if alpha is not None:
            pixels = flatten(Picture(np.asarray(pixels), np.asarray(alpha[rows, columns])))
        return to_8_bits(np.asarray(pixels))


def encode_shown(
    pixels: NDArray[np.uint8], icc_profile: bytes | None, level: int = 0, *, is_exact: bool = False
) -> tuple[bytes, str]:
    """Return 8-bit pixels as a file for a browser, and its media type."""
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    if is_exact:
        image.save(file, "PNG", compress_level=2, icc_profile=icc_profile)
        return file.getvalue(), "image/png"
    options: dict[str, Any] = SAVED_SMALLER if level else SAVED
    image.save(file, "JPEG", icc_profile=icc_profile, **options)
    return file.getvalue(), "image/jpeg"


def _reduced(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    if factor == 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).reduce(factor))
