"""Select the noise level to tell a network: try several, score each without the clean picture."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import restoration

from denoise.inference.noise_level import cut_crops, estimate_noise
from denoise.zoo.zoo import Zoo

Pixels = NDArray[np.float32]  # (H, W, C) in [0,1]
Denoise = Callable[[Pixels, float | None], Pixels]  # told a noise level; None: auto

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0, 3.0)  # of the estimated level: tried beside auto
CORRELATED = 0.3  # of neighbouring pixels: white noise stays below 0, a camera's is about 0.5
# Excess kurtosis of the residual: 0 for Gaussian noise, up to 6 for speckle; 11 and more for salt
# and pepper, and where next to nothing is removed.
SPIKY = 8.0
MARGIN = 0.05  # by which an error must be lower than auto's; less is chance
PROBE = np.float32(0.005)  # step in [0,1] for SURE's derivative

SURE = "SURE"
J_INVARIANCE = "J-invariance"


@dataclass(frozen=True)
class Rating:
    """The error of a network that is told a noise level, estimated without the clean picture."""

    sigma: float | None  # told, in [0,1]; None: auto
    rms: float  # estimated root mean square error in [0,1]; J-invariance includes the noise


@dataclass(frozen=True)
class LevelSelection:
    """The noise level with the lowest estimated error, and all that were tried."""

    sigma: float | None  # to tell, in [0,1]; None: auto
    judged_by: str | None  # SURE or J-invariance; None: neither works for such noise, so auto
    ratings: tuple[Rating, ...]


def select_level(
    image: Pixels, denoise: Denoise, highest: float = 1.0, *, zoo: Zoo | None = None
) -> LevelSelection:
    """Select the noise level to tell a network, on up to four crops of a picture.

    White noise is scored by SURE, Stein's unbiased risk estimate, with a random probe (Ramani, Blu,
    Unser, 2008). Noise that neighbouring pixels share is scored by J-invariance (Batson, Royer,
    2019), on every second pixel of every second row, which share less of it. A level other than
    auto must be better by a margin; none above `highest` is tried.
    """
    from scipy.stats import kurtosis  # takes half a second to import

    level, correlation, *_ = estimate_noise(image, zoo=zoo)
    crops = cut_crops(image)
    tried = levels_to_try(level, highest)
    if correlation > CORRELATED:
        return _best(J_INVARIANCE, tried, _j_invariant_errors(crops, denoise, tried))
    guessed = [denoise(crop, None) for crop in crops]
    residual = np.stack(crops) - np.stack(guessed)
    if not residual.any() or kurtosis(residual, axis=None) > SPIKY:
        return LevelSelection(None, None, ())
    # Near black and white, noise may be clipped, which would mislead SURE.
    unclipped = [(level <= image) & (image <= 1 - level) for image in guessed]
    return _best(SURE, tried, _sure_errors(crops, unclipped, denoise, tried))


def levels_to_try(level: float, highest: float = 1.0) -> tuple[float | None, ...]:
    """Return auto and the levels to try around an estimated level."""
    return None, *sorted({round(min(highest, level * factor), 6) for factor in FACTORS})


def _best(estimator: str, tried: tuple[float | None, ...], errors: list[float]) -> LevelSelection:
    ratings = tuple(
        Rating(told, round(math.sqrt(max(0.0, error)), 6))
        for told, error in zip(tried, errors, strict=True)
    )
    auto, best = errors[0], min(errors)
    is_better = auto - best > MARGIN * abs(auto)
    return LevelSelection(tried[errors.index(best)] if is_better else None, estimator, ratings)


def _sure_errors(
    crops: list[Pixels],
    unclipped: list[NDArray[np.bool_]],
    denoise: Denoise,
    tried: tuple[float | None, ...],
) -> list[float]:
    """Return the estimated mean squared error for each level; the first one is auto."""
    pairs = list(zip(crops, unclipped, strict=True))
    found = [[_change(crop, part, denoise, told) for crop, part in pairs] for told in tried]
    changes, divergences = np.mean(found, axis=1).T
    variance = changes[0] / (1 - divergences[0])  # as in generalised cross-validation
    errors: list[float] = (changes + variance * (2 * divergences - 1)).tolist()
    return errors


def _change(
    noisy: Pixels, part: NDArray[np.bool_], denoise: Denoise, told: float | None
) -> tuple[float, float]:
    """Return the mean square of the change and the mean derivative, in a part of a picture."""
    probe = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), noisy.shape)
    denoised = denoise(noisy, told)
    moved = denoise(noisy + PROBE * probe, told)
    part = part if part.any() else np.ones_like(part)
    change = np.square(denoised - noisy)[part].mean()
    return float(change), float((probe * (moved - denoised))[part].mean() / PROBE)


def _j_invariant_errors(
    crops: list[Pixels], denoise: Denoise, tried: tuple[float | None, ...]
) -> list[float]:
    """Return the error of a network on pixels that it was not shown, for each level."""
    sparse = [crop[top::2, left::2] for crop in crops for top in (0, 1) for left in (0, 1)]
    parameters: dict[str, Any] = {"told": tried, "channel_axis": [-1]}
    calibrate = partial(restoration.calibrate_denoiser, extra_output=True)
    losses = [calibrate(part, partial(_told, denoise), parameters)[1][1] for part in sparse]
    means: list[float] = np.mean(losses, axis=0).tolist()
    return means


def _told(denoise: Denoise, image: Pixels, *, told: float | None, channel_axis: int) -> Pixels:  # noqa: ARG001
    return denoise(image, told)
