"""How noisy is a picture? The noise level, judged without the clean picture."""

import functools
import threading
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from denoise.conversion import to_unit, unpack
from denoise.weights import load_network

JUDGE = "conv-photo"  # guesses the level of white and of correlated noise alike
CROP_SIDE = 256  # pixels; a multiple of what the judge needs
MAX_CROPS = 4
_judge_lock = threading.Lock()


def estimate_sigma(image: Image.Image | NDArray[Any] | torch.Tensor) -> float:
    """Gives the noise level as a standard deviation in [0,1]; of a batch, the mean.

    It is the root mean square of what the photo network takes away when it must guess, on up
    to four crops spread over the picture. For white Gaussian noise that reads a little low.

    Args:
        image: as for `Denoiser`; any size.

    Raises:
        ImageError: an image of another type or shape.
        WeightsError: the judging network's weights are damaged.
    """
    levels = [_estimate_one(to_unit(one)) for one in unpack(image).images]
    return float(np.mean(levels))


def _estimate_one(image: NDArray[Any]) -> float:
    crops = torch.from_numpy(np.stack(_crops(image))).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
    with torch.inference_mode():
        removed = crops - _judge()(crops)
    return min(1.0, float(removed.square().mean().sqrt()))


def _crops(image: NDArray[Any]) -> list[NDArray[Any]]:
    """Cuts crops of the same size; a smaller picture is mirrored until it fills one."""
    height, width = image.shape[:2]
    missing = (max(0, CROP_SIDE - height), max(0, CROP_SIDE - width))
    if any(missing):
        image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
        height, width = image.shape[:2]
    across = min(2, width // CROP_SIDE)
    down = min(MAX_CROPS // across, 2, height // CROP_SIDE)
    return [
        image[top : top + CROP_SIDE, left : left + CROP_SIDE]
        for top in _starts(height, down)
        for left in _starts(width, across)
    ]


def _starts(length: int, count: int) -> list[int]:
    free = length - count * CROP_SIDE
    return [round(free * (i + 1) / (count + 1)) + i * CROP_SIDE for i in range(count)]


def _judge() -> nn.Module:
    with _judge_lock:
        return _load_judge()


@functools.cache
def _load_judge() -> nn.Module:
    return load_network(JUDGE)[0]
