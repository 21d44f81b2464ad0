"""Measure PSNR by the published protocol, and speed: the tables of README and cards."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from denoise.errors import ImageError
from denoise.images.arrays import from_unit
from denoise.images.reading import load_picture
from denoise.inference.denoiser import Denoiser
from denoise.metrics import psnr, ssim

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}
SPEED_SIDE = 1024  # pixels of the square picture that speed is measured on
SPEED_RUNS = 5


@dataclass(frozen=True)
class Row:
    """One row of the table: means over all pictures of a set."""

    model: str
    set_name: str
    pictures: int
    sigma_255: float
    told: bool  # whether the network was told sigma
    eight_bit: bool  # whether the noisy picture was clipped and rounded, as an upload is
    psnr_noisy: float
    psnr: float
    ssim: float


def load_set(folder: Path) -> list[NDArray[np.uint8]]:
    """Load the pictures of a folder in sorted order, (H, W) or (H, W, 3).

    Raises:
        ImageError: there is no such folder, or it has no 8-bit pictures.
    """
    if not folder.is_dir():
        raise ImageError(f"There is no folder {folder}; a set is a folder of clean pictures.")
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ImageError(f"There are no pictures in {folder} to measure on.")
    pictures = [load_picture(file).pixels for file in files]
    if any(pixels.dtype != np.uint8 for pixels in pictures):
        raise ImageError(f"The protocol asks for 8-bit pictures; {folder} holds others.")
    return pictures


def add_float_noise(clean: NDArray[np.uint8], index: int, sigma_255: float) -> NDArray[np.float32]:
    """Add N(0, sigma) to the index-th picture of a set, neither clipped nor rounded.

    The index seeds numpy's `default_rng`, which draws the noise.
    """
    noise = np.random.default_rng(index).standard_normal(clean.shape)
    return (clean / 255 + sigma_255 / 255 * noise).astype(np.float32)


def measure(
    denoiser: Denoiser,
    pictures: list[NDArray[np.uint8]],
    sigma_255: float,
    *,
    told: bool = True,
    eight_bit: bool = False,
    set_name: str = "",
) -> Row:
    """Measure the mean PSNR and SSIM of a model over clean pictures, (H, W) or (H, W, 3).

    The noise is that of `add_float_noise`; with `eight_bit`, the noisy picture is clipped and
    rounded first. Results are clamped and rounded to 8 bits. PSNR is over all channels, and no
    border is cut off.
    """
    sigma = sigma_255 / 255
    figures = []
    for index, clean in enumerate(pictures):
        noisy = add_float_noise(clean, index, sigma_255)
        shown = from_unit(noisy, np.dtype(np.uint8))
        denoised = denoiser(shown if eight_bit else noisy, sigma if told else None)
        result = from_unit(denoised, np.dtype(np.uint8)) if not eight_bit else denoised
        before = psnr(clean, shown) if eight_bit else psnr(clean / 255, noisy.astype(np.float64))
        figures.append((before, psnr(clean, result), ssim(clean, result)))
    means = (statistics.mean(column) for column in zip(*figures, strict=True))
    return Row(denoiser.facts.name, set_name, len(pictures), sigma_255, told, eight_bit, *means)


def measure_table(
    denoisers: list[Denoiser], folder: Path, sigmas_255: list[float]
) -> Iterator[Row]:
    """Yield the rows of a table: sigma told, at auto, and at auto from 8 bits."""
    pictures = load_set(folder)
    for denoiser in denoisers:
        ways = [(True, False)] if denoiser.facts.needs.takes_sigma else []
        ways += [(False, False), (False, True)]
        for sigma_255 in sigmas_255:
            for told, eight_bit in ways:
                yield measure(
                    denoiser,
                    pictures,
                    sigma_255,
                    told=told,
                    eight_bit=eight_bit,
                    set_name=folder.name,
                )


def measure_speed(denoiser: Denoiser, side: int = SPEED_SIDE) -> float:
    """Measure seconds per Mpixel: the median of five runs on a square picture of noise."""
    rng = np.random.default_rng(0)
    size = denoiser.facts.needs.fixed_size
    shape = (side, side, 3) if size is None else (size, size)
    picture = rng.integers(0, 256, shape, dtype=np.uint8)
    seconds = []
    for _ in range(SPEED_RUNS + 1):  # the first run warms up
        started = time.perf_counter()
        denoiser(picture)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:]) / (shape[0] * shape[1] / 1e6)
