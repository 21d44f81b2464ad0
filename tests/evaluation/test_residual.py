import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage import data

from denoise import Denoiser, add_noise
from denoise.errors import ImageError
from denoise.evaluation.residual import analyse_residual

PHOTO = data.astronaut()[:256, 100:356]


def test_white_noise_is_white_and_follows_no_edges():
    noisy = add_noise(PHOTO / 255, "gaussian", 0.1)
    residual = analyse_residual(noisy, PHOTO / 255)
    assert residual.whiteness > 0.97
    assert abs(residual.follows_edges) < 0.1
    assert residual.rms == pytest.approx(0.1, rel=0.01)
    assert np.allclose(residual.spectrum[4:, 1], 1, atol=0.2)


def test_a_blur_takes_edges_away():
    residual = analyse_residual(PHOTO / 255, gaussian_filter(PHOTO / 255, (2, 2, 0)))
    assert residual.follows_edges > 0.7
    assert residual.whiteness < 0.5


def test_correlated_noise_is_not_white():
    field = gaussian_filter(np.random.default_rng(0).standard_normal((128, 128)), 2)
    residual = analyse_residual(0.5 + 0.1 * field, np.full((128, 128), 0.5))
    assert residual.whiteness < 0.1
    assert residual.spectrum[0, 1] > 3 > 0.1 > residual.spectrum[-1, 1]


def test_a_network_takes_away_what_is_nearly_white():
    noisy = add_noise(PHOTO / 255, "gaussian", 0.1)
    network = analyse_residual(noisy, Denoiser()(noisy))
    blur = analyse_residual(noisy, gaussian_filter(noisy, (1.5, 1.5, 0)))
    assert network.whiteness > 0.9
    assert network.follows_edges < 0.3 < blur.follows_edges


def test_the_histogram_is_a_density_beside_the_normal_one():
    noisy = add_noise(np.full((256, 256), 0.5), "gaussian", 0.05)
    values, density, normal = analyse_residual(noisy, np.full((256, 256), 0.5)).histogram.T
    assert np.trapezoid(density, values) == pytest.approx(1, abs=0.02)
    assert np.abs(density - normal).max() < 0.1 * normal.max()


def test_the_picture_is_the_residual_around_middle_gray():
    clean = np.full((32, 32, 3), 100, np.uint8)
    noisy = clean.copy()
    noisy[:16] += 10
    noisy[16:] -= 10
    residual = analyse_residual(noisy, clean)
    assert residual.gain == pytest.approx(0.5 / 4 / (10 / 255))
    assert (residual.picture[:16] == 159).all()  # 127.5 and a quarter of that
    assert (residual.picture[16:] == 96).all()


def test_nothing_removed_is_no_error():
    residual = analyse_residual(PHOTO, PHOTO)
    assert (residual.rms, residual.whiteness, residual.follows_edges) == (0, 0, 0)
    assert np.isfinite(residual.histogram).all()


@pytest.mark.parametrize("shape", [(20, 21, 3), (8, 20, 3)])
def test_what_cannot_be_compared_is_refused(shape):
    with pytest.raises(ImageError):
        analyse_residual(np.zeros(shape), np.zeros((8, 20, 3)))
