"""Ways to spoil an image, seeded: the kinds of noise, their ranges and one `add_noise`."""

import io
import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from denoise.errors import ImageError, SettingError
from denoise.images.arrays import LUMA, ImageT, from_unit, to_8_bits, to_unit, unpack

Pixels = NDArray[np.float64]  # (H, W, C), sRGB in [0,1]

CAMERA_BLUR = 0.7  # pixels; about what demosaicing and a camera's own smoothing leave
CAMERA_GRAY_SHARE = 0.5  # of the noise's variance that the channels have in common
CAMERA_READ_SHARE = 0.2  # of the variance at middle gray that does not depend on the light
FIREFLY_LIGHT = 4.0  # mean brightness of a firefly, in whites, before a picture clips it
POISSON_BANDS = 8  # drawn at the same time; another number would draw other noise
MAX_STAGES = 8  # of a mixture
MAX_JPEG_SIDE = 65_500  # pixels, as Pillow writes it


def add_noise(
    image: ImageT,
    kind: str = "gaussian",
    level: float = 0.1,
    *,
    seed: int = 0,
    clip: bool = False,
    gray: bool = False,
) -> ImageT:
    """Gives `image` with seeded noise, in the same type, shape and dtype.

    The noise is drawn by numpy's PCG64 in float64 as (H, W, C): the same kind, level, seed and
    shape give the same noise everywhere. The images of a batch take their noise one after
    another from one generator. Transparency is left alone.

    Args:
        image: PIL image, array (H, W) or (H, W, C) of uint8, uint16 or float in [0,1], or
            tensor (N, C, H, W) in [0,1].
        kind: one of `KINDS`, or a mixture such as "gaussian:0.1+salt-pepper:0.02", whose parts
            are applied from left to right, each at its own level.
        level: 0 (unchanged) to the kind's `max_level`, in the kind's own unit; of no meaning for a
            mixture.
        seed: 0 or more.
        clip: whether a float result is clipped to [0,1]; integers always are.
        gray: whether all channels get the same noise, that of their luma.

    Raises:
        SettingError: unknown kind; level or seed out of range.
        ImageError: an image of another type, shape or mode.
    """
    stages = find_stages(kind, level)
    rng = seeded_generator(seed)
    images, repack = unpack(image)
    noisy = to_unit(images, np.float64)
    for noise, stage_level in stages:
        apply = partial(_apply_to_luma, noise) if gray and not noise.hits_pixels else noise.apply
        for index, one in enumerate(noisy if stage_level > 0 else ()):
            noisy[index] = apply(one, stage_level, rng)
    noisy = np.clip(noisy, 0, 1) if clip else noisy
    result: ImageT = repack(from_unit(noisy, images.dtype))
    return result


@dataclass(frozen=True)
class NoiseKind:
    """A kind of noise: `apply(clean, level, rng)` gives (H, W, C) float64, not clipped."""

    name: str
    max_level: float
    meaning: str  # of the level
    apply: Callable[[Pixels, float, np.random.Generator], Pixels]
    describe: Callable[[float], str]  # a level in the unit that people know it by
    hits_pixels: bool = False  # whether it takes whole pixels, all channels at once


def find_kind(name: str) -> NoiseKind:
    """Gives the kind of that name.

    Raises:
        SettingError: there is none.
    """
    if not isinstance(name, str) or name not in KINDS:
        raise SettingError(f"Unknown kind of noise {name!r}; choose one of: {', '.join(KINDS)}.")
    return KINDS[name]


def is_mixture(kind: str) -> bool:
    """Tells whether a kind of noise is written as a mixture, with levels of its own."""
    return isinstance(kind, str) and ":" in kind


def find_stages(kind: str, level: float) -> list[tuple[NoiseKind, float]]:
    """Gives the kinds of noise, in their order, and their levels: one, or those of a mixture.

    Raises:
        SettingError: a kind that is unknown, a level out of range, or another grammar.
    """
    if not is_mixture(kind):
        return [(found := find_kind(kind), check_level(found, level))]
    parts = kind.split("+")
    if len(parts) > MAX_STAGES:
        raise SettingError(f"A mixture has at most {MAX_STAGES} parts; this one has {len(parts)}.")
    stages = []
    for part in parts:
        match = re.fullmatch(r"([a-z-]+):(\d{0,3}\.?\d{1,9})(?:/(\d{1,3}))?", part.strip())
        if match is None:
            raise SettingError(
                "A mixture is written like gaussian:0.1+salt-pepper:0.02 or gaussian:25/255; "
                f"{part.strip()[:40]!r} is no part of one."
            )
        found = find_kind(match[1])
        stages.append((found, check_level(found, float(match[2]) / max(1, int(match[3] or 1)))))
    return stages


def check_level(kind: NoiseKind, level: float) -> float:
    """Gives a level back where it is one: from 0 to the kind's `max_level`.

    Raises:
        SettingError: it is not.
    """
    is_number = isinstance(level, (int, float)) and not isinstance(level, bool)
    if is_number and 0 <= level <= kind.max_level:
        return level
    is_of_255 = is_number and 1 < level <= 255 and kind.meaning.startswith(_STD)
    hint = f" Did you mean {level:g}/255?" if is_of_255 else ""
    raise SettingError(
        f"The level of {kind.name} noise is {kind.meaning}, a number from 0 to "
        f"{kind.max_level:g}; {level!r} is not.{hint}"
    )


def seeded_generator(seed: int) -> np.random.Generator:
    """Gives numpy's PCG64 generator for a seed of 0 or more.

    Raises:
        SettingError: another seed.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SettingError(f"The seed is a whole number, 0 or more; {seed} is not.")
    return np.random.Generator(np.random.PCG64(int(seed)))


def camera_noise(
    clean: Pixels,
    level: float,
    rng: np.random.Generator,
    *,
    blur: float = CAMERA_BLUR,
    gray_share: float = CAMERA_GRAY_SHARE,
    read_share: float = CAMERA_READ_SHARE,
) -> Pixels:
    """Adds noise as a camera's pipeline leaves it: correlated and dependent on the light.

    Shot noise grows with the light and is compressed by the sRGB tone curve; demosaicing and
    smoothing blur it and mix the channels.

    Args:
        clean: (H, W, C) in [0,1].
        level: standard deviation at middle gray (0.5).
        rng: draws the noise.
        blur: standard deviation of the smoothing, in pixels; 0 for none.
        gray_share: of the variance, common to all channels.
        read_share: of the variance at middle gray, independent of the light.
    """
    noisy = np.empty_like(clean)
    channels = range(clean.shape[2])
    gray = math.sqrt(gray_share) * rng.standard_normal(clean.shape[:2])

    def spoil(channel: int, own: np.random.Generator) -> None:
        field = gray + math.sqrt(1 - gray_share) * own.standard_normal(gray.shape)
        if blur > 0:
            field = gaussian_filter(field, blur, mode="wrap") / _blurred_std(blur)
        for top in range(0, len(field), 64):  # what is worked on stays in the processor's cache
            rows = slice(top, top + 64)
            signal = clean[rows, :, channel]
            gain = level * _camera_gain(np.ascontiguousarray(signal), read_share)
            noisy[rows, :, channel] = signal + gain * field[rows]

    with ThreadPoolExecutor() as threads:  # each channel draws from a generator of its own
        list(threads.map(spoil, channels, rng.spawn(len(channels))))
    return noisy


def _camera_gain(clean: Pixels, read_share: float) -> Pixels:
    middle = np.array(0.5)
    return _camera_std(clean, read_share) / _camera_std(middle, read_share)


def _camera_std(signal: NDArray[np.float64], read_share: float) -> NDArray[np.float64]:
    shade = np.clip(signal, 0, 1)
    light = shade**2.2  # sRGB's curve, near enough
    variance = read_share * 0.5**2.2 + (1 - read_share) * light
    slope = np.maximum(shade, 0.1) / np.maximum(light, 0.1**2.2)  # of it; bounded in the shadows
    return np.asarray(np.sqrt(variance) * slope)


def _blurred_std(blur: float) -> float:
    """Gives the standard deviation of white noise of deviation 1 after `gaussian_filter`."""
    impulse = np.zeros(int(8 * blur + 2) * 2 + 1)
    impulse[len(impulse) // 2] = 1
    return float(np.sum(gaussian_filter(impulse, blur) ** 2))


def _apply_to_luma(
    noise: NoiseKind, clean: Pixels, level: float, rng: np.random.Generator
) -> Pixels:
    """Gives every channel what noise does to the luma."""
    luma = (clean @ LUMA)[..., None] if clean.shape[2] == 3 else clean
    return clean + noise.apply(luma, level, rng) - luma


def _gaussian(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return clean + level * rng.standard_normal(clean.shape)


def _uniform(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    half_width = level * math.sqrt(3)
    return clean + rng.uniform(-half_width, half_width, clean.shape)


def _speckle(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return clean * (1 + level * rng.standard_normal(clean.shape))


def _poisson(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    peak = 1 / level**2  # photons that white stands for
    if peak > 1e12:  # beyond what the sampler's integers hold; the noise is invisible there
        return clean

    def spoil(band: Pixels, own: np.random.Generator) -> Pixels:
        return own.poisson(np.clip(band, 0, None) * peak) / peak

    with ThreadPoolExecutor() as threads:  # each band of rows draws from a generator of its own
        bands = np.array_split(clean, POISSON_BANDS)
        return np.concatenate(list(threads.map(spoil, bands, rng.spawn(POISSON_BANDS))))


def _salt_pepper(clean: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    draw = rng.random((*clean.shape[:2], 1))  # one for all channels: a pixel is hit as a whole
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
    """Adds the fireflies of a path tracer: rare paths of much light, tinted by what they met.

    Where few paths are traced a pixel, one that finds a lamp by chance outshines all others.
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
_STD = "its standard deviation"
KINDS = {
    kind.name: kind
    for kind in (
        NoiseKind("gaussian", 1.0, _STD, _gaussian, _in_255),
        NoiseKind("poisson", 1.0, "1 / square root of the peak photon count", _poisson, _photons),
        NoiseKind("salt-pepper", 1.0, _SHARE, _salt_pepper, _percent, hits_pixels=True),
        NoiseKind(
            "speckle",
            1.0,
            "the standard deviation of its factor",
            _speckle,
            lambda level: f"{100 * level:.3g}% of the light",
        ),
        NoiseKind("uniform", 1.0, _STD, _uniform, _in_255),
        NoiseKind(
            "jpeg",
            0.99,
            "1 - quality / 100",
            _jpeg,
            lambda level: f"quality {_jpeg_quality(level)}",
        ),
        NoiseKind("camera", 0.5, "its standard deviation at middle gray", camera_noise, _in_255),
        NoiseKind(
            "render", 0.2, "the share of firefly pixels", _render, _percent, hits_pixels=True
        ),
    )
}
