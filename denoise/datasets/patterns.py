"""Fine regular patterns, as of mesh, cloth or print: noise to a network that never saw them."""

import math

import numpy as np
from numpy.typing import NDArray

Patch = NDArray[np.float64]  # (H, W, C), sRGB in [0,1]

PERIODS = (2.0, 9.0)  # pixels
CONTRASTS = (0.05, 0.5)


def add_pattern(clean: Patch, rng: np.random.Generator) -> Patch:
    """Return the patch with stripes or dots over a part of it, (H, W, C) in [0,1]."""
    place = np.indices(clean.shape[:2])
    wave = _wave(place, rng)
    if rng.random() < 0.6:  # dots where stripes cross
        wave = wave * _wave(place, rng)
    hardness = rng.uniform(0.5, 6)
    wave = np.tanh(hardness * wave) / math.tanh(hardness)
    tint = rng.uniform(0.5, 1, clean.shape[2])
    contrast = rng.uniform(*CONTRASTS)
    change = contrast * (_region(place, rng) * wave)[..., None] * tint
    return np.asarray(np.clip(clean + change, 0, 1))


def _wave(place: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    low, high = PERIODS
    period = math.exp(rng.uniform(math.log(low), math.log(high)))
    angle = rng.choice([0, math.pi / 2, rng.uniform(0, math.pi)])
    phase = rng.uniform(0, 2 * math.pi)
    along = math.cos(angle) * place[1] + math.sin(angle) * place[0]
    return np.asarray(np.cos(2 * math.pi * along / period + phase))


def _region(place: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return 1 on one side of a random line and 0 on the other, (H, W), or 1 everywhere."""
    if rng.random() < 0.4:
        return np.ones(place.shape[1:])
    angle = rng.uniform(0, 2 * math.pi)
    middle = np.array(place.shape[1:]) * rng.uniform(0.3, 0.7, 2)
    distance = math.cos(angle) * (place[1] - middle[1]) + math.sin(angle) * (place[0] - middle[0])
    return np.asarray(np.clip(distance + 0.5, 0, 1))
