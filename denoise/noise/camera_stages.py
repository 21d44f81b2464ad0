"""A look into a camera: picture and noise after each of its stages."""

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from denoise.noise.camera import (
    Camera,
    Pixels,
    RawNoise,
    add_raw_noise,
    develop,
    draw_raw_noise,
    expose,
    finish,
)
from denoise.noise.typical_camera import STAGES, TYPICAL, leave_out, set_exposure

SENSOR = "sensor"  # what comes before all stages
WHOLE = (slice(None), slice(None))


class Passed(NamedTuple):
    """A picture on its way through a camera."""

    picture: Pixels  # (H, W, C) in sRGB, not clipped; light is brightened for the eye
    noise: Pixels  # (H, W, C) of it, in light or, from the tone curve on, in sRGB

    @property
    def neighbours(self) -> float:
        """Return the correlation of the noise of neighbouring pixels, the mean of both ways."""
        across = _correlation(self.noise[:, 1:], self.noise[:, :-1])
        return (across + _correlation(self.noise[1:], self.noise[:-1])) / 2

    @property
    def channels(self) -> float:
        """Return the correlation of the noise of green with that of red and blue, the mean."""
        red, green, blue = np.moveaxis(self.noise, 2, 0)
        return (_correlation(green, red) + _correlation(green, blue)) / 2


def show_stages(
    clean: Pixels,
    level: float,
    rng: np.random.Generator,
    *,
    without: Collection[str] = (),
    part: tuple[slice, slice] = WHOLE,
) -> dict[str, Passed]:
    """Return what `add_camera_noise` does: the sensor, then each of STAGES that is not left out.

    The noise of a sensor with a mosaic has one channel.

    Args:
        clean: as of `add_camera_noise`, as are `level`, `rng` and `without`.
        level: of the whole camera.
        rng: draws the noise of the whole picture.
        without: stages that are left out.
        part: rows and columns to show; each starts at an even number, as the mosaic does.
    """
    camera, gain = set_exposure(leave_out(TYPICAL, without), level, clean.shape[2])
    draws = RawNoise(draw_raw_noise(clean, camera, rng).pixels[part], None)
    clean = np.clip(clean[part], 0, 1)
    raw = expose(clean, camera)
    noisy, raw = add_raw_noise(raw, draws, camera), np.clip(raw, 0, 1)
    picture = _brighten(_color_mosaic(noisy, camera), camera)
    passed = {SENSOR: Passed(picture, noisy - raw)}
    so_far, is_light = leave_out(camera, STAGES), True
    for stage, off in STAGES.items():
        is_light = is_light and stage != "tone-curve"
        numbers = {name: getattr(camera, name) for name in off}
        if numbers == off:
            continue
        so_far = replace(so_far, **numbers)
        shown = develop(noisy, so_far)
        noise = gain * finish(shown - develop(raw, so_far), clean, so_far)
        passed[stage] = Passed(_brighten(shown, camera) if is_light else clean + noise, noise)
    return passed


def _correlation(first: Pixels, second: Pixels) -> float:
    """Return the correlation of two fields; 0 where one does not vary."""
    varies = first.size > 1 and min(first.std(), second.std()) > 0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1]) if varies else 0.0


def _brighten(light: Pixels, camera: Camera) -> Pixels:
    return np.asarray(np.clip(light, 0, 1) ** (1 / camera.gamma))


def _color_mosaic(raw: Pixels, camera: Camera) -> Pixels:
    """Return raw light with each pixel in the colour that it sees."""
    if camera.demosaicing == "none":
        return raw
    down, right = camera.shift
    colors = np.zeros((*raw.shape[:2], 3), raw.dtype)
    colors[..., 1] = raw[..., 0]
    for channel, row, column in ((0, down, right), (2, 1 - down, 1 - right)):
        colors[row::2, column::2, channel] = raw[row::2, column::2, 0]
        colors[row::2, column::2, 1] = 0
    return colors
