"""Seeded noise: its kinds, their ranges, and `add_noise`."""

from denoise.noise.kinds import KINDS, NoiseKind
from denoise.noise.synthesis import (
    NoiseSpec,
    add_noise,
    check_level,
    find_kind,
    find_stages,
    is_mixture,
    seeded_generator,
)

__all__ = [
    "KINDS",
    "NoiseKind",
    "NoiseSpec",
    "add_noise",
    "check_level",
    "find_kind",
    "find_stages",
    "is_mixture",
    "seeded_generator",
]
