"""Detail give-back: what left with the noise, but stands out of it as picture does.

In bands of an undecimated wavelet transform, as in darktable's detail recovery, but judged by the
local energy: where more was removed than the noise of that brightness explains, it was picture.
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
EXCESS = 1.5  # times the noise's energy; local energy of pure noise rarely comes higher
CEILING = 8.0  # times the noise's deviation; what stands out more is a fault, such as an impulse
BINS = 8  # of brightness: noise of cameras depends on it
MEDIAN_TO_STD = 1.4826  # of a normal distribution's absolute values
SAMPLE_SIDE, SAMPLES = 96, 8  # pixels, windows along each side, for the noise's deviation
STRIP, STRIP_OVERLAP = 576, 32  # rows


def give_back_detail(noisy: Images, denoised: Images, amount: float) -> Images:
    """Gives the denoised images with some of the detail back that was removed with the noise.

    Args:
        noisy: (N, H, W, C) of uint8, uint16 or float.
        denoised: the same, denoised.
        amount: 0 (nothing) to 1 (all that stands out).
    """
    result = np.empty_like(denoised)
    for index in range(len(noisy)):
        floors = _noise_floors(noisy[index], denoised[index])
        for rows in spans(noisy.shape[1], STRIP, STRIP_OVERLAP):
            removed, luma = _removed(noisy[index, rows.read], denoised[index, rows.read])
            detail = _detail(removed, luma, floors)[rows.kept_of_read, :, None]
            unit = to_unit(denoised[index, rows.kept]) + amount * detail
            result[index, rows.kept] = from_unit(np.clip(unit, 0, 1), denoised.dtype)
    return result


def _removed(noisy: Images, denoised: Images) -> tuple[Tensor, NDArray[np.float32]]:
    """Gives what was removed, (1, 1, H, W), and what is left, (H, W), of the luminance."""
    # Only luminance is given back, so no blotch of colour is.
    weights = (LUMA if noisy.shape[-1] == 3 else np.ones(1)).astype(np.float32)
    left = to_unit(denoised) @ weights
    removed = to_unit(noisy) @ weights - left
    return torch.from_numpy(np.ascontiguousarray(removed))[None, None], left


def _detail(
    removed: Tensor, luma: NDArray[np.float32], floors: list[NDArray[np.float64]]
) -> NDArray[np.float32]:
    detail = torch.zeros_like(removed)
    for scale, (band, floor) in enumerate(zip(_bands(removed), floors, strict=True)):
        std = torch.from_numpy(np.interp(luma, _bin_middles(), floor).astype(np.float32))
        window = 4 * 2**scale + 1
        energy = F.avg_pool2d(band**2, window, 1, window // 2, count_include_pad=False)
        gain = (1 - EXCESS * std**2 / energy.clamp_min(1e-12)).clamp_min(0)
        detail += gain * band.clamp(-CEILING * std, CEILING * std)
    result: NDArray[np.float32] = detail[0, 0].numpy()
    return result


def _bands(plane: Tensor) -> Iterator[Tensor]:
    """Gives details from fine to coarse; their sum and a smooth rest are the plane."""
    kernel = torch.tensor(B3_SPLINE)
    for scale in range(SCALES):
        step = 2**scale
        padded = F.pad(plane, (2 * step,) * 4, mode="replicate")
        smooth = F.conv2d(padded, kernel.view(1, 1, 1, 5), dilation=(1, step))
        smooth = F.conv2d(smooth, kernel.view(1, 1, 5, 1), dilation=(step, 1))
        yield plane - smooth
        plane = smooth


def _noise_floors(noisy: Images, denoised: Images) -> list[NDArray[np.float64]]:
    """Gives the noise's standard deviation by brightness, (BINS,), for each band."""
    found: list[list[NDArray[np.float32]]] = [[] for _ in range(SCALES)]
    lumas = []
    for rows in _windows(noisy.shape[0]):
        for columns in _windows(noisy.shape[1]):
            removed, luma = _removed(noisy[rows, columns], denoised[rows, columns])
            lumas.append(luma.ravel())
            for band, bands in zip(_bands(removed), found, strict=True):
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


def _bin_middles() -> NDArray[np.float64]:
    return (np.arange(BINS) + 0.5) / BINS
