"""Classical denoisers from well-kept libraries, to compare networks with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its ndimage, which loads when it is used: no `--help` waits for it
from numpy.typing import NDArray
from skimage import restoration  # imports its functions when they are called

from denoise.errors import DenoiseError, SettingError
from denoise.extras import optional
from denoise.images.arrays import ImageT, from_unit, to_unit, unpack

Pixels = NDArray[np.float64]  # (H, W, 3) or gray (H, W), sRGB in [0,1]

# Tuned on scikit-image's photographs astronaut, coffee and chelsea at sigma 15, 25 and 50 of 255.
NL_MEANS_H = 0.6  # of sigma
TV_WEIGHT = 0.9  # of sigma
LARGE_MEDIAN_FROM = 20 / 255  # sigma from which on a window of 5x5 beats one of 3x3


@dataclass(frozen=True)
class Baseline:
    """A classical denoiser: `apply(noisy, sigma)` returns the same shape, not clipped."""

    name: str
    title: str  # in tables and plots
    apply: Callable[[Pixels, float], Pixels]
    library: str = ""  # module it needs beyond the required packages
    is_slow: bool = False  # over a minute a Mpixel


def denoise_with_baseline(image: ImageT, name: str, sigma: float) -> ImageT:
    """Denoise by a method of `BASELINES`, told sigma in [0,1]; type, shape and dtype stay.

    The image is of any type that `unpack` takes.

    Raises:
        SettingError: no method has that name.
        DenoiseError: its library is not installed.
        ImageError: the image has another type, shape or mode.
    """
    if name not in BASELINES:
        raise SettingError(
            f"Unknown method {name!r}; choose one of: {', '.join(sorted(BASELINES))}."
        )
    images, repack = unpack(image)
    noisy = to_unit(images, np.float64)
    denoised = np.stack([_apply(BASELINES[name], one, sigma) for one in noisy])
    result: ImageT = repack(from_unit(np.clip(denoised, 0, 1), images.dtype))
    return result


def is_installed(name: str) -> bool:
    """Return whether the library of a method of `BASELINES` is installed."""
    try:
        return not BASELINES[name].library or bool(optional(BASELINES[name].library, ""))
    except DenoiseError:
        return False


def _apply(baseline: Baseline, noisy: Pixels, sigma: float) -> Pixels:
    plain = noisy if noisy.shape[2] == 3 else noisy[..., 0]
    return baseline.apply(plain, sigma).reshape(noisy.shape)


def _channel_axis(noisy: Pixels) -> int | None:
    return 2 if noisy.ndim == 3 else None


def _median(noisy: Pixels, sigma: float) -> Pixels:
    side = 5 if sigma >= LARGE_MEDIAN_FROM else 3
    return np.asarray(scipy.ndimage.median_filter(noisy, (side, side, 1)[: noisy.ndim]))


def _nl_means(noisy: Pixels, sigma: float) -> Pixels:
    """Source: Buades et al., "A non-local algorithm for image denoising", CVPR 2005."""
    denoised: Pixels = restoration.denoise_nl_means(
        noisy,
        patch_size=5,
        patch_distance=6,
        h=NL_MEANS_H * sigma,
        sigma=sigma,
        fast_mode=True,
        channel_axis=_channel_axis(noisy),
    )
    return denoised


def _tv(noisy: Pixels, sigma: float) -> Pixels:
    """Source: Chambolle, "An algorithm for total variation minimization", JMIV 2004."""
    denoised: Pixels = restoration.denoise_tv_chambolle(
        noisy, weight=TV_WEIGHT * sigma, channel_axis=_channel_axis(noisy)
    )
    return denoised


def _wavelets(noisy: Pixels, sigma: float) -> Pixels:
    """Source: Chang et al., "Adaptive wavelet thresholding" (BayesShrink), TIP 2000."""
    optional("pywt", "classic")  # which scikit-image uses
    denoised: Pixels = restoration.denoise_wavelet(
        noisy,
        sigma=sigma,
        convert2ycbcr=noisy.ndim == 3,
        channel_axis=_channel_axis(noisy),
        rescale_sigma=True,
    )
    return denoised


def _bm3d(noisy: Pixels, sigma: float) -> Pixels:
    """Source: Dabov et al., "Image denoising by sparse 3-D transform-domain filtering", TIP 2007.

    The package is licensed for non-commercial use only. A Mpixel takes over a minute.
    """
    bm3d = optional("bm3d", "bm3d")
    denoise = bm3d.bm3d_rgb if noisy.ndim == 3 else bm3d.bm3d
    return np.asarray(denoise(noisy, sigma))


BASELINES = {
    baseline.name: baseline
    for baseline in (
        Baseline("median", "Median", _median),
        Baseline("nl-means", "Non-local means", _nl_means),
        Baseline("tv", "Total variation", _tv),
        Baseline("wavelets", "Wavelets (BayesShrink)", _wavelets, library="pywt"),
        Baseline("bm3d", "BM3D", _bm3d, library="bm3d", is_slow=True),
    )
}
