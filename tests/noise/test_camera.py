from dataclasses import replace

import numpy as np
import pytest

from denoise.noise.camera import (
    Camera,
    add_raw_noise,
    develop,
    draw_raw_noise,
    expose,
    photograph,
)
from denoise.noise.demosaicing import DEMOSAICINGS

STILL = Camera(shot=0.0, read=0.0, bits=24)
PLAIN = Camera(color_smoothing=0.0, light_smoothing=0.0, sharpening=0.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def smooth_picture(side=48, channels=3, dtype=np.float32):
    place = np.linspace(0, 2, side)
    waves = [0.5 + 0.3 * np.sin(place[:, None] * (i + 1) + place) for i in range(channels)]
    return np.stack(waves, axis=2).astype(dtype)


def raw_noise(light, camera, side=300):
    """Gives what is stored of a sensor under even light, less the light."""
    raw = np.full((side, side, 1), light)
    return add_raw_noise(raw, draw_raw_noise(raw, camera, rng()), camera) - light


def flat(value, side=64, channels=3):
    return np.full((side, side, channels), value, np.float64)


@pytest.mark.parametrize("demosaicing", DEMOSAICINGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_noise_the_picture_comes_back(demosaicing, dtype):
    clean = smooth_picture(dtype=dtype)
    shown = photograph(clean, replace(STILL, demosaicing=demosaicing), rng())
    assert shown.dtype == dtype
    np.testing.assert_allclose(shown, clean, atol=1e-5)


@pytest.mark.parametrize("demosaicing", DEMOSAICINGS)
@pytest.mark.parametrize("shift", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_smooth_picture_is_exposed_and_developed_to_itself(demosaicing, shift):
    camera = replace(STILL, demosaicing=demosaicing, shift=shift)
    clean = smooth_picture(dtype=np.float64)
    developed = develop(expose(clean, camera), camera)
    inside = (slice(3, -3), slice(3, -3))  # at the border neighbours are made up
    np.testing.assert_allclose(developed[inside], clean[inside], atol=0.02)


@pytest.mark.parametrize("demosaicing", DEMOSAICINGS)
def test_a_flat_picture_is_demosaiced_exactly(demosaicing):
    camera = replace(STILL, demosaicing=demosaicing)
    clean = flat((0.2, 0.5, 0.4), side=9)
    np.testing.assert_allclose(develop(expose(clean, camera), camera), clean, atol=1e-5)


def test_a_gray_picture_has_no_mosaic():
    camera = replace(PLAIN, demosaicing="none", shot=1e-2)
    noise = photograph(flat(0.5, channels=1), camera, rng())[..., 0] - 0.5
    neighbours = np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]
    assert abs(neighbours) < 0.05


def test_a_mosaic_makes_neighbours_alike():
    noise = photograph(flat(0.5), replace(PLAIN, demosaicing="bilinear"), rng())[..., 0] - 0.5
    assert np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1] > 0.3


def test_raw_noise_has_the_variance_of_light_and_sensor():
    camera = Camera(shot=1e-3, read=1e-4, bits=16)
    for light in (0.0, 0.5):
        assert raw_noise(light, camera).var() == pytest.approx(1e-3 * light + 1e-4, rel=0.03)


def test_the_error_of_a_row_is_common_to_it():
    camera = Camera(shot=0.0, read=1e-4, row=2.0, bits=16)
    noise = raw_noise(0.5, camera)
    assert noise.mean(axis=1).std() == pytest.approx(2e-2, rel=0.2)


def test_raw_values_have_a_few_bits_only():
    noisy = 0.5 + raw_noise(0.5, Camera(shot=0.1, bits=4))
    np.testing.assert_allclose(noisy * 15, np.rint(noisy * 15), atol=1e-9)


def test_the_tone_curve_makes_a_sensors_noise_stronger_in_shadows():
    camera = replace(PLAIN, shot=0.0, read=1e-5, tone=0.0)
    dark, light = ((photograph(flat(value), camera, rng()) - value).std() for value in (0.2, 0.7))
    assert dark > 1.3 * light


def test_white_stays_white():
    noisy = photograph(flat(1.0), replace(PLAIN, shot=2e-3), rng())
    assert np.abs(noisy - 1).max() < 0.01


def test_smoothing_colours_leaves_coarse_blotches():
    sharp, smoothed = (
        photograph(flat(0.5), replace(PLAIN, color_smoothing=blur), rng()) for blur in (0.0, 3.0)
    )
    colors = [picture[..., 0] - picture[..., 1] for picture in (sharp, smoothed)]
    assert colors[1].std() < 0.5 * colors[0].std()


def test_sharpening_makes_noise_stronger():
    plain, sharpened = (
        photograph(flat(0.5), replace(PLAIN, sharpening=amount), rng()) - 0.5
        for amount in (0.0, 1.0)
    )
    assert sharpened.std() > 1.1 * plain.std()


def test_smoothing_light_spares_edges():
    clean = flat(0.3, side=64)
    clean[:, 32:] = 0.7
    camera = replace(PLAIN, light_smoothing=0.9, shot=5e-4)
    kept = [
        photograph(clean, replace(camera, light_smoothing=share), rng()) - clean
        for share in (0.9, 0.0)
    ]
    at_edge, elsewhere = (kept[0][:, cut].std() / kept[1][:, cut].std() for cut in (EDGE, FLAT))
    assert at_edge > elsewhere


EDGE, FLAT = slice(31, 33), slice(4, 24)


def test_the_same_seed_takes_the_same_photograph():
    first, again = (photograph(smooth_picture(), Camera(), rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
