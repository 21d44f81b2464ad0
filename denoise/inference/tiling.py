"""Denoise in overlapping tiles, so that memory does not grow with the picture."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from denoise.images.arrays import Images, from_unit, to_unit
from denoise.inference.passes import Inference
from denoise.models import Needs
from denoise.progress import OnTile, Preview

TILE = 1280  # pixels a side; much larger ones fall out of a CPU's caches
OVERLAP = 128  # pixels; in float32 what lies further off changes a pixel by under 0.005/255
NEAR = 64  # the overlap of a region that is shown first: what it misses, its tile makes good
GRID = 256  # pixels; tiles start at multiples, so that strides and added noise fall as elsewhere


@dataclass(frozen=True)
class Span:
    """A stretch of one side, in pixels: `read` goes into the network, `kept` comes out."""

    read: slice
    kept: slice  # of the picture
    kept_of_read: slice  # the same pixels, counted from the start of `read`


def spans(length: int, tile: int, overlap: int) -> Iterator[Span]:
    """Cut a side into tiles that read up to `overlap` pixels of their neighbours.

    Every tile starts at a multiple of `tile - 2 * overlap`. Where a network's `multiple_of` divides
    that, its strides fall on the same pixels as in the whole picture. A side no longer than a tile
    is read whole.
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


def around(rows: slice, columns: slice, shape: tuple[int, ...]) -> tuple[Span, Span]:
    """Return the tile that denoises a region of images, (N, H, W, C), nearly as all of them do."""
    spans_ = []
    for kept, length in ((rows, shape[1]), (columns, shape[2])):
        start = max(0, (kept.start - NEAR) // GRID * GRID)
        read = slice(start, min(length, kept.stop + NEAR))
        spans_.append(Span(read, kept, slice(kept.start - start, kept.stop - start)))
    return spans_[0], spans_[1]


def denoise_tiles(
    images: Images,
    sigma: Tensor | None,
    inference: Inference,
    device: torch.device,
    on_tile: OnTile | None = None,
    preview: Preview | None = None,
) -> tuple[Images, int]:
    """Denoise images tile by tile, and count the tiles.

    Sigma is (N or 1, 1, H or 1, W or 1); None: the networks guess. `on_tile` is called after every
    pass with passes done and total; what it raises stops the work. A preview is of one image: its
    regions come before the next tile, and the tiles nearest to the last region come first.
    """
    result = np.empty_like(images)
    tiles = list(_tiles(images.shape, inference.needs))
    are_gray = _taken_as_gray(images, inference.needs)
    count, total = itertools.count(1), len(tiles) * inference.passes

    def count_pass() -> None:
        if on_tile is not None:
            on_tile(next(count), total)

    def denoise(
        samples: slice, rows: Span, columns: Span, after_pass: Callable[[], None]
    ) -> Images:
        channels = slice(1) if are_gray[samples].all() else slice(None)
        read = to_unit(images[samples, rows.read, columns.read, channels])
        noisy = torch.from_numpy(read).permute(0, 3, 1, 2).to(device)
        planes = _cut_planes(sigma, samples, rows.read, columns.read)
        planes = None if planes is None else planes.to(device)
        denoised = inference.denoise(noisy, planes, after_pass)
        unit = denoised.permute(0, 2, 3, 1).cpu().numpy()
        kept = from_unit(unit[:, rows.kept_of_read, columns.kept_of_read], images.dtype)
        return np.broadcast_to(kept, (*kept.shape[:3], images.shape[3]))

    waiting = list(tiles)
    while waiting:
        while preview is not None and (region := preview.next_region()) is not None:
            part = denoise(slice(0, 1), *around(*region, images.shape), lambda: None)
            preview.show(*region, part[0])
            waiting.sort(key=partial(_distance, *region))
        samples, rows, columns = waiting.pop(0)
        part = denoise(samples, rows, columns, count_pass)
        result[samples, rows.kept, columns.kept] = part
        if preview is not None:
            preview.show(rows.kept, columns.kept, part[0])
    return result, len(tiles)


def _distance(rows: slice, columns: slice, tile: tuple[slice, Span, Span]) -> float:
    """Return how far the middle of a tile is from that of a region, in pixels."""
    pairs = ((rows, tile[1].kept), (columns, tile[2].kept))
    return math.hypot(*((a.start + a.stop - b.start - b.stop) / 2 for a, b in pairs))


def _taken_as_gray(images: Images, needs: Needs) -> NDArray[np.bool_]:
    """Return for each image, (N,), whether the network gets one of its three equal channels."""
    if not needs.takes_gray:
        return np.zeros(len(images), bool)
    equal: NDArray[np.bool_] = (images == images[..., :1]).all(axis=(1, 2, 3))
    return equal


def _tiles(shape: tuple[int, ...], needs: Needs) -> Iterator[tuple[slice, Span, Span]]:
    """Cut a batch into samples, rows and columns that are denoised at once."""
    count, height, width, _ = shape
    chunk = max(1, TILE * TILE // (min(height, TILE) * min(width, TILE)))
    chunk = 1 if needs.takes_gray else chunk  # each image may be gray or not
    for first in range(0, count, chunk):
        for rows in spans(height, TILE, OVERLAP):
            for columns in spans(width, TILE, OVERLAP):
                yield slice(first, first + chunk), rows, columns


def _cut_planes(sigma: Tensor | None, samples: slice, rows: slice, columns: slice) -> Tensor | None:
    """Return the planes of a tile; numbers stay numbers."""
    if sigma is None or sigma.numel() == 1:
        return sigma
    return sigma[samples] if sigma.shape[2:] == (1, 1) else sigma[samples, :, rows, columns]
