"""Other colours for clean patches: photographs alone are too gray to learn saturated ones from."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.images.arrays import LUMA

Patch = NDArray[Any]  # (H, W, C), sRGB in [0,1]

MAX_SATURATION = 2.0  # of what a patch has
USUAL_TURN, ANY_TURN_SHARE = 0.3, 0.2  # radians of hue, standard deviation; or any
PERMUTED_SHARE = 0.25
BALANCE = 0.12  # deviation of the logarithm of a channel's factor
GAMMA = 0.25  # deviation of the logarithm of the exponent


def recolor(clean: Patch, rng: np.random.Generator) -> Patch:
    """Return the patch with another saturation, hue, channel order, white balance and gamma.

    The result is clipped and rounded to 8 bits, as a file of such colours is. Gray stays gray.
    """
    changed = clean
    if clean.shape[2] == 3:
        changed = clean @ _color_matrix(rng).T.astype(clean.dtype)
    exponent = math.exp(rng.normal(0, GAMMA))
    changed = np.clip(changed, 0, 1) ** clean.dtype.type(exponent)
    return np.asarray(np.rint(changed * 255) / clean.dtype.type(255))


def _color_matrix(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return (3, 3): turns, saturates, permutes and balances red, green and blue."""
    saturation = rng.uniform(0, MAX_SATURATION)
    any_turn = rng.random() < ANY_TURN_SHARE
    turn = rng.uniform(-math.pi, math.pi) if any_turn else rng.normal(0, USUAL_TURN)
    gray = np.tile(LUMA, (3, 1))
    saturated = gray + saturation * (np.eye(3) - gray)
    order = rng.permutation(3) if rng.random() < PERMUTED_SHARE else np.arange(3)
    balance = np.exp(rng.normal(0, BALANCE, 3))
    return np.asarray(balance[:, None] * (_turned(turn) @ saturated)[order])


def _turned(angle: float) -> NDArray[np.float64]:
    """Return the rotation of colours by an angle around gray (Rodrigues' formula)."""
    axis = np.full(3, 1 / math.sqrt(3))
    cross = np.cross(np.eye(3), axis)
    outer = np.outer(axis, axis)
    return np.asarray(math.cos(angle) * (np.eye(3) - outer) + outer - math.sin(angle) * cross)
