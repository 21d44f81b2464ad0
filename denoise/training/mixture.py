"""The noise that photo networks are trained on: most of it pure Gaussian, the rest practical."""

import math

import numpy as np
from numpy.typing import NDArray

from denoise.noise import KINDS, camera_noise

Patch = NDArray[np.float64]  # (H, W, C), sRGB in [0,1]

# At a half, held-out PSNR at sigma 25 came to 30.80 dB in 17,000 steps, and rose to 30.91 in 2,000
# more at four fifths.
GAUSSIAN_SHARE = 0.8
MAX_SIGMA = 75 / 255
EIGHT_BIT_SHARE = 0.2  # of Gaussian patches that are clipped and rounded, as an upload is
UNTOUCHED_SHARE = 0.04  # of practical patches: a clean picture must come back as it is
# Of the practical stages. Camera noise leads: it is what real photographs hold.
STAGE_WEIGHTS = {
    "camera": 0.45,
    "jpeg": 0.15,
    "salt-pepper": 0.15,
    "gaussian": 0.10,
    "poisson": 0.10,
    "speckle": 0.05,
}
STAGE_COUNT_WEIGHTS = (0.6, 0.3, 0.1)  # one, two or three stages


def degrade(clean: Patch, rng: np.random.Generator) -> tuple[Patch, float]:
    """Gives the noisy patch and its sigma: the root mean square of noisy - clean."""
    if rng.random() < GAUSSIAN_SHARE:
        noisy = KINDS["gaussian"].apply(clean, rng.uniform(0, MAX_SIGMA), rng)
        noisy = _to_eight_bit(noisy) if rng.random() < EIGHT_BIT_SHARE else noisy
    else:
        noisy = _to_eight_bit(_degrade_practically(clean, rng))
    return noisy, float(np.sqrt(np.mean((noisy - clean) ** 2)))


def _degrade_practically(clean: Patch, rng: np.random.Generator) -> Patch:
    if rng.random() < UNTOUCHED_SHARE:
        return clean
    count = rng.choice(3, p=STAGE_COUNT_WEIGHTS) + 1
    names, weights = list(STAGE_WEIGHTS), list(STAGE_WEIGHTS.values())
    noisy = clean
    for name in rng.choice(names, count, replace=False, p=weights):
        noisy = _apply_stage(str(name), noisy, rng)
    return noisy


def _apply_stage(name: str, image: Patch, rng: np.random.Generator) -> Patch:
    if name == "camera":
        return camera_noise(
            image,
            _log_uniform(0.5 / 255, 50 / 255, rng),
            rng,
            blur=rng.choice([0.0, rng.uniform(0.3, 1.4)], p=[0.2, 0.8]),
            gray_share=rng.uniform(0, 1),
            read_share=rng.uniform(0.05, 1),
        )
    level = {
        "jpeg": lambda: 1 - rng.uniform(0.3, 1.0),
        "salt-pepper": lambda: rng.uniform(0, 0.12),
        "gaussian": lambda: _log_uniform(1 / 255, 50 / 255, rng),
        "poisson": lambda: _log_uniform(0.01, 0.1, rng),  # peaks of 100 to 10,000 photons
        "speckle": lambda: rng.uniform(2 / 255, 25 / 255),
    }[name]()
    return KINDS[name].apply(image, level, rng)


def _log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _to_eight_bit(image: Patch) -> Patch:
    return np.rint(np.clip(image, 0, 1) * 255) / 255
