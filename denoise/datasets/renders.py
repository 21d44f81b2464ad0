"""Path-traced pictures of few and many samples a pixel, of seeded scenes: noise with its truth.

`python -m denoise.datasets.renders FOLDER` fills a folder that `train` takes as `--data`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from denoise.datasets.scenes import describe_scene
from denoise.extras import optional

Light = NDArray[np.float16]  # (H, W, 3), linear, 1 is the white of the exposure

SAMPLES = (4, 16, 64)  # a pixel, of the noisy pictures
REFERENCE_SAMPLES = 256  # of the reference in training; a benchmark's has four times as many
SIDE = 128  # pixels
BRIGHTEST = 1e4  # that half floats still hold with room
WHITE_QUANTILE = 0.95  # of the reference's brightness that the exposure makes nearly white


class RenderPair(NamedTuple):
    """A scene's noisy pictures, one for each number of samples, and its reference."""

    noisy: dict[int, Light]
    reference: Light


@dataclass(frozen=True)
class RenderSettings:
    """How scenes are rendered."""

    side: int = SIDE
    samples: tuple[int, ...] = SAMPLES
    reference_samples: int = REFERENCE_SAMPLES


def make_renders(
    folder: Path, seeds: Sequence[int], settings: RenderSettings | None = None
) -> list[Path]:
    """Return the files of the scenes of those seeds; render and write those that are missing.

    Raises:
        DenoiseError: mitsuba is not installed.
    """
    settings = settings or RenderSettings()
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for seed in seeds:
        file = folder / f"render-{seed:05}-{settings.side}-{settings.reference_samples}.npz"
        if not file.is_file():
            _write(file, render_scene(seed, settings))
        files.append(file)
    return files


def load_renders(folders: Sequence[Path]) -> list[RenderPair]:
    """Return the renders in the folders and in all folders below them, in sorted order."""
    files = sorted(file for folder in folders for file in folder.rglob("render-*.npz"))
    return [_read(file) for file in files]


def render_scene(seed: int, settings: RenderSettings) -> RenderPair:
    """Return the pictures of the scene of a seed, exposed alike.

    Raises:
        DenoiseError: mitsuba is not installed.
    """
    mitsuba = optional("mitsuba", "renders")
    mitsuba.set_variant("scalar_rgb")
    mitsuba.set_log_level(mitsuba.LogLevel.Error)
    scene = mitsuba.load_dict(describe_scene(seed, settings.side))

    def render(samples: int) -> NDArray[np.float32]:
        # Seeds of different counts differ, so that the reference shares no path with the others.
        picture = mitsuba.render(scene, spp=samples, seed=(seed * 1009 + samples) % 2**31)
        return np.nan_to_num(np.asarray(picture, np.float32)[..., :3], posinf=BRIGHTEST)

    reference = render(settings.reference_samples)
    exposure = 0.9 / max(float(np.quantile(reference.max(axis=2), WHITE_QUANTILE)), 1e-6)
    noisy = {samples: _exposed(render(samples), exposure) for samples in settings.samples}
    return RenderPair(noisy, _exposed(reference, exposure))


def _exposed(picture: NDArray[np.float32], exposure: float) -> Light:
    return np.asarray(np.clip(picture * exposure, 0, BRIGHTEST), np.float16)


def _write(file: Path, pair: RenderPair) -> None:
    """Write a scene's pictures whole or not at all."""
    pictures = {f"samples_{count}": picture for count, picture in pair.noisy.items()}
    pictures["reference"] = pair.reference
    unfinished = file.with_suffix(".part")
    with unfinished.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **pictures)
    unfinished.replace(file)


def _read(file: Path) -> RenderPair:
    with np.load(file, allow_pickle=False) as stored:
        noisy = {
            int(name.removeprefix("samples_")): stored[name]
            for name in stored.files
            if name.startswith("samples_")
        }
        return RenderPair(noisy, stored["reference"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the scenes that a folder lacks."""
    parser = argparse.ArgumentParser(prog="python -m denoise.datasets.renders", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--scenes", type=int, default=200, help="how many (200)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first scene (0)")
    parser.add_argument("--side", type=int, default=SIDE, help=f"pixels a side ({SIDE})")
    parser.add_argument(
        "--reference", type=int, default=REFERENCE_SAMPLES, help="samples of the reference (256)"
    )
    told = parser.parse_args(arguments)
    settings = RenderSettings(side=told.side, reference_samples=told.reference)
    make_renders(told.folder, range(told.first, told.first + told.scenes), settings)


if __name__ == "__main__":
    main()
