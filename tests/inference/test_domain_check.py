import numpy as np
import pytest

from denoise import Denoiser, add_noise
from denoise.datasets.synthetic import draw_clothing, draw_digits
from denoise.inference.domain_check import MAX_STRUCTURE, unexplained_structure

NOISE = np.random.default_rng(0).normal(0, 0.2, (28, 28))


def test_white_noise_is_no_structure():
    flat = np.full((28, 28), 0.5)
    assert unexplained_structure(flat + NOISE, flat) < 0.03


def test_clipping_is_no_structure():
    clean = np.zeros((28, 28))
    clean[8:20, 8:20] = 1
    assert unexplained_structure(np.clip(clean + NOISE, 0, 1), clean) < 0.03


def test_a_shape_that_is_left_out_is_structure():
    noisy = np.full((28, 28), 0.2) + NOISE
    noisy[8:20, 8:20] += 0.5
    assert unexplained_structure(noisy, np.full((28, 28), 0.3)) == pytest.approx(0.17, abs=0.03)


@pytest.mark.parametrize("factor", [0.0, 0.2])
def test_the_report_tells_clothing_from_digits(factor):
    denoiser = Denoiser("dense-mnist", device="cpu")

    def share_of_doubts(pictures):
        noisy = [add_noise(one, level=factor, seed=seed) for seed, one in enumerate(pictures)]
        doubts = [bool(denoiser.run(one).report.warnings) for one in noisy]
        return sum(doubts) / len(doubts)

    assert share_of_doubts(draw_digits(40)[0][:, 0].numpy()) < 0.1
    assert share_of_doubts(draw_clothing(40)[0][:, 0].numpy()) > 0.6


def test_the_doubt_says_what_the_network_knows():
    picture = draw_clothing(4)[0][0, 0].numpy()
    denoiser = Denoiser("dense-mnist", device="cpu")
    (words,) = denoiser.run(picture).report.warnings
    assert words.startswith("dense-mnist seems not to be made for this picture. ")
    assert all(limit in words for limit in denoiser.facts.limits)
    assert unexplained_structure(picture / 255, denoiser(picture) / 255) > MAX_STRUCTURE
