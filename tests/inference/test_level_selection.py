import numpy as np
import pytest
import torch
from skimage import data

from denoise import Denoiser, add_noise, psnr
from denoise.errors import SettingError
from denoise.inference.level_selection import J_INVARIANCE, SURE, levels_to_try, select_level
from denoise.inference.noise_level import estimate_sigma
from denoise.inference.settings import Settings

CLEAN = {"astronaut": data.astronaut()[:256, 100:356], "coffee": data.coffee()[100:356, 150:406]}


@pytest.fixture(scope="module")
def denoiser():
    return Denoiser(device="cpu")


@pytest.fixture(scope="module", params=CLEAN)
def clean(request):
    return CLEAN[request.param]


def unit(image):
    return (image / 255).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "level", "judged_by"),
    [
        ("gaussian", 0.05, SURE),
        ("gaussian", 0.15, SURE),
        ("poisson", 0.1, SURE),
        ("camera", 0.05, None),
        ("salt-pepper", 0.1, None),
    ],
)
def test_the_selected_level_is_near_the_best(denoiser, clean, kind, level, judged_by):
    noisy = add_noise(clean, kind, level)
    choice = denoiser.choose(noisy)
    assert choice.judged_by == judged_by
    tried = levels_to_try(estimate_sigma(noisy))
    best = max(psnr(clean, denoiser(noisy, sigma)) for sigma in tried)
    assert psnr(clean, denoiser(noisy, choice.sigma)) > best - 0.15


def test_correlated_noise_is_scored_on_pixels_that_were_not_shown(clean):
    blind = Denoiser("blind-photo", device="cpu")
    noisy = add_noise(clean, "camera", 0.08)
    choice = blind.choose(noisy)
    assert choice.judged_by == J_INVARIANCE
    best = max(psnr(clean, blind(noisy, one.sigma)) for one in choice.ratings)
    assert psnr(clean, blind(noisy, choice.sigma)) > best - 0.15


def test_a_level_that_is_clearly_better_than_auto_is_told(denoiser, clean):
    def bold(image, told):
        return denoiser(image, 0.28 if told is None else told)

    noisy = add_noise(clean, "gaussian", 0.1)
    choice = select_level(unit(noisy), bold)
    assert choice.sigma is not None
    assert psnr(clean, denoiser(noisy, choice.sigma)) > psnr(clean, denoiser(noisy)) - 0.2


def test_the_error_that_sure_estimates_is_about_right(denoiser, clean):
    # In the middle of the range noise is nowhere cut off, so SURE is asked of the whole picture.
    clean = 0.3 + 0.4 * unit(clean)
    noisy = add_noise(clean, "gaussian", 0.1).astype(np.float32)
    for rating in denoiser.choose(noisy).ratings:
        error = np.sqrt(np.mean((denoiser(noisy, rating.sigma) - clean) ** 2))
        assert rating.rms == pytest.approx(error, rel=0.06)


def test_levels_stay_within_what_the_network_knows():
    assert levels_to_try(0.2, 0.25) == (None, 0.1, 0.14, 0.2, 0.25)


def test_a_run_tells_the_selected_level(denoiser, clean):
    noisy = add_noise(clean, "gaussian", 0.1)
    image, report = denoiser.run(noisy, Settings(choose=True))
    assert report.choice == denoiser.choose(noisy)
    assert np.array_equal(image, denoiser(noisy, report.choice.sigma))
    assert np.array_equal(image, denoiser(noisy, choose=True))
    assert report.to_dict()["choice"]["ratings"][0]["sigma"] is None
    if report.choice.sigma is None:
        assert report.sigma_source == "estimated"
    else:
        assert (report.sigma_source, report.sigma_used) == ("chosen", report.choice.sigma)


@pytest.mark.parametrize("shape", [(1, 1), (40, 30), (300, 70, 3)])
def test_a_level_is_selected_for_a_picture_of_any_size(denoiser, shape):
    noisy = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    choice = denoiser.choose(noisy)
    assert bool(choice.ratings) == (choice.judged_by is not None)
    assert choice.sigma in {None, *[rating.sigma for rating in choice.ratings]}


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_flat_picture_stays_flat(denoiser, shade):
    flat = np.full((300, 300, 3), shade, np.uint8)
    assert psnr(flat, denoiser(flat, choose=True)) > 50


def test_a_network_that_cannot_be_told_ignores_choose():
    lesson = Denoiser("dense-mnist", device="cpu")
    digit = np.zeros((28, 28), np.uint8)
    assert lesson.run(digit, Settings(choose=True)).report.choice is None
    with pytest.raises(SettingError, match="cannot be told"):
        lesson.choose(digit)


def test_a_level_is_selected_for_one_image(denoiser):
    with pytest.raises(SettingError, match="for one image; these are 2"):
        denoiser(torch.zeros(2, 3, 16, 16), choose=True)


def test_a_level_is_told_or_selected():
    with pytest.raises(SettingError, match="not both"):
        Settings(sigma=0.1, choose=True)
