"""How a camera turns light into a picture, and what that makes of its noise.

Sources: Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019; Malvar et al.,
"High-quality linear interpolation for demosaicing of Bayer-patterned color images", ICASSP 2004;
Hamilton and Adams, US patent 5,629,734 (1997, expired), for the directed demosaicing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from denoise.images.arrays import LUMA

Pixels = NDArray[Any]  # (H, W, C), float32 or float64; sRGB in [0,1], or light where said
Plane = NDArray[Any]  # (H, W), of the same dtype

GAMMA = 2.2
TABLE_SIZE = 4096  # entries of a curve's table, between which is drawn a line
GRAY_SIDE = 96  # pixels of a gray card that noise is measured on
EXPOSURES = 5  # tried until the noise is of a level; it does not quite go with the light's root
MOST_LIGHT_LOST = 1e6
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
    raw = expose(clean, camera)
    noisy = add_raw_noise(raw, camera, rng)
    difference = develop(noisy, camera) - develop(np.clip(raw, 0, 1), camera)
    return clean + _finish(difference, clean, camera)


def set_exposure(camera: Camera, level: float) -> Camera:
    """Return the camera in light as weak as makes noise of a level.

    Args:
        camera: whose shot and read noise stay in proportion.
        level: standard deviation at middle gray, above 0; near 0.5, which clipping allows no
            noise to reach, the nearest there is.
    """
    factor = 1.0
    for _ in range(EXPOSURES):
        tried = replace(camera, shot=camera.shot * factor, read=camera.read * factor)
        factor = min(factor * (level / _level_at_gray(tried)) ** 2, MOST_LIGHT_LOST)
    return replace(camera, shot=camera.shot * factor, read=camera.read * factor)


def _level_at_gray(camera: Camera) -> float:
    """Return the standard deviation of a camera's noise at middle gray."""
    channels = 1 if camera.demosaicing == "none" else 3
    gray = np.full((GRAY_SIDE, GRAY_SIDE, channels), 0.5)
    noisy = photograph(gray, camera, np.random.default_rng(0))
    return max(float(np.std(noisy - gray)), 1e-9)


def expose(clean: Pixels, camera: Camera) -> Pixels:
    """Return the light that the sensor's pixels get: the picture, undeveloped.

    (H, W, 1) of a mosaic and of gray pictures, (H, W, 3) without a mosaic.
    """
    light = _look_up(np.clip(clean, 0, 1), _curves(camera.tone)[1])
    white = np.clip((light.mean(axis=2) - NEARLY_WHITE) / (1 - NEARLY_WHITE), 0, 1) ** 2
    if clean.shape[2] == 1:
        return np.asarray(light + (OVEREXPOSURE * white)[..., None])
    inverse = np.linalg.inv(np.asarray(camera.matrix)).astype(clean.dtype)
    color = light @ inverse.T
    gains = np.asarray(camera.gains, clean.dtype)
    # White is where the sensor is full in all colours, whatever their gains.
    raw = color * (white[..., None] + (1 - white[..., None]) / gains)
    raw += (OVEREXPOSURE * white)[..., None]
    return raw if camera.demosaicing == "none" else _to_mosaic(raw, camera.shift)[..., None]


def add_raw_noise(raw: Pixels, camera: Camera, rng: np.random.Generator) -> Pixels:
    """Return raw light with the noise of photons, sensor and rows, as it is stored."""
    variance = camera.shot * np.clip(raw, 0, None) + camera.read
    noise = rng.standard_normal(raw.shape, raw.dtype)
    noisy = raw + np.sqrt(variance, dtype=raw.dtype) * noise
    if camera.row:
        rows = rng.standard_normal((len(raw), 1, 1), raw.dtype)
        noisy += (camera.row * math.sqrt(camera.read)) * rows
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
    return _look_up(np.sqrt(np.clip(light, 0, 1)), _curves(camera.tone)[0])


def demosaic_bilinear(mosaic: Plane) -> Pixels:
    """Return (H, W, 3): every missing colour is the mean of its neighbours."""
    at = _Neighbours(mosaic)
    return _assemble(mosaic, at.cross, at.across, at.along, at.diagonal)


def demosaic_malvar(mosaic: Plane) -> Pixels:
    """Return (H, W, 3): bilinear, corrected by how the colour that is there curves."""
    at = _Neighbours(mosaic)
    far = (at.far_across + at.far_along) / 2
    cross = at.cross + (mosaic - far) / 2
    diagonal = at.diagonal + 0.75 * (mosaic - far)
    curved = 5 * mosaic - 4 * at.diagonal
    across = at.across + (curved - 2 * at.far_across + at.far_along) / 8
    along = at.along + (curved - 2 * at.far_along + at.far_across) / 8
    return _assemble(mosaic, cross, across, along, diagonal)


def demosaic_directed(mosaic: Plane) -> Pixels:
    """Return (H, W, 3): green along the weaker gradient, the others by their difference to it."""
    at = _Neighbours(mosaic)
    bend_across, bend_along = mosaic - at.far_across, mosaic - at.far_along
    steep_across = np.abs(at.right - at.left) + 2 * np.abs(bend_across)
    steep_along = np.abs(at.below - at.above) + 2 * np.abs(bend_along)
    across, along = at.across + bend_across / 2, at.along + bend_along / 2
    green = np.where(steep_across < steep_along, across, along)
    return _by_difference(mosaic, green)


def demosaic_by_difference(mosaic: Plane) -> Pixels:
    """Return (H, W, 3): green is bilinear, the others by their smooth difference to it."""
    return _by_difference(mosaic, _Neighbours(mosaic).cross)


DEMOSAICINGS: dict[str, Callable[[Plane], Pixels]] = {
    "bilinear": demosaic_bilinear,
    "malvar": demosaic_malvar,
    "directed": demosaic_directed,
    "difference": demosaic_by_difference,
}


class _Neighbours:
    """Neighbours of each pixel of a plane and their means, (H, W) each."""

    def __init__(self, plane: Plane) -> None:
        height, width = plane.shape
        padded = np.pad(plane, 2, mode="reflect")

        def at(down: int, right: int) -> Plane:
            return padded[2 + down : 2 + down + height, 2 + right : 2 + right + width]

        self.above, self.below, self.left, self.right = at(-1, 0), at(1, 0), at(0, -1), at(0, 1)
        self.across = (self.left + self.right) / 2
        self.along = (self.above + self.below) / 2
        self.cross = (self.across + self.along) / 2
        self.far_across = (at(0, -2) + at(0, 2)) / 2
        self.far_along = (at(-2, 0) + at(2, 0)) / 2
        self.diagonal = (at(-1, -1) + at(-1, 1) + at(1, -1) + at(1, 1)) / 4


def _assemble(mosaic: Plane, cross: Plane, across: Plane, along: Plane, diagonal: Plane) -> Pixels:
    """Return (H, W, 3) of estimates for each place of the mosaic, whose first row is red, green."""
    color = np.empty((*mosaic.shape, 3), mosaic.dtype)
    red, green, blue = color[..., 0], color[..., 1], color[..., 2]
    green[:] = mosaic
    green[::2, ::2], green[1::2, 1::2] = cross[::2, ::2], cross[1::2, 1::2]
    for plane, first in ((red, 0), (blue, 1)):
        own, other = slice(first, None, 2), slice(1 - first, None, 2)
        plane[own, own] = mosaic[own, own]
        plane[own, other] = across[own, other]
        plane[other, own] = along[other, own]
        plane[other, other] = diagonal[other, other]
    return color


def _by_difference(mosaic: Plane, green_elsewhere: Plane) -> Pixels:
    green = mosaic.copy()
    green[::2, ::2], green[1::2, 1::2] = green_elsewhere[::2, ::2], green_elsewhere[1::2, 1::2]
    at = _Neighbours(mosaic - green)
    difference = _assemble(mosaic - green, at.cross, at.across, at.along, at.diagonal)
    difference[..., 1] = 0
    return np.asarray(difference + green[..., None])


def _to_mosaic(color: Pixels, shift: tuple[int, int]) -> Plane:
    down, right = shift
    mosaic = np.array(color[..., 1])
    mosaic[down::2, right::2] = color[down::2, right::2, 0]
    mosaic[1 - down :: 2, 1 - right :: 2] = color[1 - down :: 2, 1 - right :: 2, 2]
    return mosaic


def _finish(noise: Pixels, clean: Pixels, camera: Camera) -> Pixels:
    """Return noise as a camera's smoothing and sharpening leave it."""
    luma = noise @ LUMA.astype(noise.dtype) if noise.shape[2] == 3 else noise[..., 0]
    color = noise - luma[..., None]
    if camera.color_smoothing and noise.shape[2] == 3:
        for channel in (0, 1, 2):
            color[..., channel] = gaussian_filter(color[..., channel], camera.color_smoothing)
    if camera.light_smoothing:
        smooth = gaussian_filter1d(gaussian_filter1d(luma, 0.8, 0), 0.8, 1)
        kept = 1 - camera.light_smoothing * (1 - _edges(clean))
        luma = smooth + kept * (luma - smooth)
    if camera.sharpening:
        luma = luma + camera.sharpening * (luma - gaussian_filter(luma, camera.sharpening_radius))
    return np.asarray(color + luma[..., None])


def _edges(clean: Pixels) -> Plane:
    """Return how much of an edge each place is, (H, W), 0 to 1."""
    green = clean[..., clean.shape[2] // 2]
    down, right = np.gradient(green)
    steepness = (down**2 + right**2) / EDGE**2
    return np.asarray(steepness / (1 + steepness))


@lru_cache(maxsize=64)
def _curves(tone: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return tables of the tone curve: over the square root of light, and its inverse."""
    grid = np.linspace(0, 1, TABLE_SIZE)
    shade = grid ** (2 / GAMMA)
    forward = (1 - tone) * shade + tone * (3 - 2 * shade) * shade**2
    return forward, np.interp(grid, forward, grid) ** 2


def _look_up(places: Pixels, table: NDArray[np.float64]) -> Pixels:
    """Return what a table over [0,1] holds at places in [0,1]."""
    values = table.astype(places.dtype)
    scaled = places * (TABLE_SIZE - 1)
    before = np.minimum(scaled.astype(np.intp), TABLE_SIZE - 2)
    low = values[before]
    return np.asarray(low + (scaled - before.astype(places.dtype)) * (values[before + 1] - low))
