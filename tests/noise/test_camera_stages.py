from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from denoise.noise.camera_pipeline import Camera, photograph
from denoise.noise.camera_stages import STAGES, photograph_in_stages, show_sensor

CLEAN = np.random.default_rng(0).uniform(0.2, 0.8, (24, 26, 3))


def test_the_last_stage_is_the_photograph():
    passed = photograph_in_stages(CLEAN, Camera(), seed=3)
    assert list(passed) == ["sensor", *STAGES]
    whole = photograph(CLEAN, Camera(), np.random.Generator(np.random.PCG64(3)))
    assert np.array_equal(passed["sharpened"], whole)


@pytest.mark.parametrize("name", ["color_smoothing", "light_smoothing", "sharpening"])
def test_a_stage_that_is_off_is_left_out(name):
    passed = photograph_in_stages(CLEAN, replace(Camera(), **{name: 0.0}))
    assert len(passed) == len(STAGES)


def test_every_stage_changes_the_picture():
    pictures = list(photograph_in_stages(CLEAN, Camera()).values())
    for before, after in pairwise(pictures):
        assert not np.allclose(before, after)


@pytest.mark.parametrize("shift", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_each_pixel_of_a_sensor_sees_one_colour(shift):
    seen = show_sensor(np.full((8, 8, 3), 0.5), Camera(shift=shift, shot=1e-6, read=1e-9))
    assert ((seen > 0).sum(axis=2) == 1).all()
    assert seen[shift][0] > 0
    assert (seen > 0).sum(axis=(0, 1)).tolist() == [16, 32, 16]


def test_a_gray_sensor_sees_light():
    gray = CLEAN[..., :1]
    assert show_sensor(gray, Camera(demosaicing="none")).shape == gray.shape
