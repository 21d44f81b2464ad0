"""Find the steps that JPEG rounded a picture to, from its pixels."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import idct
from torch.nn import functional as F

from denoise.images.arrays import LUMA

SIDE = 512  # pixels a side of the part that is examined, in the picture's middle
BLOCK = 8
FREQUENCIES = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (0, 3), (3, 0))
LEAST_AGREEING = 5  # frequencies that show a step; fewer may by chance
FEWEST_SHADES = 32  # JPEG leaves more; a drawing's few may be multiples of a step anyway
NEAR_ZERO = 0.5  # gray levels
LARGEST_STEP = 121  # gray levels; quality 10 has up to 80 at these frequencies
FAR = 0.4  # of a step; below half, so that twice the step does not pass for one
LEAST_COUNT = 24  # coefficients farther from zero than that
LEAST_PERIODIC = 0.6  # mean cosine over a step: 1 for multiples, 0 for anything else


def quantisation_step(image: NDArray[Any]) -> float:
    """Return the mean step that JPEG rounded low frequencies to, in [0,1]; 0: no sign of JPEG.

    The coefficients of JPEG's blocks are multiples of the step (Fan, de Queiroz, "Identification of
    bitmap compression history: JPEG detection and quantizer estimation", 2003). Later changes of
    the pixels, such as shrinking, hide that; cropping does not. Steps below about 3/255 (qualities
    above 90) are not found. The image is (H, W, C) in [0,1].
    """
    height, width = image.shape[:2]
    top, left = max(0, (height - SIDE) // 2), max(0, (width - SIDE) // 2)
    middle = image[top : top + SIDE, left : left + SIDE]
    if min(middle.shape[:2]) < 2 * BLOCK:
        return 0.0
    light = 255 * (middle @ LUMA if middle.shape[2] == 3 else middle[..., 0])
    if len(np.unique(light.round(2))) < FEWEST_SHADES:
        return 0.0
    is_clipped = np.any((middle <= 0) | (middle >= 1), axis=2)
    found, is_unclipped = _block_coefficients(light, is_clipped)
    # Clipped blocks have no multiples; but blocks without clipping may be few.
    for values in (found,) if is_unclipped.all() else (found, found[:, is_unclipped]):
        steps = [step for step in map(_step, values) if step > 0]
        if len(steps) >= LEAST_AGREEING:
            return sum(steps) / len(steps) / 255
    return 0.0


def _block_coefficients(
    light: NDArray[Any], is_clipped: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the low frequencies, (F, N), of JPEG's blocks, and whether each has no clipped pixel.

    Blocks may start at any pixel, as in a cropped picture.
    """
    rows = idct(np.eye(BLOCK), axis=1, norm="ortho")  # (frequency, pixel)
    filters = np.stack([np.outer(rows[u], rows[v]) for u, v in FREQUENCIES])[:, None]
    planes = torch.from_numpy(np.stack((light, is_clipped))).float()[:, None]
    found = F.conv2d(planes[:1], torch.from_numpy(filters).float())[0].numpy()
    is_unclipped = F.max_pool2d(planes[1:], BLOCK, stride=1)[0, 0].numpy() == 0
    # On the grid of the blocks, JPEG rounded many coefficients to zero.
    near_zero = (np.abs(found) < NEAR_ZERO).sum(axis=0)
    starts = [(top, left) for top in range(BLOCK) for left in range(BLOCK)]
    top, left = max(starts, key=lambda at: near_zero[at[0] :: BLOCK, at[1] :: BLOCK].mean())
    values = found[:, top::BLOCK, left::BLOCK].reshape(len(FREQUENCIES), -1)
    return values, is_unclipped[top::BLOCK, left::BLOCK].ravel()


def _step(values: NDArray[np.float32]) -> int:
    """Return the largest step that all values, (N,), are multiples of; 0: none."""
    largest = 0
    for step in range(1, LARGEST_STEP + 1):
        far = values[np.abs(values) > FAR * step]  # zero is a multiple of all
        if len(far) < LEAST_COUNT:
            break
        if np.cos(2 * np.pi * far / step).mean() > LEAST_PERIODIC:
            largest = step
    return largest
