import numpy as np
import pytest
import torch

from denoise import Denoiser
from denoise.datasets.synthetic import draw_digits
from denoise.errors import ImageError, SettingError, UnknownModelError
from denoise.evaluation.benchmark_28x28 import (
    add_clipped_noise,
    measure_accuracy,
    measure_errors,
    measure_sparsity,
)
from denoise.evaluation.classifier import CLASSIFIERS, LABELS, Classifier
from denoise.metrics import ssim
from denoise.weights.facts import list_models

NAMES = [facts.name for facts in list_models(CLASSIFIERS)]
CODED = [facts.name for facts in list_models() if facts.needs.code_shape is not None]


@pytest.fixture(scope="module")
def digits():
    pictures, labels = draw_digits(40)
    return pictures[:, 0].numpy() / np.float32(255), labels


@pytest.mark.parametrize("name", LABELS)
def test_a_prediction_has_a_label_and_a_probability(name, digits):
    predictions = Classifier(name, device="cpu")(torch.from_numpy(digits[0])[:, None])
    assert len(predictions) == 40
    assert all(prediction.label in LABELS[name] for prediction in predictions)
    assert all(0 < prediction.probability <= 1 for prediction in predictions)


def test_rendered_digits_are_read(digits):
    predictions = Classifier("reader-mnist", device="cpu")(torch.from_numpy(digits[0])[:, None])
    right = [int(r.label) == int(label) for r, label in zip(predictions, digits[1], strict=True)]
    assert np.mean(right) > 0.8


def test_classifiers_are_not_in_the_zoo():
    assert not set(LABELS) & {facts.name for facts in list_models()}


def test_an_unknown_classifier_is_refused():
    with pytest.raises(UnknownModelError, match="reader-braille"):
        Classifier("reader-braille")


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_is_not_read(name):
    with pytest.raises(ImageError, match="28x28 pixels"):
        Classifier(name, device="cpu")(np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize("name", CODED)
def test_encoding_then_decoding_is_denoising(name, digits):
    denoiser = Denoiser(name, device="cpu")
    noisy = torch.from_numpy(add_clipped_noise(digits[0], 0.3))[:, None]
    codes = denoiser.encode(noisy)
    assert tuple(codes.shape[1:]) == denoiser.facts.needs.code_shape
    torch.testing.assert_close(denoiser.decode(codes), denoiser(noisy), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", CODED)
def test_a_code_of_another_shape_is_refused(name):
    with pytest.raises(SettingError, match=r"codes of .* are \(N, "):
        Denoiser(name, device="cpu").decode(torch.zeros(1, 5))


def test_a_network_with_skips_has_no_code():
    with pytest.raises(SettingError, match="no code of its own"):
        Denoiser("conv-photo", device="cpu").encode(np.zeros((28, 28, 3), np.float32))


def test_the_rows_of_small_pictures_are_measured(digits):
    denoiser = Denoiser("dense-mnist", device="cpu")
    rows = list(measure_errors(denoiser, digits[0], "made"))
    assert [row.factor for row in rows] == [round(0.1 * i, 1) for i in range(1, 11)]
    assert rows[4].mse < rows[4].mse_noisy / 2
    assert rows[4].psnr > rows[4].psnr_noisy + 3
    noisy = add_clipped_noise(digits[0], 0.5)
    structure = [ssim(*pair) for pair in zip(digits[0], noisy, strict=True)]
    assert rows[4].ssim > rows[4].ssim_noisy == pytest.approx(np.mean(structure), abs=1e-5)
    assert 0 < measure_sparsity(denoiser, add_clipped_noise(digits[0], 0.3)) < 1


def test_accuracy_is_measured_clean_noisy_and_denoised(digits):
    denoiser, classifier = (
        Denoiser("dense-mnist", device="cpu"),
        Classifier("reader-mnist", device="cpu"),
    )
    rows = list(measure_accuracy(denoiser, classifier, *digits, "made"))
    assert [row.factor for row in rows] == [0.3, 0.5, 0.8]
    assert rows[2].noisy < rows[2].clean
