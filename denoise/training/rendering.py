"""Patches of path-traced pictures: few samples a pixel, as exposed and shown by any program."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.datasets.renders import RenderPair
from denoise.training.all_kinds import Spoilt

Light = NDArray[Any]  # (H, W, 3), linear

EXPOSURE = 0.35  # deviation of the logarithm


def spoil_by_rendering(pair: RenderPair, side: int, rng: np.random.Generator) -> Spoilt:
    """Return a patch of a scene's reference and the same of few samples, in 8 bits.

    Exposure, tone curve, order of the channels, place and orientation are random, the same for
    both; some are the mean of two numbers of samples, which is a third number.
    """
    noisy = _mixed_samples(pair, rng)
    height, width = pair.reference.shape[:2]
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    place = (slice(top, top + side), slice(left, left + side))
    exposure, shoulder = math.exp(rng.normal(0, EXPOSURE)), rng.choice([0.0, 0.0, rng.random()])
    order, turns, is_flipped = rng.permutation(3), int(rng.integers(4)), rng.random() < 0.5

    def show(light: Light) -> Light:
        shown = show_light(exposure * light[place].astype(np.float32), float(shoulder))
        turned = np.rot90(shown[..., order], turns)
        return np.ascontiguousarray(turned[:, ::-1] if is_flipped else turned)

    return Spoilt(show(pair.reference), show(noisy), None)


def show_light(light: Light, shoulder: float = 0.0) -> Light:
    """Return linear light as sRGB in 8 bits, in [0,1].

    Args:
        light: (H, W, 3), 0 and more.
        shoulder: how far highlights are compressed (Reinhard's curve), 0 to 1.
    """
    compressed = light * (1 + shoulder) / (1 + shoulder * light)
    clipped = np.clip(compressed, 0, 1)
    low, high = 12.92 * clipped, 1.055 * clipped ** np.float32(1 / 2.4) - 0.055
    return np.asarray(np.rint(255 * np.where(clipped > 0.0031308, high, low)) / np.float32(255))


def _mixed_samples(pair: RenderPair, rng: np.random.Generator) -> Light:
    counts = sorted(pair.noisy)
    count = counts[rng.integers(len(counts))]
    other = counts[rng.integers(len(counts))]
    if rng.random() < 0.7 or count == other:
        return pair.noisy[count]
    share = count / (count + other)
    mean = share * pair.noisy[count].astype(np.float32)
    return mean + (1 - share) * pair.noisy[other].astype(np.float32)
