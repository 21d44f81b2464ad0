import numpy as np
import pytest

from denoise.datasets.drawings import DRAWERS, SIDE, draw_all, draw_halftone


@pytest.mark.parametrize("name", DRAWERS)
def test_a_drawing_is_a_picture_that_its_seed_remakes(name):
    first, again, other = (DRAWERS[name](np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", DRAWERS)
def test_no_drawing_is_empty(name):
    assert all(DRAWERS[name](np.random.default_rng(seed)).std() > 1 for seed in range(5))


def test_pixel_art_has_few_colours():
    art = DRAWERS["pixel art"](np.random.default_rng(0))
    assert len(np.unique(art.reshape(-1, 3), axis=0)) <= 16


def test_a_halftone_of_a_darker_picture_is_darker():
    shades = [
        draw_halftone(np.full((SIDE, SIDE), shade), np.random.default_rng(0)).mean() / 255
        for shade in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert shades == sorted(shades)
    assert shades[2] == pytest.approx(0.5, abs=0.05)
    assert shades[0] == 0
    assert shades[4] > 0.999


def test_all_kinds_are_drawn():
    photo = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    drawn = draw_all(2, [photo], seed=4)
    assert set(drawn) == {*DRAWERS, "halftone"}
    assert all(len(drawings) == 2 for drawings in drawn.values())
