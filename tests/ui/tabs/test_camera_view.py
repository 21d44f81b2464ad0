import base64
import re

import numpy as np
import pytest
from skimage import data

from denoise import add_noise, load_picture
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.tabs.camera_view import _part_of, stages_shown

CLEAN = data.coffee()[:96, 100:200] / 255
PART = (slice(20, 60), slice(30, 80))


def figures_of(spec, clean=CLEAN, part=PART):
    """Gives what is shown: title, picture and noise alone of each stage."""
    shown = stages_shown(clean, spec, part)
    titles = re.findall("<b>(.*?)</b>", shown)
    contents = re.findall('base64,(.*?)"', shown)
    pictures = [load_picture(base64.b64decode(content)).pixels for content in contents]
    return list(zip(titles, pictures[::2], pictures[1::2], strict=True))


def test_every_stage_is_shown_and_the_last_is_the_noisy_picture():
    shown = figures_of(NoiseSpec(kind="camera", level=0.1, seed=3))
    titles = [title for title, *_ in shown]
    assert titles[:3] == ["Sensor", "Mosaic and demosaicing", "White balance"]
    noisy = add_noise((255 * CLEAN).astype(np.uint8), "camera", 0.1, seed=3)[PART]
    inside = (slice(10, -10), slice(10, -10))
    difference = shown[-1][1][inside].astype(int) - noisy[inside]
    assert np.abs(difference).max() <= 1


def test_noise_alone_is_shown_equally_strong():
    deviations = [noise.std() for *_, noise in figures_of(NoiseSpec(kind="camera", level=0.02))]
    np.testing.assert_allclose(deviations, 255 / 6, rtol=0.1)


def test_gray_noise_goes_past_the_stages_of_colour():
    shown = figures_of(NoiseSpec(kind="camera", gray=True))
    assert [title for title, *_ in shown] == ["Sensor", "Tone curve", "Smoothing", "Sharpening"]


def test_a_picture_that_the_camera_leaves_alone_is_shown():
    white = np.ones((8, 8, 3))
    shown = figures_of(NoiseSpec(kind="camera", level=0.02), white, (slice(0, 8), slice(0, 8)))
    assert [title for title, *_ in shown][-1] == "Sharpening"
    assert (shown[-1][1] == 255).all()


@pytest.mark.parametrize("percent", [0, 33, 50, 100])
@pytest.mark.parametrize("length", [1, 64, 101])
def test_a_part_begins_at_an_even_place_within_the_picture(length, percent):
    part = _part_of(length, percent, 64)
    assert part.start % 2 == 0
    assert len(range(length)[part]) == min(length, 64)
