"""Where to look first: a part of the picture in which there is something to see."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 384  # pixels of the region
GRID, OFFSET = 256, 64  # where regions start, so that a network reads no more than it must
BLOCK = 32  # pixels of the picture that make one value
DARK, LIGHT = 12, 243  # of 255; outside there is no noise to be seen


def choose_region(
    overview: NDArray[np.uint8], factor: int, shape: tuple[int, ...]
) -> tuple[slice, slice] | None:
    """Return rows and columns with detail that is neither black nor white, near the middle.

    Args:
        overview: of the picture.
        factor: pixels of the picture in one of the overview, along a side.
        shape: of the picture; None is returned where a region would be most of it.
    """
    height, width = shape[:2]
    if min(height, width) < 2 * SIDE:
        return None
    gray = np.asarray(Image.fromarray(overview).convert("L"), np.float32)
    blocks = _block_means(gray, max(1, BLOCK // factor))
    scale = max(1, BLOCK // factor) * factor
    places = [(row, column) for row in _starts(height) for column in _starts(width)]
    best = max(places, key=lambda place: _score(blocks, place, scale, (height, width)))
    return region_at(*best, shape)


def region_at(row: int, column: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the region that starts there or, at the edges, as near as there is room."""
    height, width = shape[:2]
    top, left = max(0, min(row, height - SIDE)), max(0, min(column, width - SIDE))
    return slice(top, min(top + SIDE, height)), slice(left, min(left + SIDE, width))


def region_around(x: int, y: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the region on the grid whose middle is nearest to a pixel."""
    row, column = (
        max(0, round((one - SIDE / 2 - OFFSET) / GRID)) * GRID + OFFSET for one in (y, x)
    )
    # At the upper and left edge a region starts at the edge.
    return region_at(0 if y < SIDE / 2 else row, 0 if x < SIDE / 2 else column, shape)


def _starts(length: int) -> range:
    return range(OFFSET, max(OFFSET + 1, length - SIDE - OFFSET), GRID)


def _block_means(gray: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    height, width = (length // side * side for length in gray.shape)
    cut = gray[:height, :width].reshape(height // side, side, width // side, side)
    means: NDArray[np.float32] = cut.mean(axis=(1, 3))
    return means


def _score(
    blocks: NDArray[np.float32], place: tuple[int, int], scale: int, size: tuple[int, int]
) -> float:
    row, column = place
    rows = slice(row // scale, (row + SIDE) // scale)
    columns = slice(column // scale, (column + SIDE) // scale)
    part = blocks[rows, columns]
    if part.size == 0:
        return -1.0
    seen = ((part > DARK) & (part < LIGHT)).mean()
    height, width = size
    apart = math.hypot((row + SIDE / 2) / height - 0.5, (column + SIDE / 2) / width - 0.5)
    return float(seen * (4 + part.std()) * (1 - 0.5 * apart))
