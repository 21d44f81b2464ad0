"""Pictures of 28x28 pixels as the board shows them, with their codes."""

import math
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.images.arrays import to_8_bits
from denoise.metrics import psnr
from denoise.ui.widgets.parts import inline_image
from denoise.ui.widgets.terms import term

Small = NDArray[np.uint8]  # (28, 28)


def code_picture(code: NDArray[Any]) -> Small:
    """Return a code as a picture: a square of its units, or its maps side by side.

    The strongest unit is white, 0 is black.
    """
    maps = code.reshape(-1, 1, 1) if code.ndim == 1 else code  # (N, H, W)
    across = math.isqrt(len(maps) - 1) + 1
    missing = np.zeros((-len(maps) % across, *maps.shape[1:]), maps.dtype)
    full = np.concatenate([maps, missing]).reshape(-1, across, *maps.shape[1:])
    tiles = full.swapaxes(1, 2).reshape(-1, across * maps.shape[2])  # rows of maps side by side
    top = float(np.abs(tiles).max()) or 1.0
    return to_8_bits(np.abs(tiles) / top)


def enlarged(picture: NDArray[Any], factor: int) -> NDArray[Any]:
    """Return the picture with every pixel as a square of that side."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def decibel_words(clean: Small, other: Small) -> str:
    """Return the PSNR, with its explanation, as HTML."""
    decibel = psnr(clean, other)
    return term("PSNR", f"{decibel:.1f} dB" if math.isfinite(decibel) else "equal")


def cell(title: str, picture: Small, words: str, code: Small | None = None) -> str:
    """Return a picture with its title, words and code as HTML."""
    coded = "" if code is None else inline_image(code, f"code of {title}", "code")
    return (
        f"<figure><b>{escape(title)}</b>{inline_image(picture, title)}"
        f"<figcaption>{words.removeprefix('<br>')}</figcaption>{coded}</figure>"
    )
