"""Estimate the level and the kind of a picture's noise, without the clean picture."""

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
from denoise.zoo.zoo import Zoo, find_estimator

CROP_SIDE = 256  # pixels; half of it is a multiple of the estimator's `multiple_of`
MAX_CROPS = 4
# Bounds between which a sign counts more and more. They were set by hand on pairs of PolyU, on
# CID22-val as clean pictures, and on some of it and of CBSD68 with blurred noise, so
# figures on these sets are not on unseen pictures.
CAMERA_CORRELATION = (0.22, 0.34)
CAMERA_GRAY_SHARE = (0.45, 0.60)  # 0.58 if channels share nothing
CAMERA_GROWTH = (2.4, 1.6)
CAMERA_KURTOSIS = (40.0, 15.0)  # excess
CAMERA_SIGMA = (1.5 / 255, 2.5 / 255)
# Weaker noise must also be coarse, or the residual of clean pictures would pass for it.
CAMERA_COARSE_CORRELATION = (-0.12, -0.02)
WEAK_CAMERA_SIGMA = (0.2 / 255, 0.5 / 255)
DETAIL_GROWTH = (1.25, 1.75)
# A residual that lies everywhere is noise, even among sharp letters: 0.8 and more for Gaussian
# noise on made and on scanned text, 0.67 and less for clean text. Clean photographs have more only
# where the residual is below 1/255.
NOISE_SPREAD = (0.68, 0.80)
MEDIAN_TO_DEVIATION = 1.4826  # for Gaussian values
COLOURED_CORRELATION = (0.15, 0.30)
UNEVEN_KURTOSIS = (1.5, 3.5)  # excess: 0 for Gaussian noise, 8 and more for impulses
STRONG_SIGMA = (3 / 255, 6 / 255)
# JPEG's rounding error over the residual's level: below, other noise is much stronger, and counts.
JPEG_RATIO = (0.2, 0.4)
# The estimator's own error is missing in its residual of white noise: this variance, in squared
# gray levels, per level in gray levels to that power (by hand, on scikit-image's astronaut and
# coffee and on CBSD68 at 5 to 50).
MISSED, MISSED_POWER = 1.0, 1.16
DETAIL_CUT = 0.6  # of the level, where the residual is all detail
_estimator_lock = threading.Lock()


def estimate_sigma(
    image: Image.Image | NDArray[Any] | torch.Tensor, *, zoo: Zoo | None = None
) -> float:
    """Return the noise level as a standard deviation in [0,1]; of a batch, the mean.

    It is the root mean square of the residual of a blind photo network, on up to four crops spread
    over the picture. For white Gaussian noise it is a little too low.

    Args:
        image: as for `Denoiser`; any size.
        zoo: with the estimating network; None: the bundled zoo.

    Raises:
        ImageError: an image of another type or shape.
        WeightsError: the estimating network's weights are damaged.
    """
    return estimate_noise(image, zoo=zoo).sigma


class NoiseEstimate(NamedTuple):
    """An estimate of a picture's noise."""

    sigma: float  # standard deviation in [0,1]
    correlation: float  # of neighbouring pixels: 0 for white noise, about 0.5 for a camera's
    white: float  # level in [0,1] of the part that is white and Gaussian
    camera: float  # 0 to 1: whether it is a camera's noise
    other: float  # 0 to 1: whether it is strong, and not white or not Gaussian, as impulses are
    jpeg: float  # 0 to 1: whether much of it is JPEG's rounding
    jpeg_step: float  # that JPEG rounded low frequencies to, in [0,1]; 0: no sign of JPEG

    @property
    def coloured(self) -> float:
        """From 0 to 1: whether neighbouring pixels share the noise."""
        return _ramp(self.correlation, COLOURED_CORRELATION)


def estimate_noise(
    image: Image.Image | NDArray[Any] | torch.Tensor, *, zoo: Zoo | None = None
) -> NoiseEstimate:
    """Return the level of `estimate_sigma`, and the signs of what kind of noise it is.

    A batch gives the means. Arguments and errors are those of `estimate_sigma`.
    """
    estimator = _estimator(zoo)
    found = [_estimate_one(to_unit(one), estimator) for one in unpack(image).images]
    return NoiseEstimate(*np.mean(found, axis=0).tolist())


def _estimate_one(image: NDArray[Any], estimator: nn.Module) -> NoiseEstimate:
    crops = torch.from_numpy(np.stack(cut_crops(image))).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
    sparse = torch.cat((crops[..., ::2, ::2], crops[..., 1::2, 1::2]))
    with torch.inference_mode():
        clean, sparsely_clean = estimator(crops), estimator(sparse)
    found, sparsely_found = Residual.of(crops, clean), Residual.of(sparse, sparsely_clean)
    return interpret_residual(found, sparsely_found, quantisation_step(image))


class Residual(NamedTuple):
    """Figures of the residual, which the estimator takes away."""

    sigma: float
    correlation: float  # of neighbouring pixels
    gray_share: float  # of the deviation, common to all channels
    kurtosis: float  # excess
    spread: float = 0.0  # deviation by the median over the deviation; 1 for Gaussian noise

    @classmethod
    def of(cls, noisy: torch.Tensor, clean: torch.Tensor) -> "Residual":
        """Measure the residual of pictures (N, C, H, W)."""
        residual = noisy - clean
        gray, power = residual.mean(dim=1), float(residual.square().mean())
        if power == 0:
            return cls(0.0, 0.0, 0.0, 0.0)
        sigma, gray_power = math.sqrt(power), float(gray.square().mean())
        # Near black and white, noise is clipped; that it is weaker there says nothing of its kind.
        unclipped = residual[(clean >= 2 * sigma) & (clean <= 1 - 2 * sigma)]
        return cls(
            sigma,
            _neighbour_correlation(gray),
            math.sqrt(gray_power / power),
            _kurtosis(unclipped if unclipped.numel() > residual.numel() / 20 else residual),
            MEDIAN_TO_DEVIATION * float(residual.abs().median()) / sigma,
        )


def interpret_residual(found: Residual, sparse: Residual, jpeg_step: float = 0.0) -> NoiseEstimate:
    """Return the noise's level and the signs of its kind.

    A camera's noise is mostly in luminance, and neighbouring pixels share it; if it is weak, so do
    pixels two apart. It is as strong in every second pixel. The residual of a clean picture is
    detail: less in luminance, or stronger in every second pixel, or in few places.

    `sparse` is of every second pixel of every second row, `jpeg_step` from `quantisation_step`.
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
        other=(1 - detail)  # letters and lines are in few places, too
        * _ramp(found.sigma, STRONG_SIGMA)
        * max(
            _ramp(found.kurtosis, UNEVEN_KURTOSIS), _ramp(found.correlation, COLOURED_CORRELATION)
        ),
        jpeg=_ramp(jpeg_step / math.sqrt(12) / max(found.sigma, 1e-6), JPEG_RATIO),
        jpeg_step=jpeg_step,
    )


def _with_missed(sigma: float) -> float:
    level = 255 * sigma
    return math.sqrt(level**2 + MISSED * level**MISSED_POWER) / 255


def _kurtosis(values: torch.Tensor) -> float:
    """Return the excess kurtosis, 0 for Gaussian values."""
    return float(values.pow(4).mean() / values.square().mean() ** 2) - 3


def _ramp(value: float, bounds: tuple[float, float]) -> float:
    """Return 0 up to the first bound, 1 from the second on, and a straight line between them."""
    start, full = bounds
    return min(1.0, max(0.0, (value - start) / (full - start)))


def _neighbour_correlation(planes: torch.Tensor) -> float:
    """Return the mean correlation of (N, H, W) with itself, a pixel across and a pixel down."""
    centred = planes - planes.mean(dim=(1, 2), keepdim=True)
    power = float(centred.square().mean())
    across = float((centred[..., 1:] * centred[..., :-1]).mean())
    down = float((centred[..., 1:, :] * centred[..., :-1, :]).mean())
    return (across + down) / (2 * power) if power > 0 else 0.0


def cut_crops(image: NDArray[Any]) -> list[NDArray[Any]]:
    """Cut crops of the same size; a smaller picture is mirrored until it fills one."""
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


def _estimator(zoo: Zoo | None) -> nn.Module:
    with _estimator_lock:
        return _load_estimator(zoo)


@functools.lru_cache(maxsize=2)
def _load_estimator(zoo: Zoo | None) -> nn.Module:
    return find_estimator(zoo).load()[0]
