"""The noise that a network for every picture is trained on: all kinds that people bring."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from denoise.training import spoiling
from denoise.training.compression import compress
from denoise.training.spoiling import Noisy, Patch, log_uniform, resized, to_8_bits

MARGIN = 12  # pixels around a patch: for filters, and for a JPEG's blocks to lie anywhere
MAX_SHRINKING = 3.0
SHARPENED_SHARE = 0.5  # of shrunk patches


class Spoilt(NamedTuple):
    """A clean patch, what was made of it, and how strong the noise is where, if that varies."""

    clean: Patch
    noisy: Patch
    deviation: NDArray[np.float32] | None


@dataclass(frozen=True)
class Kind:
    """One kind of noise: how often it is drawn, and what else happens to its patches."""

    share: float
    spoil: Callable[[Patch, np.random.Generator], Noisy]
    known: float = 0.3  # share of patches whose level is told
    drawn: float = 0.06  # share of patches cut from drawings, not from photographs
    drawings: tuple[str, ...] = ()  # kinds of them; none named: all, by DRAWING_SHARES
    dimmed: float = 0.1  # share of patches that are made darker first
    softened: float = 0.0  # share of patches that are blurred first, as straight from a camera
    shrunk: float = 0.0  # share of patches that are shrunk with their noise
    compressed: float = 0.0  # share that goes through a JPEG or WebP file afterwards
    lowest_quality: float = 50.0  # of that file
    rounded: float = 1.0  # share in 8 bits


ALL_KINDS = {
    "white": Kind(
        0.36, spoiling.add_white, known=0.5, drawn=0.1, shrunk=0.04, compressed=0.16, rounded=0.6
    ),
    "part": Kind(0.025, spoiling.add_in_a_part, known=0.4, drawn=0.1, compressed=0.15),
    "camera": Kind(
        0.24,
        spoiling.add_camera,
        drawn=0.04,
        dimmed=0.2,
        softened=0.45,
        shrunk=0.35,
        compressed=0.55,
    ),
    "rough camera": Kind(0.08, spoiling.add_rough_camera, drawn=0.02, softened=0.5, compressed=0.2),
    "impulses": Kind(0.06, spoiling.add_impulses, drawn=0.08, compressed=0.05),
    "photons": Kind(
        0.06,
        spoiling.add_photons,
        known=0.4,
        drawn=0.35,
        drawings=("cells", "stars"),
        dimmed=0.5,
        compressed=0.1,
        rounded=0.8,
    ),
    "coarse": Kind(0.045, spoiling.add_coarse, softened=0.2, compressed=0.2),
    "file": Kind(0.04, spoiling.leave_to_file, drawn=0.12, compressed=1.0, lowest_quality=8.0),
    "clean": Kind(0.06, spoiling.leave_clean, drawn=0.5, softened=0.1),
}
DRAWING_SHARES = {
    "page": 0.3,
    "chart": 0.14,
    "pixel art": 0.14,
    "stars": 0.11,
    "cells": 0.09,
    "shades": 0.09,
    "halftone": 0.13,
}
RENDER_SHARE = 0.04  # of all patches, where there are renders


def make_spoilt(
    kind: Kind, cut: Callable[[int], Patch], side: int, rng: np.random.Generator
) -> Spoilt:
    """Return a patch of `side` pixels under a kind of noise.

    Args:
        kind: of the noise.
        cut: gives a clean patch, (N, N, C), of N pixels a side.
        side: pixels.
        rng: draws everything.
    """
    factor = _shrinking(rng) if rng.random() < kind.shrunk else 1.0
    whole = side + 2 * MARGIN
    clean = cut(math.ceil(whole * factor))
    if rng.random() < kind.dimmed:
        clean *= np.float32(rng.uniform(0.15, 1.0))
    if rng.random() < kind.softened:
        blur = rng.uniform(0.4, 1.2)
        clean = gaussian_filter(clean, (blur, blur, 0))
    noisy, deviation = kind.spoil(clean, rng)
    if factor > 1:
        clean, noisy, deviation = _shrink(clean, noisy, whole, rng)
    if rng.random() < kind.compressed:
        noisy = compress(noisy, rng, lowest=kind.lowest_quality)
    elif rng.random() < kind.rounded:
        noisy = to_8_bits(noisy)
    top, left = rng.integers(0, 2 * MARGIN + 1, 2)
    place = (slice(top, top + side), slice(left, left + side))
    return Spoilt(clean[place], noisy[place], None if deviation is None else deviation[place])


def _shrink(
    clean: Patch, noisy: Patch, side: int, rng: np.random.Generator
) -> tuple[Patch, Patch, None]:
    """Return both patches shrunk to `side` pixels alike, the noise perhaps sharpened."""
    methods = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS)
    method = methods[rng.integers(3)]
    small = resized(clean, side, side, method)
    noise = resized(noisy - clean, side, side, method)
    if rng.random() < SHARPENED_SHARE:
        blur = rng.uniform(0.4, 1.2)
        noise += np.float32(rng.uniform(0, 1)) * (noise - gaussian_filter(noise, (blur, blur, 0)))
    return np.clip(small, 0, 1), small + noise, None


def _shrinking(rng: np.random.Generator) -> float:
    return log_uniform(1.1, MAX_SHRINKING, rng)
