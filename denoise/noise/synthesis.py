"""Add seeded noise to an image: `add_noise`, mixtures and their levels."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.errors import SettingError
from denoise.images.arrays import LUMA, ImageT, from_unit, to_unit, unpack
from denoise.noise.kinds import KIND_STD, KINDS, NoiseKind, Pixels
from denoise.noise.numbers import parse_number

MAX_STAGES = 8  # of a mixture


def add_noise(
    image: ImageT,
    kind: str = "gaussian",
    level: float = 0.1,
    *,
    seed: int = 0,
    clip: bool = False,
    gray: bool = False,
    without: Collection[str] = (),
) -> ImageT:
    """Return the image with seeded noise; type, shape and dtype stay.

    The noise is drawn by numpy's PCG64 in float64 as (H, W, C): the same kind, level, seed and
    shape give the same noise everywhere. The images of a batch share one generator, one after
    another. Transparency is not changed.

    Args:
        image: PIL image, array (H, W) or (H, W, C) of uint8, uint16 or float in [0,1], or
            tensor (N, C, H, W) in [0,1].
        kind: one of `KINDS`, or a mixture such as "gaussian:0.1+salt-pepper:0.02", whose parts
            are applied from left to right, each at its own level.
        level: 0 (unchanged) to the kind's `max_level`, in the kind's own unit; ignored for a
            mixture.
        seed: 0 or more.
        clip: whether a float result is clipped to [0,1]; integers always are.
        gray: whether all channels get the same noise, made from their luma.
        without: stages that a camera lacks: any of mosaic, white-balance, color-matrix, tone-curve,
            smoothing and sharpening. Gray pictures and gray noise skip the first three anyway.

    Raises:
        SettingError: unknown kind; level or seed out of range; a stage that is not there.
        ImageError: an image of another type, shape or mode.
    """
    stages = find_stages(kind, level, without)
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


def find_kind(name: str) -> NoiseKind:
    """Return the kind of that name.

    Raises:
        SettingError: there is none.
    """
    if not isinstance(name, str) or name not in KINDS:
        raise SettingError(f"Unknown kind of noise {name!r}; choose one of: {', '.join(KINDS)}.")
    return KINDS[name]


def is_mixture(kind: str) -> bool:
    """Return whether a kind of noise is written as a mixture, which has its own levels."""
    return isinstance(kind, str) and ":" in kind


def find_stages(
    kind: str, level: float, without: Collection[str] = ()
) -> list[tuple[NoiseKind, float]]:
    """Return the stages of noise in order, each a kind with its level; a mixture has several.

    Cameras come without the stages of their own that are to be left out.

    Raises:
        SettingError: a kind that is unknown, a level out of range, or another grammar; a stage to
            leave out that is not there.
    """
    stages = _find_parts(kind, level)
    if not without:
        return stages
    known = [name for noise, _ in stages for name in noise.stages]
    for name in without:
        if name not in known:
            choices = (
                f"choose from: {', '.join(known)}" if known else "only camera noise has stages"
            )
            raise SettingError(f"There is no stage {name!r} to leave out; {choices}.")
    return [
        (
            replace(noise, apply=partial(noise.apply, without=without)) if noise.stages else noise,
            own,
        )
        for noise, own in stages
    ]


def _find_parts(kind: str, level: float) -> list[tuple[NoiseKind, float]]:
    if not is_mixture(kind):
        return [(found := find_kind(kind), check_level(found, level))]
    parts = kind.split("+")
    if len(parts) > MAX_STAGES:
        raise SettingError(f"A mixture has at most {MAX_STAGES} parts; this one has {len(parts)}.")
    stages = []
    for part in parts:
        match = re.fullmatch(r"([a-z-]+):(\d{0,3}\.?\d{1,9}(?:/[1-9]\d{0,2})?)", part.strip())
        if match is None:
            raise SettingError(
                "A mixture is written like gaussian:0.1+salt-pepper:0.02 or gaussian:25/255; "
                f"{part.strip()[:40]!r} is no part of one."
            )
        found = find_kind(match[1])
        stages.append((found, check_level(found, parse_number(match[2]))))
    return stages


def check_level(kind: NoiseKind, level: float) -> float:
    """Return the level, once it is known to be from 0 to the kind's `max_level`.

    Raises:
        SettingError: it is not.
    """
    is_number = isinstance(level, (int, float)) and not isinstance(level, bool)
    if is_number and 0 <= level <= kind.max_level:
        return level
    is_of_255 = is_number and 1 < level <= 255 and kind.meaning.startswith(KIND_STD)
    hint = f" Did you mean {level:g}/255?" if is_of_255 else ""
    raise SettingError(
        f"The level of {kind.name} noise is {kind.meaning}, a number from 0 to "
        f"{kind.max_level:g}; {level!r} is not.{hint}"
    )


def seeded_generator(seed: int) -> np.random.Generator:
    """Return numpy's PCG64 generator for a seed of 0 or more.

    Raises:
        SettingError: another seed.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SettingError(f"The seed is a whole number, 0 or more; {seed} is not.")
    return np.random.Generator(np.random.PCG64(int(seed)))


def _apply_to_luma(
    noise: NoiseKind, clean: Pixels, level: float, rng: np.random.Generator
) -> Pixels:
    """Add to every channel the noise of the luma."""
    luma = (clean @ LUMA)[..., None] if clean.shape[2] == 3 else clean
    return clean + noise.apply(luma, level, rng) - luma


@dataclass(frozen=True, kw_only=True)
class NoiseSpec:
    """The noise to add to a clean picture; see `add_noise`.

    Raises:
        SettingError: unknown kind; level or seed out of range; a stage that is not there.
    """

    kind: str = "gaussian"
    level: float = 0.1
    seed: int = 0
    gray: bool = False
    eight_bit: bool = True  # clipped and rounded, as in a file; else float
    clip: bool = False  # whether floats are clipped to [0,1]
    without: Sequence[str] = ()  # stages that a camera lacks

    def __post_init__(self) -> None:
        find_stages(self.kind, self.level, self.without)
        seeded_generator(self.seed)

    def add_to(self, clean: NDArray[Any]) -> NDArray[Any]:
        """Return the noisy picture: uint8, or float32, outside [0,1] where it is not clipped.

        Args:
            clean: (H, W) or (H, W, 3), sRGB, uint8 or uint16.
        """
        image = clean if self.eight_bit else to_unit(clean, np.float64)
        noisy = add_noise(
            image,
            self.kind,
            self.level,
            seed=self.seed,
            clip=self.clip,
            gray=self.gray,
            without=self.without,
        )
        return noisy if self.eight_bit else noisy.astype(np.float32)
