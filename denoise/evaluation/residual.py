"""Analyse what a denoiser removed: only noise, or parts of the picture, too?"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from denoise.errors import ImageError
from denoise.images.arrays import from_unit, to_unit

Pixels = NDArray[Any]  # (H, W) or (H, W, C); uint8, uint16 or float in [0,1]

SHOWN_SPREAD = 4.0  # standard deviations that fill the amplified picture from black to white
MAX_GAIN = 64.0
BINS = 40  # of the histogram, about
RINGS = 32  # of the spectrum
NEIGHBOURHOOD = 2.0  # pixels, deviation of the window for the power of edges and residual
MIN_SIDE = 16


@dataclass(frozen=True, eq=False)
class Residual:
    """The residual, noisy - denoised, and figures that show whether it looks like noise."""

    picture: NDArray[np.uint8]  # the residual amplified around middle gray
    gain: float
    rms: float  # root mean square, in [0,1]
    histogram: NDArray[np.float64]  # (N, 3): value, density, density of the normal distribution
    spectrum: NDArray[np.float64]  # (RINGS, 2): cycles a pixel, power; 1 is the mean
    whiteness: float  # spectral flatness: 1 where all frequencies have the same power
    follows_edges: float  # -1 to 1: correlation of its local power with that of the edges


def analyse_residual(noisy: Pixels, denoised: Pixels) -> Residual:
    """Return what a denoiser removed, with figures about it.

    White noise has a whiteness near 1 and follows no edges. Parts of the picture that were removed
    with it show as power in few frequencies and near edges. Noise of cameras and JPEG is neither
    white nor the same everywhere, so its figures differ.

    Raises:
        ImageError: the shapes differ, or a side is under 16 pixels.
    """
    if noisy.shape != denoised.shape:
        raise ImageError("What was removed needs a noisy and a denoised picture of one size.")
    if min(noisy.shape[:2]) < MIN_SIDE:
        raise ImageError(f"What was removed needs at least {MIN_SIDE} pixels a side.")
    clean = np.atleast_3d(to_unit(denoised, np.float64))
    residual = np.atleast_3d(to_unit(noisy, np.float64)) - clean
    rms = math.sqrt(float(np.mean(residual**2)))
    gain = min(MAX_GAIN, 0.5 / (SHOWN_SPREAD * rms)) if rms > 0 else MAX_GAIN
    picture = from_unit(0.5 + gain * residual, np.dtype(np.uint8)).reshape(noisy.shape)
    spectrum = _radial_spectrum(residual)
    return Residual(
        picture=picture,
        gain=gain,
        rms=rms,
        histogram=_histogram(residual),
        spectrum=spectrum,
        whiteness=_flatness(spectrum[:, 1]),
        follows_edges=_edge_correlation(residual, clean),
    )


def _histogram(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = float(residual.std())
    # Bins are whole steps of 1/255 wide and centred on them: files have such steps.
    width = max(1, round(255 * 2 * SHOWN_SPREAD * deviation / BINS))
    reach = math.ceil(255 * SHOWN_SPREAD * deviation / width) + 0.5
    edges = np.arange(-reach, reach + 1) * width / 255
    density, _ = np.histogram(residual, edges, density=True)
    middles = (edges[1:] + edges[:-1]) / 2
    normal = np.zeros(len(middles))
    if deviation > 0:
        normal = np.exp(-0.5 * ((middles - residual.mean()) / deviation) ** 2)
        normal /= deviation * math.sqrt(2 * math.pi)
    return np.stack((middles, np.nan_to_num(density), normal), axis=1)


def _radial_spectrum(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mean power by radius up to the Nyquist frequency; 0 if nothing was removed."""
    height, width, _ = residual.shape
    centred = residual - residual.mean(axis=(0, 1))
    window = np.outer(np.hanning(height), np.hanning(width))[..., None]
    power = (np.abs(np.fft.fft2(centred * window, axes=(0, 1))) ** 2).mean(axis=2)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    edges = np.linspace(0, 0.5, RINGS + 1)
    ring = np.digitize(radius, edges) - 1
    within = ring < RINGS
    counts = np.bincount(ring[within], minlength=RINGS)
    sums = np.bincount(ring[within], power[within], minlength=RINGS)
    means = sums / np.maximum(counts, 1)
    mean = float(sums.sum() / counts.sum())
    return np.stack(((edges[1:] + edges[:-1]) / 2, means / mean if mean else means), axis=1)


def _flatness(power: NDArray[np.float64]) -> float:
    """Return geometric by arithmetic mean of the rings with power; 0 without any."""
    found = power[power > 0]
    return float(np.exp(np.log(found).mean()) / found.mean()) if found.size else 0.0


def _edge_correlation(residual: NDArray[np.float64], clean: NDArray[np.float64]) -> float:
    gray = clean.mean(axis=2)
    edges = sum(np.square(slope) for slope in np.gradient(gaussian_filter(gray, 1.0)))
    local = [
        np.sqrt(gaussian_filter(power, NEIGHBOURHOOD)).ravel()
        for power in (np.asarray(edges), np.square(residual).mean(axis=2))
    ]
    if min(float(one.std()) for one in local) < 1e-9:
        return 0.0
    return float(np.corrcoef(*local)[0, 1])
