"""Cutting a picture into overlapping tiles, so that memory does not grow with the picture."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of one side, in pixels: `read` goes into the network, `kept` comes out."""

    read: slice
    kept: slice  # of the picture
    kept_of_read: slice  # the same pixels, counted from the start of `read`


def spans(length: int, tile: int, overlap: int) -> Iterator[Span]:
    """Cuts a side into tiles that read up to `overlap` pixels of their neighbours.

    Every tile starts at a multiple of `tile - 2 * overlap`: where a network's `multiple_of`
    divides that, its strides fall on the same pixels as in the whole picture.

    Args:
        length: of the side.
        tile: pixels read at once, at most; the side as a whole where it is no longer.
        overlap: pixels that a tile reads beyond what it keeps.
    """
    if length <= tile:
        yield Span(slice(0, length), slice(0, length), slice(0, length))
        return
    step = tile - 2 * overlap
    for index in range(-(-(length - 2 * overlap) // step)):
        start = index * step
        first = start + overlap if index else 0
        is_last = start + tile >= length
        last = length if is_last else start + tile - overlap
        yield Span(
            slice(start, min(start + tile, length)),
            slice(first, last),
            slice(first - start, last - start),
        )
