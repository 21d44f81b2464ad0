"""The kinds of noise: what each does to an image, and the range of its level."""

import io
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.errors import ImageError
from denoise.images.arrays import to_8_bits
from denoise.noise.typical_camera import STAGES, add_camera_noise

Pixels = NDArray[np.float64]  # (H, W, C), sRGB in [0,1]

FIREFLY_LIGHT = 4.0  # mean brightness of a firefly before clipping; white is 1
POISSON_BANDS = 8  # drawn in parallel; another number gives other noise
MAX_JPEG_SIDE = 65_500  # pixels, as Pillow writes it


@dataclass(frozen=True)
class NoiseKind:
    """A kind of noise; `apply(clean, level, rng)` returns (H, W, C) float64, not clipped."""

    name: str
    max_level: float
    meaning: str  # of the level
    apply: Callable[..., Pixels]
    describe: Callable[[float], str]  # a level in its usual unit
    hits_pixels: bool = False  # whether it replaces whole pixels, all channels at once
    stages: tuple[str, ...] = ()  # that `apply(..., without=...)` leaves out


def _gaussian(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return clean + level * rng.standard_normal(clean.shape)


def _uniform(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    half_width = level * math.sqrt(3)
    return clean + rng.uniform(-half_width, half_width, clean.shape)


def _speckle(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return clean * (1 + level * rng.standard_normal(clean.shape))


def _poisson(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    peak = 1 / level**2  # photons at white
    if peak > 1e12:  # beyond the sampler's integers; the noise is invisible there
        return clean

    def spoil(band: Pixels, own: np.random.Generator) -> Pixels:
        return own.poisson(np.clip(band, 0, None) * peak) / peak

    with ThreadPoolExecutor() as threads:  # each band of rows has a generator of its own
        bands = np.array_split(clean, POISSON_BANDS)
        return np.concatenate(list(threads.map(spoil, bands, rng.spawn(POISSON_BANDS))))


def _salt_pepper(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    draw = rng.random((*clean.shape[:2], 1))  # one draw for all channels: whole pixels are hit
    return np.where(draw < level / 2, 0.0, np.where(draw < level, 1.0, clean))


def _jpeg(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    if max(clean.shape[:2]) > MAX_JPEG_SIDE:
        raise ImageError(f"A JPEG has at most {MAX_JPEG_SIDE} pixels a side; choose other noise.")
    file = io.BytesIO()
    pixels = to_8_bits(clean)
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(
        file, "JPEG", quality=_jpeg_quality(level)
    )
    with Image.open(file) as decoded:
        return (np.asarray(decoded) / 255.0).reshape(clean.shape)


def _render(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    """Add the fireflies of a path tracer: rare bright pixels, tinted by the surfaces around.

    With few paths per pixel, one that happens to hit a lamp outshines all others.
    """
    height, width, channels = clean.shape
    hit = np.nonzero(rng.random((height, width)) < level)
    light = rng.exponential(FIREFLY_LIGHT, (height, width, 1))[hit]
    tint = clean[hit] + 0.5 * rng.random((height, width, channels))[hit]
    tint /= np.maximum(tint.max(axis=1, keepdims=True), 1e-9)
    noisy: Pixels = clean.copy()
    noisy[hit] += light * tint
    return noisy


def _jpeg_quality(level: float) -> int:
    return max(1, round(100 * (1 - level)))


def _in_255(level: float) -> str:
    return f"sigma {255 * level:.3g}/255"


def _percent(level: float) -> str:
    return f"{100 * level:.3g}% of the pixels"


def _photons(level: float) -> str:
    return f"{1 / level**2:,.4g} photons at white" if level > 1e-6 else "endless photons"


_SHARE = "the share of pixels hit"
KIND_STD = "its standard deviation"
KINDS = {
    kind.name: kind
    for kind in (
        NoiseKind("gaussian", 1.0, KIND_STD, _gaussian, _in_255),
        NoiseKind("poisson", 1.0, "1 / square root of the peak photon count", _poisson, _photons),
        NoiseKind("salt-pepper", 1.0, _SHARE, _salt_pepper, _percent, hits_pixels=True),
        NoiseKind(
            "speckle",
            1.0,
            "the standard deviation of its factor",
            _speckle,
            lambda level: f"{100 * level:.3g}% of the light",
        ),
        NoiseKind("uniform", 1.0, KIND_STD, _uniform, _in_255),
        NoiseKind(
            "jpeg",
            0.99,
            "1 - quality / 100",
            _jpeg,
            lambda level: f"quality {_jpeg_quality(level)}",
        ),
        NoiseKind(
            "camera",
            0.5,
            "its standard deviation at middle gray",
            add_camera_noise,
            _in_255,
            stages=tuple(STAGES),
        ),
        NoiseKind(
            "render", 0.2, "the share of firefly pixels", _render, _percent, hits_pixels=True
        ),
    )
}
