import numpy as np
import pytest
from skimage import data

from denoise.inference.detail_recovery import give_back_detail
from denoise.noise.synthesis import add_noise


@pytest.fixture(scope="module")
def clean():
    return data.astronaut()[None, :256, :256] / 255.0


def energy(images):
    return float(np.square(images).mean())


@pytest.mark.parametrize("kind", ["gaussian", "poisson", "speckle"])
def test_of_pure_noise_hardly_anything_is_given_back(clean, kind):
    noisy = add_noise(clean[0], kind, 0.1)[None]
    given = give_back_detail(noisy, clean, 1.0) - clean
    assert energy(given.mean(axis=-1)) < 0.05 * energy((noisy - clean).mean(axis=-1))


def test_of_lost_edges_most_is_given_back(clean):
    square = np.full((1, 128, 128, 3), 0.4)
    square[:, 32:96, 32:96] = 0.6
    smooth = np.full_like(square, 0.4)
    rng = np.random.default_rng(0)
    noisy = square + 0.02 * rng.standard_normal(square.shape)
    smooth[:, 33:95, 33:95] = 0.6
    mended = give_back_detail(noisy, smooth, 1.0)
    assert energy(mended - square) < 0.7 * energy(smooth - square)


def test_impulses_are_hardly_given_back(clean):
    noisy = add_noise(clean[0], "salt-pepper", 0.02)[None]
    given = give_back_detail(noisy, clean, 1.0) - clean
    assert energy(given) < 0.05 * energy(noisy - clean)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 7, 13, 3), (1, 130, 100, 1)])
def test_any_size_and_dtype_is_kept(dtype, shape):
    rng = np.random.default_rng(0)
    scale = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    noisy, denoised = (rng.random(shape) * scale).astype(dtype), np.zeros(shape, dtype)
    mended = give_back_detail(noisy, denoised, 0.5)
    assert (mended.shape, mended.dtype) == (shape, np.dtype(dtype))


def test_strips_leave_no_seams(clean, monkeypatch):
    noisy = add_noise(clean[0], "gaussian", 0.1)[None]
    whole = give_back_detail(noisy, clean * 0 + clean.mean(), 1.0)
    monkeypatch.setattr("denoise.inference.detail_recovery.STRIP", 100)
    assert np.allclose(give_back_detail(noisy, clean * 0 + clean.mean(), 1.0), whole, atol=1e-6)


def test_nothing_is_given_back_at_zero(clean):
    noisy = add_noise(clean[0], "gaussian", 0.1)[None]
    assert np.allclose(give_back_detail(noisy, clean, 0.0), clean, atol=1e-6)
