"""Which noise level to tell a network: several are tried, and judged without the clean picture."""

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
Denoise = Callable[[Pixels, float | None], Pixels]  # told a noise level, or left to judge it

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0, 3.0)  # of the estimated level: what is tried beside auto
CORRELATED = 0.3  # of neighbouring pixels: white noise stays below 0, a camera's is about 0.5
# Excess kurtosis of what is taken away: 0 for Gaussian noise, up to 6 for speckle; 11 and more
# for salt and pepper, and where next to nothing is taken away.
SPIKY = 8.0
MARGIN = 0.05  # by which an estimate must be better than auto's: less is chance
PROBE = np.float32(0.005)  # step in [0,1] that SURE's derivative is taken with

SURE = "SURE"
J_INVARIANCE = "J-invariance"


@dataclass(frozen=True)
class Rating:
    """How a network does that is told a noise level, as estimated without the clean picture."""

    sigma: float | None  # told, in [0,1]; None: auto
    rms: float  # estimated root mean square error in [0,1]; by J-invariance noise is in it


@dataclass(frozen=True)
class Choice:
    """The noise level with the best estimate, and all that were tried."""

    sigma: float | None  # to tell, in [0,1]; None: auto
    judged_by: str | None  # SURE or J-invariance; None: neither holds for such noise, so auto
    ratings: tuple[Rating, ...]


def choose_sigma(
    image: Pixels, denoise: Denoise, highest: float = 1.0, *, zoo: Zoo | None = None
) -> Choice:
    """Gives the noise level to tell a network, judged on up to four crops of a picture.

    White noise is judged by SURE, Stein's unbiased risk estimate, with a random probe (Ramani,
    Blu, Unser, 2008); noise that neighbouring pixels share by J-invariance (Batson, Royer, 2019)
    on every second pixel of every second row, which share less of it. A level other than auto
    must be better by a margin.

    Args:
        image: (H, W, C) in [0,1], noisy.
        denoise: the network at work on such an image of any size.
        highest: level to try.
        zoo: that the judging network may be from; None: the bundled one.
    """
    from scipy.stats import kurtosis  # takes half a second to import

    level, correlation, *_ = estimate_noise(image, zoo=zoo)
    crops = cut_crops(image)
    tried = levels_to_try(level, highest)
    if correlation > CORRELATED:
        return _best(J_INVARIANCE, tried, _j_invariant_errors(crops, denoise, tried))
    guessed = [denoise(crop, None) for crop in crops]
    removed = np.stack(crops) - np.stack(guessed)
    if not removed.any() or kurtosis(removed, axis=None) > SPIKY:
        return Choice(None, None, ())
    # Near black and white noise may have been cut off, which would mislead SURE.
    is_open = [(level <= image) & (image <= 1 - level) for image in guessed]
    return _best(SURE, tried, _sure_errors(crops, is_open, denoise, tried))


def levels_to_try(level: float, highest: float = 1.0) -> tuple[float | None, ...]:
    """Gives auto and the levels to try where that one was estimated."""
    return None, *sorted({round(min(highest, level * factor), 6) for factor in FACTORS})


def _best(judged_by: str, tried: tuple[float | None, ...], errors: list[float]) -> Choice:
    ratings = tuple(
        Rating(told, round(math.sqrt(max(0.0, error)), 6))
        for told, error in zip(tried, errors, strict=True)
    )
    auto, best = errors[0], min(errors)
    is_better = auto - best > MARGIN * abs(auto)
    return Choice(tried[errors.index(best)] if is_better else None, judged_by, ratings)


def _sure_errors(
    crops: list[Pixels],
    is_open: list[NDArray[np.bool_]],
    denoise: Denoise,
    tried: tuple[float | None, ...],
) -> list[float]:
    """Gives the estimated mean squared error for each level; the first of them is auto."""
    pairs = list(zip(crops, is_open, strict=True))
    found = [[_change(crop, part, denoise, told) for crop, part in pairs] for told in tried]
    changes, divergences = np.mean(found, axis=1).T
    variance = changes[0] / (1 - divergences[0])  # as in generalised cross-validation
    errors: list[float] = (changes + variance * (2 * divergences - 1)).tolist()
    return errors


def _change(
    noisy: Pixels, part: NDArray[np.bool_], denoise: Denoise, told: float | None
) -> tuple[float, float]:
    """Gives the mean square of what is taken away, and the mean of the derivative, in a part."""
    probe = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), noisy.shape)
    denoised = denoise(noisy, told)
    moved = denoise(noisy + PROBE * probe, told)
    part = part if part.any() else np.ones_like(part)
    change = np.square(denoised - noisy)[part].mean()
    return float(change), float((probe * (moved - denoised))[part].mean() / PROBE)


def _j_invariant_errors(
    crops: list[Pixels], denoise: Denoise, tried: tuple[float | None, ...]
) -> list[float]:
    """Gives how far off a network finds pixels that it was not shown, for each level."""
    sparse = [crop[top::2, left::2] for crop in crops for top in (0, 1) for left in (0, 1)]
    parameters: dict[str, Any] = {"told": tried, "channel_axis": [-1]}
    losses = [
        restoration.calibrate_denoiser(
            part, partial(_told, denoise), parameters, extra_output=True
        )[1][1]
        for part in sparse
    ]
    means: list[float] = np.mean(losses, axis=0).tolist()
    return means


def _told(denoise: Denoise, image: Pixels, *, told: float | None, channel_axis: int) -> Pixels:  # noqa: ARG001
    return denoise(image, told)
