"""Pictures of floating-point values, whose range is their own."""

import numpy as np
import pytest
from skimage import data

from denoise import Denoiser
from denoise.images.picture import Picture
from denoise.inference.pipeline import denoise_picture, estimate_picture, noise_picture
from denoise.noise.synthesis import NoiseSpec

CLEAN = data.astronaut()[:96, :96].astype(np.float32) / 255
NOISY = CLEAN + np.random.default_rng(1).normal(0, 0.1, CLEAN.shape).astype(np.float32)


@pytest.fixture(scope="module")
def denoiser():
    return Denoiser("conv-photo", device="cpu")


@pytest.mark.parametrize(("low", "high"), [(-0.5, 1), (0, 5), (-10, 65_535)])
def test_values_beyond_0_to_1_are_denoised_in_their_own_range(denoiser, low, high):
    inside = np.clip(NOISY, 0, 1)
    inside[0, 0], inside[0, 1] = 0, 1
    expected, _ = denoise_picture(Picture(inside), denoiser)
    stretched = Picture((inside * (high - low) + low).astype(np.float32))
    denoised, report = denoise_picture(stretched, denoiser)
    back = (denoised.pixels - low) / (high - low)
    assert np.abs(back - expected.pixels).max() < 1e-3
    assert f"Its values from {low:.4g} to {high:.4g} were scaled" in report.warnings[0]


def test_a_float_picture_within_0_to_1_is_taken_as_it_is(denoiser):
    inside = Picture(np.clip(NOISY, 0, 1))
    denoised, report = denoise_picture(inside, denoiser)
    assert np.array_equal(denoised.pixels, denoiser(inside.pixels))
    assert denoised.pixels.dtype == np.float32
    assert report.warnings == ()


def test_noise_is_estimated_and_added_in_the_scaled_range():
    wide = Picture(np.clip(NOISY, 0, 1) * 100)
    inside = estimate_picture(Picture(np.clip(NOISY, 0, 1)))
    assert estimate_picture(wide).sigma == pytest.approx(inside.sigma, rel=0.02)
    noisier, _ = noise_picture(Picture(CLEAN * 100), NoiseSpec(kind="gaussian", level=0.1))
    assert np.std(noisier.pixels - CLEAN * 100) == pytest.approx(10 * CLEAN.max(), rel=0.02)
