"""How noisy is a picture? The noise level, judged without the clean picture."""

import functools
import math
import threading
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from denoise.images.arrays import to_unit, unpack
from denoise.inference.jpeg_steps import quantisation_step
from denoise.zoo.zoo import Zoo, find_judge

CROP_SIDE = 256  # pixels; half of it is a multiple of what the judge needs
MAX_CROPS = 4
# From where on a sign counts, and from where on fully; found on pairs of PolyU, on CID22-val as
# clean pictures, and on some of it and of CBSD68 under made camera noise, by hand: figures on these
# are not of pictures never seen.
CAMERA_CORRELATION = (0.22, 0.34)
CAMERA_GRAY_SHARE = (0.45, 0.60)  # 0.58 of channels that share nothing
CAMERA_GROWTH = (2.4, 1.6)
CAMERA_KURTOSIS = (40.0, 15.0)  # excess
CAMERA_SIGMA = (1.5 / 255, 2.5 / 255)
# Weaker noise must be coarse, too, or what is taken of clean pictures would pass for it.
CAMERA_COARSE_CORRELATION = (-0.12, -0.02)
WEAK_CAMERA_SIGMA = (0.2 / 255, 0.5 / 255)
DETAIL_GROWTH = (1.25, 1.75)
# What lies everywhere is noise, even among letters, which are sharp: 0.8 and more of Gaussian noise
# on made and on scanned text, 0.67 and less of these when clean. Clean photographs have more only
# where what is taken is below 1/255.
NOISE_SPREAD = (0.68, 0.80)
MEDIAN_TO_DEVIATION = 1.4826  # of Gaussian values
COLOURED_CORRELATION = (0.15, 0.30)
UNEVEN_KURTOSIS = (1.5, 3.5)  # excess: 0 of Gaussian noise, 8 and more of impulses
STRONG_SIGMA = (3 / 255, 6 / 255)
# Of JPEG's rounding error, to what the judge takes: where other noise is much stronger, it counts.
JPEG_RATIO = (0.2, 0.4)
# What the judge gets wrong is missing in what it takes of white noise: this variance, in squared
# gray levels, per level in gray levels to that power (by hand, on scikit-image's astronaut and
# coffee and on CBSD68 at 5 to 50).
MISSED, MISSED_POWER = 1.0, 1.16
DETAIL_CUT = 0.6  # of the level, where it is all detail
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
    white: float  # the level in [0,1] as far as it is Gaussian noise
    camera: float  # 0 to 1: whether it is a camera's
    other: float  # 0 to 1: whether it is strong, and not Gaussian or not white, as impulses are
    jpeg: float  # 0 to 1: whether much of it is what JPEG has done
    jpeg_step: float  # that JPEG rounded low frequencies to, in [0,1]; 0: no sign of JPEG

    @property
    def coloured(self) -> float:
        """From 0 to 1: whether neighbouring pixels share it."""
        return _ramp(self.correlation, COLOURED_CORRELATION)


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
    judge = _judge(zoo)
    found = [_estimate_one(to_unit(one), judge) for one in unpack(image).images]
    return NoiseEstimate(*np.mean(found, axis=0).tolist())


def _estimate_one(image: NDArray[Any], judge: nn.Module) -> NoiseEstimate:
    crops = torch.from_numpy(np.stack(cut_crops(image))).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
    sparse = torch.cat((crops[..., ::2, ::2], crops[..., 1::2, 1::2]))
    with torch.inference_mode():
        clean, sparsely_clean = judge(crops), judge(sparse)
    found, sparsely_found = Removed.of(crops, clean), Removed.of(sparse, sparsely_clean)
    return judged(found, sparsely_found, quantisation_step(image))


class Removed(NamedTuple):
    """What the judge takes away, in figures."""

    sigma: float
    correlation: float  # of neighbouring pixels
    gray_share: float  # of the deviation: what all channels have in common
    kurtosis: float  # excess
    spread: float = 0.0  # of the deviation: what the median says it is; 1 of Gaussian noise

    @classmethod
    def of(cls, noisy: torch.Tensor, clean: torch.Tensor) -> "Removed":
        """Measures what is between (N, C, H, W) and the same."""
        removed = noisy - clean
        gray, power = removed.mean(dim=1), float(removed.square().mean())
        if power == 0:
            return cls(0.0, 0.0, 0.0, 0.0)
        sigma, gray_power = math.sqrt(power), float(gray.square().mean())
        # Near black and white noise is cut off: that it is less there says nothing of its kind.
        open_there = removed[(clean >= 2 * sigma) & (clean <= 1 - 2 * sigma)]
        return cls(
            sigma,
            _neighbour_correlation(gray),
            math.sqrt(gray_power / power),
            _kurtosis(open_there if open_there.numel() > removed.numel() / 20 else removed),
            MEDIAN_TO_DEVIATION * float(removed.abs().median()) / sigma,
        )


def judged(found: Removed, sparse: Removed, jpeg_step: float = 0.0) -> NoiseEstimate:
    """Says what kind of noise it is.

    A camera's noise lies in light, is shared by neighbours, where it is weak also by those two
    pixels apart, and is as strong among every second pixel. What the judge takes from a clean
    picture is weaker in light, or is stronger there, or lies in few places: that is detail.

    Args:
        found: taken from the picture.
        sparse: taken from every second pixel of every second row.
        jpeg_step: as `quantisation_step` gives it.
    """
    growth = sparse.sigma / found.sigma if found.sigma > 0 else 1.0
    detail = _ramp(growth, DETAIL_GROWTH) * (1 - _ramp(found.spread, NOISE_SPREAD))
    return NoiseEstimate(
        sigma=min(1.0, found.sigma),
        correlation=found.correlation,
        white=min(1.0, _with_missed(found.sigma) * (1 - DETAIL_CUT * detail)),
        camera=_ramp(found.correlation, CAMERA_CORRELATION)
        * _ramp(found.gray_share, CAMERA_GRAY_SHARE)
        * _ramp(growth, CAMERA_GROWTH)
        * _ramp(found.kurtosis, CAMERA_KURTOSIS)
        * max(
            _ramp(found.sigma, CAMERA_SIGMA),
            _ramp(found.sigma, WEAK_CAMERA_SIGMA)
            * _ramp(sparse.correlation, CAMERA_COARSE_CORRELATION),
        ),
        other=(1 - detail)  # letters and lines lie in few places, too
        * _ramp(found.sigma, STRONG_SIGMA)
        * max(
            _ramp(found.kurtosis, UNEVEN_KURTOSIS),
            _ramp(found.correlation, COLOURED_CORRELATION),
        ),
        jpeg=_ramp(jpeg_step / math.sqrt(12) / max(found.sigma, 1e-6), JPEG_RATIO),
        jpeg_step=jpeg_step,
    )


def _with_missed(sigma: float) -> float:
    level = 255 * sigma
    return math.sqrt(level**2 + MISSED * level**MISSED_POWER) / 255


def _kurtosis(values: torch.Tensor) -> float:
    """Gives the excess over that of Gaussian values."""
    return float(values.pow(4).mean() / values.square().mean() ** 2) - 3


def _ramp(value: float, bounds: tuple[float, float]) -> float:
    """Gives 0 at the first bound and before, 1 at the second and beyond, and what lies between."""
    start, full = bounds
    return min(1.0, max(0.0, (value - start) / (full - start)))


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
    return find_judge(zoo).load()[0]
