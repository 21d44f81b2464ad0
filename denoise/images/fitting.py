"""Fit any picture into a small gray square."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.images.arrays import LUMA


def fit_square(pixels: NDArray[Any], size: int) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return a gray square for networks of light shapes on black, and phrases on the changes.

    Gray of the right size comes back as it is; floats are in [0,1]. A phrase is, for example,
    "turned to gray".
    """
    if pixels.shape == (size, size):
        return pixels, ()
    gray = _to_gray(pixels)
    border = float(np.median(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])))
    scaled = _scale_to(gray, size)
    square = _pad_to(scaled, size, border)
    white = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0
    fitted = white - square if border > white / 2 else square
    done = {
        "turned to gray": pixels.ndim == 3,
        f"scaled to {scaled.shape[1]} x {scaled.shape[0]}": scaled.shape != gray.shape,
        "padded to a square": square.shape != scaled.shape,
        "inverted to light on dark": border > white / 2,
    }
    whole = np.rint(fitted) if pixels.dtype.kind == "u" else fitted
    return whole.astype(pixels.dtype), tuple(phrase for phrase, is_done in done.items() if is_done)


def _to_gray(pixels: NDArray[Any]) -> NDArray[np.float32]:
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    gray = np.zeros(pixels.shape[:2], np.float32)
    for channel, weight in enumerate(LUMA):
        gray += np.float32(weight) * pixels[..., channel]
    return gray


def _scale_to(gray: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Scale the longer side to `size` pixels; a pixel is the mean of its area when shrinking."""
    image, longest = Image.fromarray(gray), max(gray.shape)
    width, height = (max(1, round(side * size / longest)) for side in image.size)
    method = Image.Resampling.BOX if size < longest else Image.Resampling.BILINEAR
    return np.asarray(image.resize((width, height), method))


def _pad_to(gray: NDArray[np.float32], size: int, value: float) -> NDArray[np.float32]:
    top, left = ((size - side) // 2 for side in gray.shape)
    square = np.full((size, size), value, gray.dtype)
    square[top : top + gray.shape[0], left : left + gray.shape[1]] = gray
    return square
