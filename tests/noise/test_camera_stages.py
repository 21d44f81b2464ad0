from itertools import pairwise

import numpy as np
import pytest

from denoise import add_noise
from denoise.noise.camera_stages import SENSOR, show_stages
from denoise.noise.synthesis import seeded_generator
from denoise.noise.typical_camera import STAGES

CLEAN = np.random.default_rng(0).uniform(0.2, 0.8, (48, 56, 3))


def stages_of(clean=CLEAN, level=0.1, **options):
    return show_stages(clean, level, seeded_generator(3), **options)


def test_a_picture_comes_from_the_sensor_through_all_stages():
    assert list(stages_of()) == [SENSOR, *STAGES]


@pytest.mark.parametrize("without", [(), ("tone-curve",), ("sharpening",)])
def test_the_last_stage_is_the_noisy_picture(without):
    *_, last = stages_of(without=without).values()
    noisy = add_noise(CLEAN, "camera", 0.1, seed=3, without=without)
    np.testing.assert_allclose(last.picture, noisy, atol=1e-7)
    np.testing.assert_allclose(last.noise, noisy - CLEAN, atol=1e-7)


def test_a_part_is_that_of_the_whole():
    whole, part = stages_of(), stages_of(part=(slice(10, 40), slice(4, 44)))
    for stage, passed in part.items():
        inside = whole[stage].picture[10:40, 4:44]
        assert passed.picture.shape == inside.shape
        np.testing.assert_allclose(passed.picture[10:-10, 10:-10], inside[10:-10, 10:-10])


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_is_left_out_is_not_shown(stage):
    assert list(stages_of(without=[stage])) == [SENSOR, *[one for one in STAGES if one != stage]]


def test_every_stage_changes_the_noise():
    for before, after in pairwise(one.noise for one in stages_of().values()):
        assert before.shape != after.shape or not np.allclose(before, after)


def test_each_pixel_of_a_sensor_sees_one_colour():
    seen = stages_of(np.full((8, 8, 3), 0.5), level=0.01)[SENSOR].picture
    assert ((seen > 0).sum(axis=2) == 1).all()
    assert (seen > 0).sum(axis=(0, 1)).tolist() == [16, 32, 16]
    assert seen[0, 0, 0] > 0


def test_a_gray_picture_goes_past_the_stages_of_colour():
    passed = stages_of(CLEAN[..., :1])
    assert list(passed) == [SENSOR, "tone-curve", "smoothing", "sharpening"]
    assert {one.picture.shape for one in passed.values()} == {(48, 56, 1)}


def test_without_a_mosaic_the_sensor_sees_all_colours():
    seen = stages_of(level=0.01, without=["mosaic"])[SENSOR].picture
    assert (seen > 0).all()
