"""The noise of a camera: signal-dependent, correlated, partly shared by the channels."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy  # its ndimage, which loads when it is used: no `--help` waits for it
from numpy.typing import NDArray

Pixels = NDArray[np.float64]  # (H, W, C), sRGB in [0,1]

CAMERA_BLUR = 0.7  # pixels; about as much as demosaicing and a camera's own smoothing
CAMERA_GRAY_SHARE = 0.5  # of the noise's variance, shared by the channels
CAMERA_READ_SHARE = 0.2  # of the variance at middle gray, independent of the light


def camera_noise(
    clean: Pixels,
    level: float,
    rng: np.random.Generator,
    *,
    blur: float = CAMERA_BLUR,
    gray_share: float = CAMERA_GRAY_SHARE,
    read_share: float = CAMERA_READ_SHARE,
) -> Pixels:
    """Return an image with noise as a camera leaves it: correlated and dependent on the light.

    Shot noise grows with the light and is compressed by the sRGB tone curve; demosaicing and
    smoothing blur it and mix the channels.

    Args:
        clean: (H, W, C) in [0,1].
        level: standard deviation at middle gray (0.5).
        rng: draws the noise.
        blur: standard deviation of the smoothing, in pixels; 0 for none.
        gray_share: of the variance, common to all channels.
        read_share: of the variance at middle gray, independent of the light.
    """
    noisy = np.empty_like(clean)
    channels = range(clean.shape[2])
    gray = math.sqrt(gray_share) * rng.standard_normal(clean.shape[:2])

    def spoil(channel: int, own: np.random.Generator) -> None:
        field = gray + math.sqrt(1 - gray_share) * own.standard_normal(gray.shape)
        if blur > 0:
            field = scipy.ndimage.gaussian_filter(field, blur, mode="wrap") / _blurred_std(blur)
        for top in range(0, len(field), 64):  # small enough for the processor's cache
            rows = slice(top, top + 64)
            signal = clean[rows, :, channel]
            gain = level * _camera_gain(np.ascontiguousarray(signal), read_share)
            noisy[rows, :, channel] = signal + gain * field[rows]

    with ThreadPoolExecutor() as threads:  # each channel has a generator of its own
        list(threads.map(spoil, channels, rng.spawn(len(channels))))
    return noisy


def _camera_gain(clean: Pixels, read_share: float) -> Pixels:
    middle = np.array(0.5)
    return _camera_std(clean, read_share) / _camera_std(middle, read_share)


def _camera_std(signal: NDArray[np.float64], read_share: float) -> NDArray[np.float64]:
    shade = np.clip(signal, 0, 1)
    light = shade**2.2  # sRGB's curve, near enough
    variance = read_share * 0.5**2.2 + (1 - read_share) * light
    slope = np.maximum(shade, 0.1) / np.maximum(light, 0.1**2.2)  # of it; bounded in the shadows
    return np.asarray(np.sqrt(variance) * slope)


def _blurred_std(blur: float) -> float:
    """Return the standard deviation of white noise of deviation 1 after `gaussian_filter`."""
    impulse = np.zeros(int(8 * blur + 2) * 2 + 1)
    impulse[len(impulse) // 2] = 1
    return float(np.sum(scipy.ndimage.gaussian_filter(impulse, blur) ** 2))
