"""The noise of a typical camera, whose stages can be left out."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from denoise.noise.camera import (
    Camera,
    Pixels,
    developed_noise,
    draw_raw_noise,
)

# In the order of a picture's way through them: the numbers of a camera without each.
STAGES: Mapping[str, Mapping[str, Any]] = {
    "mosaic": {"demosaicing": "none"},
    "white-balance": {"gains": (1.0, 1.0, 1.0)},
    "color-matrix": {"matrix": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))},
    "tone-curve": {"gamma": 1.0, "tone": 0.0},
    "smoothing": {"color_smoothing": 0.0, "light_smoothing": 0.0},
    "sharpening": {"sharpening": 0.0},
}
COLOR_STAGES = ("mosaic", "white-balance", "color-matrix")  # that gray pictures skip
TYPICAL = Camera(bits=24)  # so many that a level can be as low as one likes
GRAY_SIDE = 256  # pixels of a gray card that noise is measured on
EXPOSURES = 6  # tried until the noise is of a level
MOST_LIGHT_LOST = 1e6
BAND = 64  # rows, developed at once: small enough for the processor's cache
REACH = 8  # rows that a pixel sees beyond itself: demosaicing 2, smoothing and sharpening 3 each
GRID = 2.0**24  # steps to which noise is rounded, so that no processor's last digit shows


def add_camera_noise(
    clean: Pixels, level: float, rng: np.random.Generator, *, without: Collection[str] = ()
) -> Pixels:
    """Return the picture with the noise of a typical camera in poor light.

    Args:
        clean: (H, W, 3), or gray (H, W, 1), which has no mosaic; clipped to [0,1] for the camera
            only.
        level: standard deviation at middle gray (0.5), above 0. From about 0.3 on the camera's own
            clipping allows no more noise, and what there is is amplified.
        rng: draws the noise.
        without: those of STAGES that the camera lacks.
    """
    camera, gain = set_exposure(leave_out(TYPICAL, without), level, clean.shape[2])
    seen = np.clip(clean, 0, 1)
    draws = draw_raw_noise(seen, camera, rng)
    noisy = np.empty_like(clean)

    def develop_band(top: int) -> None:
        first = max(0, top - REACH)  # even, as the mosaic is
        around = slice(first, top + BAND + REACH)
        rows = slice(top, top + BAND)
        noise = developed_noise(seen[around], draws.within(around), camera)[top - first :][:BAND]
        noisy[rows] = clean[rows] + np.rint(noise * (gain * GRID)) / GRID

    with ThreadPoolExecutor() as threads:
        list(threads.map(develop_band, range(0, len(clean), BAND)))
    return noisy


def leave_out(camera: Camera, without: Collection[str]) -> Camera:
    """Return the camera without some of STAGES."""
    for stage in without:
        camera = replace(camera, **STAGES[stage])
    return camera


@lru_cache(maxsize=256)
def set_exposure(camera: Camera, level: float, channels: int = 3) -> tuple[Camera, float]:
    """Return the camera in light as weak as makes noise of a level, and a gain for the rest.

    The gain is near 1 unless the camera clips so much that no light makes the level. Where light
    gets scarcer by a factor, shot noise has that many times the variance once the picture is as
    bright again, and read noise the square of it.

    Args:
        camera: in any light.
        level: standard deviation at middle gray (0.5), above 0.
        channels: of the picture; a gray one has no mosaic, and no colours to correct.
    """
    camera = leave_out(camera, COLOR_STAGES) if channels == 1 else camera
    lost = 1.0
    for _ in range(EXPOSURES):
        dimmed = replace(camera, shot=camera.shot * lost, read=camera.read * lost**2)
        gain = level / _level_at_gray(dimmed, channels)
        lost = min(lost * gain**1.4, MOST_LIGHT_LOST)  # 2 for shot noise alone, 1 for read noise
    return dimmed, gain


def _level_at_gray(camera: Camera, channels: int) -> float:
    """Return the standard deviation of a camera's noise at middle gray."""
    gray = np.full((GRAY_SIDE, GRAY_SIDE, channels), 0.5)
    draws = draw_raw_noise(gray, camera, np.random.Generator(np.random.PCG64(0)))
    return max(float(np.std(developed_noise(gray, draws, camera))), 1e-9)
