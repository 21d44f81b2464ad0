"""Add noise to a clean image, denoise it by several methods, and measure the results."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.defaults import LEVELS
from denoise.errors import SettingError
from denoise.evaluation.baselines import BASELINES, denoise_with_baseline
from denoise.evaluation.methods import CleanImage, Pixels
from denoise.evaluation.results import MethodResult
from denoise.images.arrays import to_8_bits, to_unit
from denoise.inference.denoiser import Denoiser
from denoise.inference.settings import Settings
from denoise.metrics import haarpsi, psnr, ssim
from denoise.noise.synthesis import NoiseSpec, find_kind, is_mixture

NOISY = "noisy"  # the method that does nothing
MAX_LEVELS = 32
NO_MIXTURE = "A sweep takes one kind of noise, not a mixture."
SLOW_SIDE = 256  # pixels; slow methods get the middle of a larger image


def compare(
    image: CleanImage,
    spec: NoiseSpec,
    find_denoiser: Callable[[str], Denoiser] = Denoiser,
    *,
    is_told: bool = False,
) -> Iterator[MethodResult]:
    """Yield the result of each method as it is done; the noisy image itself comes first.

    Results are rounded to 8 bits before they are measured. With `is_told`, networks that can be
    told the noise level are told it: the root mean square of noisy - clean. Baselines always are.

    Raises:
        SettingError: an unknown kind of noise, or a bad level or seed.
        DenoiseError: a method that cannot be loaded or does not take such an image.
    """
    clean = image.clean
    noisy = spec.add_to(clean)
    sigma = min(1.0, float(np.sqrt(np.mean((to_unit(noisy, np.float64) - to_unit(clean)) ** 2))))
    yield _measure(NOISY, clean, noisy, title="Noisy")
    for method in image.methods:
        if method in BASELINES:
            yield _run_baseline(method, clean, noisy, sigma)
        else:
            told = sigma if is_told else None
            yield _run_network(find_denoiser(method), method, clean, noisy, told)


def levels_for(kind: str) -> list[float]:
    """Return those of LEVELS in the range of a kind; SettingError: it is unknown, or a mixture."""
    if is_mixture(kind):
        raise SettingError(NO_MIXTURE)
    highest = find_kind(kind).max_level
    return [level for level in LEVELS if level <= highest]


def sweep(
    image: CleanImage,
    spec: NoiseSpec,
    levels: Sequence[float],
    find_denoiser: Callable[[str], Denoiser] = Denoiser,
    *,
    is_told: bool = False,
) -> Iterator[tuple[float, MethodResult]]:
    """Yield the results of `compare` at one noise level after another, with the level.

    The levels replace that of `spec`; each is in the range of its kind.

    Raises:
        SettingError: as `compare` does; also a mixture, no level, or more than MAX_LEVELS.
        DenoiseError: as `compare` does.
    """
    if is_mixture(spec.kind):
        raise SettingError(NO_MIXTURE)
    if not 0 < len(levels) <= MAX_LEVELS:
        raise SettingError(f"A sweep takes 1 to {MAX_LEVELS} levels; these are {len(levels)}.")
    steps = [replace(spec, level=level) for level in levels]  # refuses a bad level at once
    for step in steps:
        for result in compare(image, step, find_denoiser, is_told=is_told):
            yield step.level, result


def _run_network(
    denoiser: Denoiser, method: str, clean: Pixels, noisy: NDArray[Any], sigma: float | None
) -> MethodResult:
    facts = denoiser.facts
    told = sigma if facts.needs.takes_sigma else None
    started = time.perf_counter()
    denoised, done = denoiser.run(noisy, Settings(sigma=told), always_estimate=False)
    seconds = time.perf_counter() - started
    result = _measure(method, clean, denoised, seconds=seconds)
    return replace(result, parameters=facts.parameters, told=told, note=" ".join(done.warnings))


def _run_baseline(method: str, clean: Pixels, noisy: NDArray[Any], sigma: float) -> MethodResult:
    baseline = BASELINES[method]
    note = ""
    if baseline.is_slow and max(clean.shape[:2]) > SLOW_SIDE:
        clean, noisy = _middle(clean), _middle(noisy)
        size = f"{clean.shape[1]}x{clean.shape[0]}"
        before = psnr(clean, to_8_bits(noisy))
        note = f"slow: only the middle {size} pixels, which are noisy at {before:.2f} dB"
    started = time.perf_counter()
    denoised = denoise_with_baseline(noisy, method, sigma)
    seconds = time.perf_counter() - started
    result = _measure(method, clean, denoised, title=baseline.title, seconds=seconds)
    return replace(result, told=sigma, note=note)


def _measure(
    method: str,
    clean: Pixels,
    image: NDArray[Any],
    *,
    title: str = "",
    seconds: float | None = None,
) -> MethodResult:
    shown = to_8_bits(image)
    height, width = clean.shape[:2]
    return MethodResult(
        method=method,
        title=title or method,
        image=shown,
        psnr=psnr(clean, shown),
        ssim=ssim(clean, shown) if min(height, width) >= 11 else None,
        haarpsi=haarpsi(clean, shown) if min(height, width) >= 16 else None,
        seconds_per_mpixel=seconds and seconds * 1e6 / (height * width),
        parameters=None,
        told=None,
    )


def _middle(image: NDArray[Any]) -> NDArray[Any]:
    top, left = (max(0, side - SLOW_SIDE) // 2 for side in image.shape[:2])
    return image[top : top + SLOW_SIDE, left : left + SLOW_SIDE]
