"""How noisy is a picture? The noise level, judged without the clean picture."""

import functools
import threading
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from denoise.conversion import to_unit, unpack
from denoise.weights import load_network
from denoise.zoo import Zoo

JUDGE = "conv-photo"  # guesses the level of white and of correlated noise alike
CROP_SIDE = 256  # pixels; a multiple of what the judge needs
MAX_CROPS = 4
_judge_lock = threading.Lock()


def estimate_sigma(
    image: Image.Image | NDArray[Any] | torch.Tensor, *, zoo: Zoo | None = None
) -> float:
    """Gives the noise level as a standard deviation in [0,1]; of a batch, the mean.

    It is the root mean square of what the photo network takes away when it must guess, on up
    to four crops spread over the picture. For white Gaussian noise that reads a little low.

    Args:
        image: as for `Denoiser`; any size.
        zoo: that the judging network may be from; None: the bundled one.

    Raises:
        ImageError: an image of another type or shape.
        WeightsError: the judging network's weights are damaged.
    """
    return estimate_noise(image, zoo=zoo).sigma


class NoiseEstimate(NamedTuple):
    """What is known of a picture's noise without the clean picture."""

    sigma: float  # standard deviation in [0,1]
    correlation: float  # of neighbouring pixels: 0 in white noise, about 0.5 in a camera's


def estimate_noise(
    image: Image.Image | NDArray[Any] | torch.Tensor, *, zoo: Zoo | None = None
) -> NoiseEstimate:
    """Gives the level of `estimate_sigma`, and how alike the noise of neighbouring pixels is.

    Args:
        image: as for `Denoiser`; any size; of a batch, the means are given.
        zoo: that the judging network may be from; None: the bundled one.

    Raises:
        ImageError: an image of another type or shape.
        WeightsError: the judging network's weights are damaged.
    """
    judge = _judge(None if zoo is None or zoo.repository is None else zoo)
    found = [_estimate_one(to_unit(one), judge) for one in unpack(image).images]
    sigmas, correlations = np.mean(found, axis=0)
    return NoiseEstimate(float(sigmas), float(correlations))


def _estimate_one(image: NDArray[Any], judge: nn.Module) -> NoiseEstimate:
    crops = torch.from_numpy(np.stack(cut_crops(image))).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
    with torch.inference_mode():
        removed = crops - judge(crops)
    sigma = min(1.0, float(removed.square().mean().sqrt()))
    return NoiseEstimate(sigma, _neighbour_correlation(removed.mean(dim=1)))


def _neighbour_correlation(removed: torch.Tensor) -> float:
    """Gives the mean correlation of (N, H, W) with itself, a pixel across and a pixel down."""
    centred = removed - removed.mean(dim=(1, 2), keepdim=True)
    power = float(centred.square().mean())
    across = float((centred[..., 1:] * centred[..., :-1]).mean())
    down = float((centred[..., 1:, :] * centred[..., :-1, :]).mean())
    return (across + down) / (2 * power) if power > 0 else 0.0


def cut_crops(image: NDArray[Any]) -> list[NDArray[Any]]:
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


def _judge(zoo: Zoo | None) -> nn.Module:
    with _judge_lock:
        return _load_judge(zoo)


@functools.lru_cache(maxsize=2)
def _load_judge(zoo: Zoo | None) -> nn.Module:
    if zoo is None:
        return load_network(JUDGE)[0]
    folder = zoo.fetch(JUDGE).folder
    return load_network(folder.name, folder.parent)[0]
