"""A photograph's way through a camera, stage by stage: where its noise gets its grain."""

from dataclasses import replace

import numpy as np

from denoise.noise.camera_pipeline import (
    Camera,
    Pixels,
    add_raw_noise,
    expose,
    photograph,
)

# Stages after the sensor, and the numbers of a camera that switch each on.
STAGES = {
    "demosaiced": (),
    "colours smoothed": ("color_smoothing",),
    "light smoothed": ("light_smoothing",),
    "sharpened": ("sharpening",),
}


def photograph_in_stages(clean: Pixels, camera: Camera, seed: int = 0) -> dict[str, Pixels]:
    """Return the picture as it is after each stage, under the same noise, the last as it is saved.

    Args:
        clean: (H, W, 3), or gray (H, W, 1).
        camera: its numbers; stages that are off are left out.
        seed: of the noise.
    """
    passed: dict[str, Pixels] = {"sensor": show_sensor(clean, camera, seed)}
    so_far = replace(camera, color_smoothing=0.0, light_smoothing=0.0, sharpening=0.0)
    for stage, names in STAGES.items():
        switched = {name: getattr(camera, name) for name in names}
        if switched and not any(switched.values()):
            continue
        so_far = replace(so_far, **switched)
        passed[stage] = photograph(clean, so_far, _generator(seed))
    return passed


def show_sensor(clean: Pixels, camera: Camera, seed: int = 0) -> Pixels:
    """Return what the sensor holds, brightened for the eye: each pixel in the colour it sees."""
    raw = add_raw_noise(expose(clean, camera), camera, _generator(seed))
    seen = np.clip(raw, 0, 1) ** (1 / 2.2)
    if clean.shape[2] == 1 or camera.demosaicing == "none":
        return np.asarray(seen)
    down, right = camera.shift
    colors = np.zeros((*seen.shape[:2], 3), seen.dtype)
    colors[..., 1] = seen[..., 0]
    for channel, row, column in ((0, down, right), (2, 1 - down, 1 - right)):
        colors[row::2, column::2, channel] = seen[row::2, column::2, 0]
        colors[row::2, column::2, 1] = 0
    return colors


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))
