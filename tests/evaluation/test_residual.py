import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage import data

from denoise import Denoiser, add_noise
from denoise.errors import ImageError
from denoise.evaluation.residual import analyse_removed

PHOTO = data.astronaut()[:256, 100:356]


def test_white_noise_is_white_and_follows_no_edges():
    noisy = add_noise(PHOTO / 255, "gaussian", 0.1)
    removed = analyse_removed(noisy, PHOTO / 255)
    assert removed.whiteness > 0.97
    assert abs(removed.follows_edges) < 0.1
    assert removed.rms == pytest.approx(0.1, rel=0.01)
    assert np.allclose(removed.spectrum[4:, 1], 1, atol=0.2)


def test_a_blur_takes_edges_away():
    removed = analyse_removed(PHOTO / 255, gaussian_filter(PHOTO / 255, (2, 2, 0)))
    assert removed.follows_edges > 0.7
    assert removed.whiteness < 0.5


def test_correlated_noise_is_not_white():
    field = gaussian_filter(np.random.default_rng(0).standard_normal((128, 128)), 2)
    removed = analyse_removed(0.5 + 0.1 * field, np.full((128, 128), 0.5))
    assert removed.whiteness < 0.1
    assert removed.spectrum[0, 1] > 3 > 0.1 > removed.spectrum[-1, 1]


def test_a_network_takes_away_what_is_nearly_white():
    noisy = add_noise(PHOTO / 255, "gaussian", 0.1)
    network = analyse_removed(noisy, Denoiser()(noisy))
    blur = analyse_removed(noisy, gaussian_filter(noisy, (1.5, 1.5, 0)))
    assert network.whiteness > 0.9
    assert network.follows_edges < 0.3 < blur.follows_edges


def test_the_histogram_is_a_density_beside_the_normal_one():
    noisy = add_noise(np.full((256, 256), 0.5), "gaussian", 0.05)
    values, density, normal = analyse_removed(noisy, np.full((256, 256), 0.5)).histogram.T
    assert np.trapezoid(density, values) == pytest.approx(1, abs=0.02)
    assert np.abs(density - normal).max() < 0.1 * normal.max()


def test_the_picture_is_the_residual_around_middle_gray():
    clean = np.full((32, 32, 3), 100, np.uint8)
    noisy = clean.copy()
    noisy[:16] += 10
    noisy[16:] -= 10
    removed = analyse_removed(noisy, clean)
    assert removed.gain == pytest.approx(0.5 / 4 / (10 / 255))
    assert (removed.picture[:16] == 159).all()  # 127.5 and a quarter of that
    assert (removed.picture[16:] == 96).all()


def test_nothing_removed_is_no_error():
    removed = analyse_removed(PHOTO, PHOTO)
    assert (removed.rms, removed.whiteness, removed.follows_edges) == (0, 0, 0)
    assert np.isfinite(removed.histogram).all()


@pytest.mark.parametrize("shape", [(20, 21, 3), (8, 20, 3)])
def test_what_cannot_be_compared_is_refused(shape):
    with pytest.raises(ImageError):
        analyse_removed(np.zeros(shape), np.zeros((8, 20, 3)))
