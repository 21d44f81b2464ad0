import math

import numpy as np
import pytest
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from denoise import psnr, ssim
from denoise.errors import ImageError


def test_psnr_is_that_of_scikit_image():
    clean = data.astronaut()
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 20, clean.shape), 0, 255)
    noisy = noisy.astype(np.uint8)
    assert psnr(clean, noisy) == pytest.approx(peak_signal_noise_ratio(clean, noisy))


def test_equal_pictures_have_infinite_psnr_and_ssim_1():
    clean = data.camera()
    assert psnr(clean, clean) == math.inf
    assert ssim(clean, clean) == pytest.approx(1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_difference_of_one_step_in_255_is_48_db(dtype):
    step = 1 if dtype == np.uint8 else 257
    clean = np.full((16, 16), 100, dtype=dtype)
    assert psnr(clean, clean + dtype(step)) == pytest.approx(48.13, abs=0.01)


@pytest.mark.parametrize("other", [np.zeros((8, 9)), np.zeros((8, 8), dtype=np.float32)])
def test_pictures_of_another_size_or_depth_are_not_compared(other):
    with pytest.raises(ImageError, match="same size and bit depth"):
        psnr(np.zeros((8, 8)), other)


def test_ssim_of_a_tiny_picture_is_refused():
    with pytest.raises(ImageError, match="at least 11 pixels"):
        ssim(np.zeros((8, 8)), np.zeros((8, 8)))
