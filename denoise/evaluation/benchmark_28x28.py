"""Measure the 28x28 networks: error by noise factor, and how a classifier profits."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from denoise.datasets.mnist import SMALL_IMAGE_SETS
from denoise.evaluation.classifier import Classifier
from denoise.inference.denoiser import Denoiser
from denoise.metrics import psnr_from_mse
from denoise.weights.facts import ModelFacts

FACTORS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
ACCURACY_FACTORS = (0.3, 0.5, 0.8)
CHUNK = 1000  # pictures

Gray = NDArray[np.float32]  # (N, 28, 28), in [0,1]


@dataclass(frozen=True)
class ErrorRow:
    """One row of the table: means over all pictures of a test set."""

    model: str
    set_name: str
    pictures: int
    factor: float  # of the noise N(0, 1); the noisy picture is clipped to [0,1]
    mse_noisy: float
    mse: float
    psnr_noisy: float  # mean of the pictures' PSNR, in dB
    psnr: float
    ssim_noisy: float
    ssim: float


@dataclass(frozen=True)
class AccuracyRow:
    """The accuracy in percent of a classifier that was trained on clean pictures."""

    model: str
    set_name: str
    factor: float
    clean: float
    noisy: float
    denoised: float


def add_clipped_noise(clean: Gray, factor: float) -> Gray:
    """Add noise drawn by numpy's `default_rng(0)`, and clip."""
    noise = np.random.default_rng(0).standard_normal(clean.shape)
    return np.clip(clean + factor * noise, 0, 1).astype(np.float32)


def measure_errors(denoiser: Denoiser, clean: Gray, set_name: str) -> Iterator[ErrorRow]:
    """Yield the rows of a network on the clean pictures of a test set."""
    for factor in FACTORS:
        noisy = add_clipped_noise(clean, factor)
        denoised = _denoise(denoiser, noisy)
        yield ErrorRow(
            model=denoiser.facts.name,
            set_name=set_name,
            pictures=len(clean),
            factor=factor,
            mse_noisy=_mse(clean, noisy),
            mse=_mse(clean, denoised),
            psnr_noisy=_mean_psnr(clean, noisy),
            psnr=_mean_psnr(clean, denoised),
            ssim_noisy=_mean_ssim(clean, noisy),
            ssim=_mean_ssim(clean, denoised),
        )


def measure_accuracy(
    denoiser: Denoiser, classifier: Classifier, clean: Gray, labels: Tensor, set_name: str
) -> Iterator[AccuracyRow]:
    """Yield the accuracy of a classifier on clean, noisy and denoised pictures."""
    plain = _accuracy(classifier, clean, labels)
    for factor in ACCURACY_FACTORS:
        noisy = add_clipped_noise(clean, factor)
        yield AccuracyRow(
            model=denoiser.facts.name,
            set_name=set_name,
            factor=factor,
            clean=plain,
            noisy=_accuracy(classifier, noisy, labels),
            denoised=_accuracy(classifier, _denoise(denoiser, noisy), labels),
        )


def measure_sparsity(denoiser: Denoiser, noisy: Gray) -> float:
    """Return the share of the units of a network's code that are zero, over all pictures."""
    codes = denoiser.encode(_as_tensor(noisy))
    return float((codes == 0).float().mean())


def _denoise(denoiser: Denoiser, noisy: Gray) -> Gray:
    denoised: Gray = denoiser(_as_tensor(noisy))[:, 0].numpy()
    return denoised


def _accuracy(classifier: Classifier, pictures: Gray, labels: Tensor) -> float:
    found = classifier.probabilities(_as_tensor(pictures)).argmax(axis=1)
    return 100 * float((torch.from_numpy(found) == labels).float().mean())


def _as_tensor(pictures: Gray) -> Tensor:
    return torch.from_numpy(pictures)[:, None]


def _mse(clean: Gray, other: Gray) -> float:
    return float(np.mean((clean.astype(np.float64) - other) ** 2))


def _mean_psnr(clean: Gray, other: Gray) -> float:
    errors = np.mean((clean.astype(np.float64) - other) ** 2, axis=(1, 2))
    return statistics.mean(map(psnr_from_mse, errors.tolist()))


def _mean_ssim(clean: Gray, other: Gray) -> float:
    """Return the mean of `metrics.ssim`, computed for many pictures at once."""
    from piqa import SSIM  # takes a second to import

    measure = SSIM(window_size=11, sigma=1.5, n_channels=1, reduction="none")
    parts = [slice(start, start + CHUNK) for start in range(0, len(clean), CHUNK)]
    found = [measure(_as_tensor(clean[part]), _as_tensor(other[part])) for part in parts]
    return float(torch.cat(found).mean())


def find_training_set(facts: ModelFacts) -> str:
    """Return the set of the pictures that a 28x28 network was trained on; by default digits."""
    trained_on = facts.training_data[0]["name"]
    return "fashion-mnist" if SMALL_IMAGE_SETS["fashion-mnist"].title in trained_on else "mnist"
