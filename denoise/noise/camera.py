"""How a camera turns light into a picture, and what that makes of its noise.

Source: Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import scipy  # its ndimage, which loads when it is used: no `--help` waits for it
from numpy.typing import NDArray

from denoise.images.arrays import LUMA
from denoise.noise.demosaicing import DEMOSAICINGS, to_mosaic

Pixels = NDArray[Any]  # (H, W, C), float32 or float64; sRGB in [0,1], or light where said
Plane = NDArray[Any]  # (H, W), of the same dtype

TABLE_SIZE = 4096  # entries of a curve's table, between which is drawn a line
NEARLY_WHITE = 0.9  # from here on the sensor fills up
OVEREXPOSURE = 0.4  # of pure white, beyond what fills the sensor
EDGE = 0.06  # contrast at which a camera's smoothing stops
# Rows sum to 1, so that gray stays gray.
TYPICAL_MATRIX = ((1.65, -0.55, -0.10), (-0.20, 1.50, -0.30), (0.00, -0.60, 1.60))


@dataclass(frozen=True)
class Camera:
    """Numbers of a camera and of one exposure; a stage is switched off by 0."""

    gains: tuple[float, float, float] = (2.0, 1.0, 1.7)  # white balance: red, green, blue
    matrix: tuple[tuple[float, float, float], ...] = TYPICAL_MATRIX  # the camera's colours to sRGB
    gamma: float = 2.2  # of the tone curve
    tone: float = 0.5  # how far the tone curve is an S, 0 to 1
    shot: float = 2e-3  # variance of the light's own noise, for each unit of light
    read: float = 1e-5  # variance of the sensor's
    row: float = 0.0  # deviation of a row's common error, in deviations of the read noise
    bits: int = 12  # of a raw value
    shift: tuple[int, int] = (0, 0)  # of the mosaic, whose first row is red, green; 0 or 1 each
    demosaicing: str = "malvar"  # a key of DEMOSAICINGS; "none": each pixel sees all its channels
    color_smoothing: float = 1.0  # pixels; coarse coloured blotches remain
    light_smoothing: float = 0.5  # share of the gray grain that goes where there is no edge
    sharpening: float = 0.3  # amount of the unsharp mask
    sharpening_radius: float = 0.8  # pixels


def photograph(clean: Pixels, camera: Camera, rng: np.random.Generator) -> Pixels:
    """Return the picture with a camera's noise, not clipped; without noise, the picture itself.

    What is added is the difference that the noise makes to what is developed: the camera's own
    errors stay out.

    Args:
        clean: (H, W, 3), or gray (H, W, 1), which has no mosaic.
        camera: its numbers.
        rng: draws the noise.
    """
    draws = draw_raw_noise(clean, camera, rng)
    return clean + developed_noise(clean, draws, camera)


class RawNoise(NamedTuple):
    """Draws from the normal distribution of deviation 1."""

    pixels: Pixels  # (H, W, 1), or (H, W, 3) of a colour picture without a mosaic
    rows: Pixels | None  # (H, 1, 1); None: rows have no common error

    def within(self, rows: slice) -> "RawNoise":
        """Return the noise of some rows."""
        return RawNoise(self.pixels[rows], None if self.rows is None else self.rows[rows])


def draw_raw_noise(clean: Pixels, camera: Camera, rng: np.random.Generator) -> RawNoise:
    """Return the noise of a sensor that takes this picture."""
    channels = clean.shape[2] if camera.demosaicing == "none" else 1
    pixels = rng.standard_normal((*clean.shape[:2], channels), clean.dtype)
    rows = rng.standard_normal((len(clean), 1, 1), clean.dtype) if camera.row else None
    return RawNoise(pixels, rows)


def developed_noise(clean: Pixels, draws: RawNoise, camera: Camera) -> Pixels:
    """Return the difference that a sensor's noise makes to the picture that comes out."""
    raw = expose(clean, camera)
    noisy = add_raw_noise(raw, draws, camera)
    difference = develop(noisy, camera) - develop(np.clip(raw, 0, 1), camera)
    return finish(difference, clean, camera)


def expose(clean: Pixels, camera: Camera) -> Pixels:
    """Return the light that the sensor's pixels get: the picture, undeveloped.

    (H, W, 1) of a mosaic and of gray pictures, (H, W, 3) without a mosaic.
    """
    light = _look_up(np.clip(clean, 0, 1), _curves(camera.gamma, camera.tone)[1])
    white = np.clip((light.mean(axis=2) - NEARLY_WHITE) / (1 - NEARLY_WHITE), 0, 1) ** 2
    if clean.shape[2] == 1:
        return np.asarray(light + (OVEREXPOSURE * white)[..., None])
    inverse = np.linalg.inv(np.asarray(camera.matrix)).astype(clean.dtype)
    color = light @ inverse.T
    gains = np.asarray(camera.gains, clean.dtype)
    # White is where the sensor is full in all colours, whatever their gains.
    raw = color * (white[..., None] + (1 - white[..., None]) / gains)
    raw += (OVEREXPOSURE * white)[..., None]
    return raw if camera.demosaicing == "none" else to_mosaic(raw, camera.shift)[..., None]


def add_raw_noise(raw: Pixels, draws: RawNoise, camera: Camera) -> Pixels:
    """Return raw light with the noise of photons, sensor and rows, as it is stored."""
    variance = camera.shot * np.clip(raw, 0, None) + camera.read
    noisy = raw + np.sqrt(variance, dtype=raw.dtype) * draws.pixels
    if draws.rows is not None:
        noisy += (camera.row * math.sqrt(camera.read)) * draws.rows
    steps = 2.0**camera.bits - 1
    # Below black there is room, above white there is none.
    return np.asarray(np.minimum(np.rint(noisy * steps) / steps, 1), raw.dtype)


def develop(raw: Pixels, camera: Camera) -> Pixels:
    """Return the picture of raw light, (H, W, 3); of a gray camera, (H, W, 1)."""
    if camera.demosaicing == "none":
        light = raw
    else:
        down, right = camera.shift
        # Reflected, the mosaic goes on as before: a row or column more moves it by one.
        padded = np.pad(raw[..., 0], ((down, 0), (right, 0)), mode="reflect")
        light = DEMOSAICINGS[camera.demosaicing](padded)[down:, right:]
    if light.shape[2] == 3:
        matrix = np.asarray(camera.matrix) * np.asarray(camera.gains)
        light = light @ matrix.T.astype(raw.dtype)
    return _look_up(np.sqrt(np.clip(light, 0, 1)), _curves(camera.gamma, camera.tone)[0])


def finish(noise: Pixels, clean: Pixels, camera: Camera) -> Pixels:
    """Return noise as a camera's smoothing and sharpening leave it."""
    filters = scipy.ndimage
    luma = noise @ LUMA.astype(noise.dtype) if noise.shape[2] == 3 else noise[..., 0]
    color = noise - luma[..., None]
    if camera.color_smoothing and noise.shape[2] == 3:
        for channel in (0, 1, 2):
            color[..., channel] = filters.gaussian_filter(
                color[..., channel], camera.color_smoothing
            )
    if camera.light_smoothing:
        smooth = filters.gaussian_filter1d(filters.gaussian_filter1d(luma, 0.8, 0), 0.8, 1)
        kept = 1 - camera.light_smoothing * (1 - _edges(clean))
        luma = smooth + kept * (luma - smooth)
    if camera.sharpening:
        soft = filters.gaussian_filter(luma, camera.sharpening_radius)
        luma = luma + camera.sharpening * (luma - soft)
    return np.asarray(color + luma[..., None])


def _edges(clean: Pixels) -> Plane:
    """Return how much of an edge each place is, (H, W), 0 to 1."""
    green = clean[..., clean.shape[2] // 2]
    slopes = [np.gradient(green, axis=axis) for axis in (0, 1) if green.shape[axis] > 1]
    steepness = sum((slope**2 for slope in slopes), np.zeros_like(green)) / EDGE**2
    return np.asarray(steepness / (1 + steepness))


@lru_cache(maxsize=64)
def _curves(gamma: float, tone: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return tables of the tone curve: over the square root of light, and its inverse."""
    grid = np.linspace(0, 1, TABLE_SIZE)
    shade = grid ** (2 / gamma)
    forward = (1 - tone) * shade + tone * (3 - 2 * shade) * shade**2
    return forward, np.interp(grid, forward, grid) ** 2


def _look_up(places: Pixels, table: NDArray[np.float64]) -> Pixels:
    """Return what a table over [0,1] holds at places in [0,1]."""
    values = table.astype(places.dtype)
    scaled = places * (TABLE_SIZE - 1)
    before = np.minimum(scaled.astype(np.intp), TABLE_SIZE - 2)
    low = values[before]
    return np.asarray(low + (scaled - before.astype(places.dtype)) * (values[before + 1] - low))
