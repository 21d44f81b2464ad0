"""Detail recovery: give back what was removed with the noise but stands out of it.

It works in bands of an undecimated wavelet transform, as darktable's detail recovery does, but by
local energy: where more was removed than noise of that brightness explains, detail was removed.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from denoise.images.arrays import LUMA, Images, from_unit, to_unit
from denoise.inference.tiling import spans

SCALES = 3  # bands, of details of about 2, 4 and 8 pixels
B3_SPLINE = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
EXCESS = 1.5  # times the noise's energy; pure noise rarely has more locally
CEILING = 8.0  # times the noise's deviation; more is a defect, such as an impulse
BINS = 8  # of brightness, on which a camera's noise depends
BIN_MIDDLES = (np.arange(BINS) + 0.5) / BINS
MEDIAN_TO_STD = 1.4826  # for absolute values of a normal distribution
SAMPLE_SIDE, SAMPLES = 96, 8  # pixels, windows along a side, to measure the noise
STRIP, STRIP_OVERLAP = 576, 32  # rows


def give_back_detail(noisy: Images, denoised: Images, amount: float) -> Images:
    """Return the denoised images with part of the removed detail given back.

    The amount is 0 (nothing) to 1 (all that stands out of the noise).
    """
    result = np.empty_like(denoised)
    for index in range(len(noisy)):
        floors = _noise_floors(noisy[index], denoised[index])
        for rows in spans(noisy.shape[1], STRIP, STRIP_OVERLAP):
            residual, luma = _residual(noisy[index, rows.read], denoised[index, rows.read])
            detail = _detail(residual, luma, floors)[rows.kept_of_read, :, None]
            unit = to_unit(denoised[index, rows.kept]) + amount * detail
            result[index, rows.kept] = from_unit(np.clip(unit, 0, 1), denoised.dtype)
    return result


def _residual(noisy: Images, denoised: Images) -> tuple[Tensor, NDArray[np.float32]]:
    """Return the luminance of the residual, (1, 1, H, W), and of the denoised image, (H, W)."""
    # Only luminance is given back, so that no blotches of colour return.
    weights = (LUMA if noisy.shape[-1] == 3 else np.ones(1)).astype(np.float32)
    left = to_unit(denoised) @ weights
    residual = to_unit(noisy) @ weights - left
    return torch.from_numpy(np.ascontiguousarray(residual))[None, None], left


def _detail(
    residual: Tensor, luma: NDArray[np.float32], floors: list[NDArray[np.float64]]
) -> NDArray[np.float32]:
    detail = torch.zeros_like(residual)
    for scale, (band, floor) in enumerate(zip(_bands(residual), floors, strict=True)):
        std = torch.from_numpy(np.interp(luma, BIN_MIDDLES, floor).astype(np.float32))
        window = 4 * 2**scale + 1
        energy = F.avg_pool2d(band**2, window, 1, window // 2, count_include_pad=False)
        gain = (1 - EXCESS * std**2 / energy.clamp_min(1e-12)).clamp_min(0)
        detail += gain * band.clamp(-CEILING * std, CEILING * std)
    result: NDArray[np.float32] = detail[0, 0].numpy()
    return result


def _bands(plane: Tensor) -> Iterator[Tensor]:
    """Return bands from fine to coarse; they and a smooth rest add up to the plane."""
    kernel = torch.tensor(B3_SPLINE)
    for scale in range(SCALES):
        step = 2**scale
        padded = F.pad(plane, (2 * step,) * 4, mode="replicate")
        smooth = F.conv2d(padded, kernel.view(1, 1, 1, 5), dilation=(1, step))
        smooth = F.conv2d(smooth, kernel.view(1, 1, 5, 1), dilation=(step, 1))
        yield plane - smooth
        plane = smooth


def _noise_floors(noisy: Images, denoised: Images) -> list[NDArray[np.float64]]:
    """Return the noise's standard deviation by brightness, (BINS,), for each band."""
    found: list[list[NDArray[np.float32]]] = [[] for _ in range(SCALES)]
    lumas = []
    for rows in _windows(noisy.shape[0]):
        for columns in _windows(noisy.shape[1]):
            residual, luma = _residual(noisy[rows, columns], denoised[rows, columns])
            lumas.append(luma.ravel())
            for band, bands in zip(_bands(residual), found, strict=True):
                bands.append(band.abs().numpy().ravel())
    bins = np.clip((np.concatenate(lumas) * BINS).astype(int), 0, BINS - 1)
    return [_medians(np.concatenate(bands), bins) for bands in found]


def _medians(values: NDArray[np.float32], bins: NDArray[np.int64]) -> NDArray[np.float64]:
    filled = np.unique(bins)
    stds = [MEDIAN_TO_STD * np.median(values[bins == index]) for index in filled]
    floors: NDArray[np.float64] = np.interp(np.arange(BINS), filled, stds)
    return floors


def _windows(length: int) -> list[slice]:
    if length <= SAMPLE_SIDE:
        return [slice(0, length)]
    starts = np.linspace(0, length - SAMPLE_SIDE, min(SAMPLES, length // SAMPLE_SIDE))
    return [slice(int(start), int(start) + SAMPLE_SIDE) for start in starts]
