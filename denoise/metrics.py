"""How close a denoised image is to the clean one: PSNR, SSIM, HaarPSI."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from denoise.errors import ImageError
from denoise.images.arrays import to_unit


def psnr(clean: NDArray[Any], image: NDArray[Any]) -> float:
    """Return the peak signal-to-noise ratio in dB, over all channels; infinity if equal.

    Args:
        clean: (H, W) or (H, W, C); uint8, uint16 or float in [0,1].
        image: of the same shape and dtype.

    Raises:
        ImageError: shapes or dtypes that differ.
    """
    reference, other = _comparable(clean, image)
    return psnr_from_mse(float(np.mean((reference - other) ** 2)))


def psnr_from_mse(mse: float) -> float:
    """Return the PSNR in dB of a mean squared error on [0,1]; infinity for 0."""
    return -10 * math.log10(mse) if mse > 0 else math.inf


def ssim(clean: NDArray[Any], image: NDArray[Any]) -> float:
    """Return the structural similarity, 1 if equal (Wang et al., 2004: Gaussian window, 1.5).

    Args:
        clean: (H, W) or (H, W, C), at least 11 pixels a side; uint8, uint16 or float in [0,1].
        image: of the same shape and dtype.

    Raises:
        ImageError: shapes or dtypes that differ, or a side under 11 pixels.
    """
    reference, other = _comparable(clean, image)
    if min(reference.shape[:2]) < 11:
        raise ImageError("SSIM needs pictures of at least 11 pixels a side.")
    return float(
        structural_similarity(
            reference,
            other,
            data_range=1.0,
            channel_axis=2 if reference.ndim == 3 else None,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def haarpsi(clean: NDArray[Any], image: NDArray[Any]) -> float:
    """Return the Haar wavelet perceptual similarity, 1 if equal (Reisenhofer et al., 2018).

    Of the metrics without a trained network, it is among the closest to human opinion. It compares
    edges: for two flat pictures it is NaN.

    Args:
        clean: (H, W) or (H, W, C), at least 16 pixels a side; uint8, uint16 or float in [0,1].
        image: of the same shape and dtype.

    Raises:
        ImageError: shapes or dtypes that differ, or a side under 16 pixels.
    """
    from piqa import HaarPSI  # takes a second to import

    reference, other = _comparable(clean, image)
    if min(reference.shape[:2]) < 16:
        raise ImageError("HaarPSI needs pictures of at least 16 pixels a side.")
    pair = torch.from_numpy(np.stack((other, reference)).clip(0, 1)).float()
    is_colour = pair.ndim == 4 and pair.shape[3] == 3
    planes = pair.view(*pair.shape[:3], -1).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
    return float(HaarPSI(chromatic=is_colour)(planes[:1], planes[1:]))


def fine_power(image: NDArray[Any]) -> float:
    """Return the power of an image above half of the Nyquist frequency: its fine texture.

    Args:
        image: (H, W) or (H, W, C); uint8, uint16 or float in [0,1].

    Returns:
        The mean square per pixel, summed over channels, of frequencies above a quarter of a cycle
        per pixel.
    """
    spectrum = np.fft.fft2(np.atleast_3d(to_unit(image, np.float64)), axes=(0, 1))
    height, width = image.shape[:2]
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    return float(np.square(np.abs(spectrum[radius > 0.25])).sum() / (height * width) ** 2)


def _comparable(clean: NDArray[Any], image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    if clean.shape != image.shape or clean.dtype != image.dtype:
        raise ImageError(
            "Only pictures of the same size and bit depth can be compared; these are "
            f"{clean.shape} of {clean.dtype} and {image.shape} of {image.dtype}."
        )
    return to_unit(clean, np.float64), to_unit(image, np.float64)
