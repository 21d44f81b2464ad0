"""Ways to spoil a patch, one for each kind of noise that people bring."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from denoise.images.arrays import LUMA
from denoise.noise import KINDS
from denoise.noise.camera import Camera, photograph
from denoise.noise.demosaicing import DEMOSAICINGS
from denoise.training.degradation import _photograph as photograph_roughly

Patch = NDArray[Any]  # (H, W, C), sRGB in [0,1]

MAX_SIGMA, USUAL_SIGMA = 75 / 255, 55 / 255
WHOLE_SHARE = 0.12  # of cameras, without a mosaic: shrunk in the camera, or scanned
FEW_IMPULSES = 0.012  # share of pixels; fewer, in a picture without noise, are its own points
MAX_POINTS = 0.003  # share of pixels that are isolated points in a clean picture
GAUSSIAN_PHOTONS = 200.0  # from here on photon noise is as good as Gaussian, and cheaper


class Noisy(NamedTuple):
    """A patch with noise, and where it is how strong, (H, W), if it is not everywhere alike."""

    patch: Patch
    deviation: NDArray[np.float32] | None = None


def add_white(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Add Gaussian noise: of any level, in all channels or alike in them, here and there."""
    level = _white_level(rng)
    noise = rng.standard_normal(clean.shape, np.float32)
    draw = rng.random()
    if draw < 0.08:  # grain of scanned film, or a gray picture kept in three channels
        noise[:] = noise[..., :1]
    elif draw < 0.14 and clean.shape[2] == 3:
        noise *= rng.uniform(0.2, 1.0, 3).astype(np.float32)
    if (draw := rng.random()) > 0.2:
        return Noisy(clean + np.float32(level) * noise)
    place = _part(clean, rng) if draw < 0.09 else _light_or_ramp(clean, rng)
    deviation = level * place
    return Noisy(clean + deviation[..., None] * noise, deviation)


def add_in_a_part(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Add Gaussian noise to a thing on plain ground, which has none."""
    part = _part(clean, rng)
    ground = 1.0 if rng.random() < 0.5 else rng.random(clean.shape[2])
    clean[:] = np.where(part[..., None] > 0, clean, np.rint(255 * np.float32(ground)) / 255)
    deviation = _white_level(rng) * part
    noise = rng.standard_normal(clean.shape, np.float32)
    return Noisy(clean + deviation[..., None] * noise, deviation)


def add_camera(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Photograph the patch with any camera, in any light."""
    return Noisy(photograph(clean, random_camera(rng, is_gray=clean.shape[2] == 1), rng))


def random_camera(rng: np.random.Generator, *, is_gray: bool = False) -> Camera:
    """Return a camera and an exposure, after Brooks et al. (2019), up to phones at night."""
    at_night = rng.random() < 0.2
    shot = log_uniform(4e-3, 3e-2, rng) if at_night else log_uniform(5e-5, 1.2e-2, rng)
    read = math.exp(2.18 * math.log(shot) + 1.20 + rng.normal(0, 0.26))
    is_smooth = rng.random() < 0.7
    is_whole = rng.random() < WHOLE_SHARE
    return Camera(
        gains=(rng.uniform(1.6, 2.5), 1.0, rng.uniform(1.3, 2.1)),
        matrix=_random_matrix(rng),
        tone=round(rng.uniform(0, 1), 1),
        shot=shot,
        read=read,
        row=rng.uniform(0.1, 0.6) if rng.random() < 0.15 else 0.0,
        bits=int(rng.choice([10, 12, 14])),
        shift=(int(rng.integers(2)), int(rng.integers(2))),
        demosaicing="none" if is_gray or is_whole else str(rng.choice(list(DEMOSAICINGS))),
        color_smoothing=log_uniform(0.5, 4.0, rng) if is_smooth else 0.0,
        light_smoothing=rng.uniform(0, 0.95) if rng.random() < 0.6 else 0.0,
        sharpening=rng.uniform(0, 1.2) if rng.random() < 0.5 else 0.0,
        sharpening_radius=rng.uniform(0.5, 1.5),
    )


def add_rough_camera(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Add noise of two scales with trembling edges, as files from cameras measure."""
    return Noisy(photograph_roughly(clean.astype(np.float64), rng).astype(np.float32))


def add_impulses(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Replace pixels by black, white or anything, some of them within Gaussian noise."""
    share = log_uniform(FEW_IMPULSES, 0.35, rng)
    noisy = clean
    if rng.random() < 0.35:  # within noise a single one is no point of the picture's own
        share = log_uniform(0.0005, 0.35, rng)
        level = rng.uniform(3 / 255, 30 / 255)
        noisy = clean + np.float32(level) * rng.standard_normal(clean.shape, np.float32)
    draw = rng.random()
    if draw < 0.15:
        return Noisy(KINDS["render"].apply(noisy, min(share, 0.1), rng).astype(np.float32))
    by_channel = rng.random() < 0.3
    shape = clean.shape if by_channel else (*clean.shape[:2], 1)
    hit = rng.random(shape, np.float32)
    salt = rng.random() if draw < 0.3 else 0.5
    if draw < 0.85:
        value = (rng.random(shape, np.float32) < salt).astype(np.float32)
    else:
        value = rng.random(clean.shape, np.float32)
    return Noisy(np.where(hit < share, value, noisy))


def add_photons(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Count photons: from 3 to 10,000 for white; or speckle, which grows with the light."""
    if rng.random() < 0.15:
        factor = 1 + rng.uniform(2 / 255, 0.4) * rng.standard_normal(clean.shape, np.float32)
        return Noisy(clean * factor)
    peak = log_uniform(3.0, 10_000.0, rng)
    if peak > GAUSSIAN_PHOTONS:
        noise = rng.standard_normal(clean.shape, np.float32)
        return Noisy(clean + np.sqrt(clean / np.float32(peak)) * noise)
    return Noisy((rng.poisson(np.clip(clean, 0, None) * peak) / peak).astype(np.float32))


def add_coarse(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Add grain of several pixels, noise that was enlarged with its picture, or stripes."""
    height, width, channels = clean.shape
    level = log_uniform(2 / 255, 30 / 255, rng)
    count = 1 if rng.random() < 0.4 else channels
    if rng.random() < 0.35:
        noise = _stripes(height, width, count, rng)
    elif rng.random() < 0.5:
        noise = rng.standard_normal((height, width, count), np.float32)
        blur = log_uniform(0.4, 3.0, rng)
        noise = gaussian_filter(noise, (blur, blur, 0))
    else:
        noise = _enlarged((height, width, count), rng)
    noise = noise / max(float(noise.std()), 1e-6)
    if rng.random() < 0.4:  # film's grain is strongest where it is neither black nor white
        noise = noise * (0.3 + 2.8 * clean * (1 - clean))
    return Noisy((clean + level * noise).astype(np.float32))


def leave_clean(clean: Patch, rng: np.random.Generator) -> Noisy:
    """Leave the patch alone, some with isolated points that are its own."""
    if rng.random() < 0.3:
        hit = rng.random(clean.shape[:2]) < rng.uniform(0, MAX_POINTS)
        if rng.random() < 0.3:  # a dotted line
            hit[rng.integers(len(hit)), :: rng.integers(2, 6)] = True
        values = rng.random((*clean.shape[:2], clean.shape[2]), np.float32)
        if rng.random() < 0.6:  # all of one colour, or black or white
            values[:] = np.rint(values[0, 0]) if rng.random() < 0.5 else values[0, 0]
        clean[hit] = values[hit]
    clean[:] = to_8_bits(clean)
    return Noisy(clean.copy())


def leave_to_file(clean: Patch, rng: np.random.Generator) -> Noisy:  # noqa: ARG001
    """Leave the patch to a JPEG or WebP file, which comes afterwards."""
    return Noisy(clean)


def log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """Return a number between the two, any factor as likely as any other."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def to_8_bits(patch: Patch) -> Patch:
    """Return the patch as a file of 8 bits holds it."""
    return np.asarray(np.rint(np.clip(patch, 0, 1) * 255) / np.float32(255))


def resized(patch: Patch, height: int, width: int, method: Image.Resampling) -> Patch:
    """Return the patch at another size, in its own precision."""
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(patch[..., i])).resize((width, height), method)
        )
        for i in range(patch.shape[2])
    ]
    return np.stack(planes, axis=2)


def _white_level(rng: np.random.Generator) -> float:
    draw = rng.random()
    if draw < 0.6:
        return rng.uniform(0, USUAL_SIGMA)
    if draw < 0.9:
        return log_uniform(0.7 / 255, 20 / 255, rng)
    return rng.uniform(USUAL_SIGMA, MAX_SIGMA)


def _part(clean: Patch, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return 1 in a disc, a box or on one side of a line, and 0 elsewhere, (H, W)."""
    place = np.indices(clean.shape[:2], np.float32)
    size = np.array(clean.shape[:2])
    middle = rng.uniform(0.2, 0.8, 2) * size
    down, right = place - middle[:, None, None]
    draw = rng.random()
    if draw < 0.4:
        return np.asarray(np.hypot(down, right) < rng.uniform(0.2, 0.7) * size[0], np.float32)
    if draw < 0.7:
        reach = rng.uniform(0.1, 0.5, 2) * size
        return np.asarray((np.abs(down) < reach[0]) & (np.abs(right) < reach[1]), np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    return np.asarray(math.cos(angle) * right + math.sin(angle) * down > 0, np.float32)


def _light_or_ramp(clean: Patch, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a factor, (H, W), that varies with the light, or slowly from place to place."""
    low = rng.uniform(0, 0.6)
    if rng.random() < 0.5:
        light = clean @ LUMA.astype(np.float32) if clean.shape[2] == 3 else clean[..., 0]
        light = light if rng.random() < 0.6 else 1 - light
        return np.asarray(low + (1 - low) * light, np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    down, right = np.indices(clean.shape[:2], np.float32) / max(clean.shape[:2]) - 0.5
    ramp = 0.5 + 0.7 * (math.cos(angle) * right + math.sin(angle) * down)
    return np.asarray(low + (1 - low) * np.clip(ramp, 0, 1), np.float32)


def _stripes(height: int, width: int, count: int, rng: np.random.Generator) -> Patch:
    """Return errors that a row or a column has in common, with a little white noise."""
    across = rng.random() < 0.6
    lines = rng.standard_normal((height, 1, count) if across else (1, width, count), np.float32)
    white = rng.standard_normal((height, width, count), np.float32)
    return np.asarray(lines + np.float32(rng.uniform(0, 1.0)) * white)


def _enlarged(shape: tuple[int, int, int], rng: np.random.Generator) -> Patch:
    height, width, count = shape
    scale = rng.uniform(0.35, 1.0)
    small = rng.standard_normal((math.ceil(height * scale), math.ceil(width * scale), count))
    method = rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
    return resized(small.astype(np.float32), height, width, Image.Resampling(int(method)))


def _random_matrix(rng: np.random.Generator) -> tuple[tuple[float, float, float], ...]:
    """Return a camera's colours to sRGB: rows that sum to 1, within what cameras publish."""
    red = (rng.uniform(-0.9, -0.2), rng.uniform(-0.25, 0.1))
    green = (rng.uniform(-0.35, -0.05), rng.uniform(-0.55, -0.1))
    blue = (rng.uniform(-0.1, 0.1), rng.uniform(-0.9, -0.3))
    return (
        (1 - sum(red), red[0], red[1]),
        (green[0], 1 - sum(green), green[1]),
        (blue[0], blue[1], 1 - sum(blue)),
    )
