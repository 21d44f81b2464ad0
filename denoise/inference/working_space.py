"""The working space: a picture's values as networks are made to see them, and the way back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt

from denoise.images.arrays import Images, from_unit, full_scale
from denoise.images.picture import Picture
from denoise.images.profiles import is_linear as is_linear_profile

DEPTHS = (8, 10, 12, 14)  # bits that instruments use of 16
WHITE_QUANTILE = 0.95  # of a picture of light: about as bright as white
HLG = (0.17883277, 0.28466892, 0.55991073)  # a, b and c of ITU-R BT.2100
STRIP = 1024  # rows in which what is hidden is filled at once
ALL = slice(None)
LINEAR_NOTE = "It holds linear light; it was denoised on the curve of sRGB, where sigma is meant."

Curve = Callable[[NDArray[Any]], NDArray[Any]]


class Step(NamedTuple):
    """One change of a picture, and the way back from it."""

    images: Images  # after the change
    back: Callable[[Images, slice, slice], Images]  # what was denoised, of these rows and columns


@dataclass(frozen=True)
class WorkingSpace:
    """A picture as networks see it."""

    images: Images
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()  # sentences for the user

    @classmethod
    def of(
        cls, images: Images, alpha: NDArray[Any] | None = None, *, is_linear: bool = False
    ) -> "WorkingSpace":
        """Return the working space of images.

        Of 16 bits, those that are used become the whole range. Linear light becomes sRGB's curve,
        in which noise looks alike in shadows and in light. What nobody sees becomes like what is
        beside it.

        Args:
            images: (N, H, W, C).
            alpha: (H, W) of one image; where it is 0, nothing can be seen.
            is_linear: whether values are proportional to light.
        """
        space = cls(images)
        depth = used_bits(images)
        if depth < 16 and images.dtype == np.uint16:
            space = space._with(_spread(space.images, depth), _about_bits(depth))
        if is_linear:
            space = space._with(_encode(space.images), LINEAR_NOTE)
        if alpha is not None and not alpha.all():
            space = space._with(_cover(space.images, alpha == 0))
        return space

    def back(self, result: Images, rows: slice = ALL, columns: slice = ALL) -> Images:
        """Return what networks made, or a region of it, in the values that came in."""
        for step in reversed(self.steps):
            result = step.back(result, rows, columns)
        return result

    def _with(self, step: Step, *notes: str) -> "WorkingSpace":
        return WorkingSpace(step.images, (*self.steps, step), (*self.notes, *notes))


def find_working_space(image: Any, images: Images, *, is_linear: bool = False) -> WorkingSpace:
    """Return the working space of an image of any type, by its transparency and its profile.

    Args:
        image: as it came.
        images: its colours, (N, H, W, C).
        is_linear: whether its values are known to be proportional to light.
    """
    alpha, is_linear = None, holds_light(image, is_told=is_linear)
    if isinstance(image, Picture):
        alpha = image.alpha
    elif isinstance(image, Image.Image) and image.mode in ("LA", "RGBA"):
        alpha = np.asarray(image)[..., -1]
    elif isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 4:
        alpha = image[..., 3]
    return WorkingSpace.of(images, alpha, is_linear=is_linear)


def holds_light(image: Any, *, is_told: bool = False) -> bool:
    """Return whether an image's values are proportional to light: by its profile, or as told."""
    profile = image.icc_profile if isinstance(image, Picture) else None
    return is_told or (profile is not None and is_linear_profile(profile))


def used_bits(images: Images) -> int:
    """Return how many bits of 16 are used: as many as an instrument has; 16 for other types."""
    if images.dtype != np.uint16:
        return 16
    highest = int(images.max())
    return next((depth for depth in DEPTHS if highest and highest < 2**depth), 16)


def _about_bits(depth: int) -> str:
    return f"Of its 16 bits {depth} are used; levels of noise refer to white at {2**depth - 1}."


def _spread(images: Images, depth: int) -> Step:
    white, factor = 2**depth - 1, 2 ** (16 - depth)

    def back(result: Images, _: slice, __: slice) -> Images:
        narrowed = (result.astype(np.uint32) + factor // 2) // factor
        return np.asarray(np.minimum(narrowed, white), np.uint16)

    return Step(images * np.uint16(factor), back)


def _encode(images: Images) -> Step:
    if images.dtype.kind == "f" and images.max() > 1:
        return _compress(images)
    dtype = images.dtype
    deep = np.dtype(np.uint16) if dtype.kind == "u" else dtype
    encoded = _curved(images, srgb_from_light, deep)

    def back(result: Images, rows: slice, columns: slice) -> Images:
        light = _curved(result, light_from_srgb, dtype)
        # What was not changed is not rounded either.
        same = result == encoded[:, rows, columns]
        return np.asarray(np.where(same, images[:, rows, columns], light))

    return Step(encoded, back)


def _compress(images: Images) -> Step:
    """Bring light of any brightness to [0,1]: roots below white, logarithms above it (HLG)."""
    white = max(float(np.quantile(images.max(axis=-1), WHITE_QUANTILE)), 1e-6)
    scale = float(hlg_from_light(images.max() / white))
    encoded = np.asarray(hlg_from_light(images.astype(np.float64) / white) / scale, images.dtype)

    def back(result: Images, rows: slice, columns: slice) -> Images:
        light = white * light_from_hlg(scale * result.astype(np.float64))
        same = result == encoded[:, rows, columns]
        return np.asarray(np.where(same, images[:, rows, columns], light), images.dtype)

    return Step(encoded, back)


def _cover(images: Images, hidden: NDArray[np.bool_]) -> Step:
    covered = images.copy()
    for top in range(0, len(hidden), STRIP):
        strip = hidden[top : top + STRIP]
        if strip.any() and not strip.all():
            rows, columns = _mirrored(strip)
            covered[:, top : top + STRIP][:, strip] = images[:, top + rows, columns]

    def back(result: Images, rows: slice, columns: slice) -> Images:
        place = hidden[rows, columns, None]
        return np.asarray(np.where(place, images[:, rows, columns], result))

    return Step(covered, back)


def _mirrored(hidden: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return rows and columns, (2, N), of the pixels to put where N are hidden.

    They are mirrored at the nearest pixel that is seen, so that noise stays noise; where nothing is
    seen there, it is that pixel itself.
    """
    nearest = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    nearest = nearest[:, hidden]
    beyond = 2 * nearest - np.stack(np.nonzero(hidden))
    inside = np.clip(beyond, 0, np.array(hidden.shape)[:, None] - 1)
    is_seen = (inside == beyond).all(axis=0) & ~hidden[tuple(inside)]
    return np.asarray(np.where(is_seen, inside, nearest))


def srgb_from_light(light: NDArray[Any]) -> NDArray[Any]:
    """Return the curve of sRGB over light; what is below 0 is mirrored."""
    size = np.abs(light)
    curved = np.where(size <= 0.0031308, 12.92 * size, 1.055 * size ** (1 / 2.4) - 0.055)
    return np.asarray(np.copysign(curved, light))


def light_from_srgb(value: NDArray[Any]) -> NDArray[Any]:
    """Return the light that sRGB's curve stands for; what is below 0 is mirrored."""
    size = np.abs(value)
    light = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.copysign(light, value))


def hlg_from_light(light: NDArray[Any]) -> NDArray[Any]:
    """Return the hybrid log-gamma curve (ITU-R BT.2100), where white is 0.5; below 0 mirrored."""
    a, b, c = HLG
    size = np.abs(light)
    bright = a * np.log(np.maximum(size, 1) - b) + c
    return np.asarray(np.copysign(np.where(size <= 1, np.sqrt(size) / 2, bright), light))


def light_from_hlg(value: NDArray[Any]) -> NDArray[Any]:
    """Return the light that the hybrid log-gamma curve stands for; below 0 mirrored."""
    a, b, c = HLG
    size = np.abs(value)
    return np.asarray(
        np.copysign(np.where(size <= 0.5, 4 * size**2, np.exp((size - c) / a) + b), value)
    )


def _curved(images: Images, curve: Curve, dtype: np.dtype[Any]) -> Images:
    """Return values on a curve, as another type; integers by a table."""
    if images.dtype.kind == "u":
        return np.asarray(_table(curve, images.dtype, dtype)[images])
    return np.asarray(curve(images), dtype)


@cache
def _table(curve: Curve, given: np.dtype[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    every = np.arange(int(full_scale(given)) + 1) / full_scale(given)
    return from_unit(curve(every), dtype)
