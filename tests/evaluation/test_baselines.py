import sys

import pytest
from skimage import data

from denoise import add_noise, psnr
from denoise.errors import DenoiseError, SettingError
from denoise.evaluation.baselines import BASELINES, denoise_with_baseline

HERE = [name for name in BASELINES if name != "bm3d"]


@pytest.fixture(scope="module")
def clean():
    return data.astronaut()[:96, 200:312]


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("sigma_255", [15, 50])
def test_a_classical_method_removes_noise(name, sigma_255, clean):
    noisy = add_noise(clean, "gaussian", sigma_255 / 255)
    denoised = denoise_with_baseline(noisy, name, sigma_255 / 255)
    assert psnr(clean, denoised) > psnr(clean, noisy) + 3
    assert (denoised.shape, denoised.dtype) == (clean.shape, clean.dtype)


@pytest.mark.parametrize("name", HERE)
def test_gray_is_taken_and_stays_gray(name, clean):
    gray = add_noise(clean[..., 0] / 255.0, "gaussian", 0.1)
    assert denoise_with_baseline(gray, name, 0.1).shape == gray.shape


def test_an_unknown_method_is_refused(clean):
    with pytest.raises(SettingError, match="choose one of: bm3d, median"):
        denoise_with_baseline(clean, "magic", 0.1)


def test_a_method_whose_library_is_missing_names_its_extra(clean, monkeypatch):
    monkeypatch.setitem(sys.modules, "bm3d", None)
    with pytest.raises(DenoiseError, match=r"install -e \"\.\[bm3d\]\""):
        denoise_with_baseline(clean, "bm3d", 0.1)
