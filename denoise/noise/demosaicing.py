"""Demosaicing: a colour picture from a sensor whose every pixel sees one colour.

Sources: Malvar et al., "High-quality linear interpolation for demosaicing of Bayer-patterned color
images", ICASSP 2004; Hamilton and Adams, US patent 5,629,734 (1997, expired), for the directed one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]  # (H, W, 3), float32 or float64
Plane = NDArray[Any]  # (H, W), of the same dtype


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


def to_mosaic(color: Pixels, shift: tuple[int, int]) -> Plane:
    """Return (H, W): of each pixel the colour that it sees; the shift is that of a `Camera`."""
    down, right = shift
    mosaic = np.array(color[..., 1])
    mosaic[down::2, right::2] = color[down::2, right::2, 0]
    mosaic[1 - down :: 2, 1 - right :: 2] = color[1 - down :: 2, 1 - right :: 2, 2]
    return mosaic
