import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from denoise.inference.jpeg_steps import FREQUENCIES, quantisation_step


def as_jpeg(pixels, quality, **settings):
    """Return the decoded pixels in [0,1], (H, W, C), and the mean step of low frequencies."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, **settings)
    with Image.open(file) as image:
        table = np.reshape(image.quantization[0], (8, 8))
        step = np.mean([table[place] for place in FREQUENCIES])
        decoded = np.asarray(image) / 255
    return decoded[..., None] if decoded.ndim == 2 else decoded, step


def found(picture):
    return 255 * quantisation_step(picture)


@pytest.mark.parametrize("quality", [10, 30, 60, 75, 85])
@pytest.mark.parametrize("name", ["astronaut", "coffee", "camera"])
def test_the_step_is_that_of_the_files_table(name, quality):
    picture, step = as_jpeg(getattr(data, name)(), quality)
    assert found(picture) == pytest.approx(step, rel=0.1)


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize(("top", "left"), [(3, 5), (0, 1), (7, 0)])
def test_a_cut_jpeg_is_still_seen(top, left, subsampling):
    picture, step = as_jpeg(data.astronaut(), 60, subsampling=subsampling)
    assert found(picture[top : top + 300, left : left + 300]) == pytest.approx(step, rel=0.1)


def test_what_was_cut_off_at_white_hides_no_jpeg():
    pixels = np.clip(data.astronaut().astype(int) + 60, 0, 255).astype(np.uint8)
    picture, step = as_jpeg(pixels, 87)
    assert found(picture) == pytest.approx(step, rel=0.1)


def test_a_turned_jpeg_is_still_seen():
    picture, step = as_jpeg(data.astronaut(), 60)
    assert found(np.rot90(picture)) == pytest.approx(step, rel=0.1)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "camera", "brick", "text"])
def test_a_picture_that_was_no_jpeg_shows_no_step(name):
    pixels = getattr(data, name)()
    assert quantisation_step(pixels.reshape(*pixels.shape[:2], -1) / 255) == 0


@pytest.mark.parametrize("side", [1, 2, 4, 8])
@pytest.mark.parametrize("colours", [2, 4, 16])
def test_a_drawing_of_few_colours_shows_no_step(side, colours):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (colours, 3)) / 255
    squares = palette[rng.integers(0, colours, (256 // side, 256 // side))]
    assert quantisation_step(squares.repeat(side, 0).repeat(side, 1)) == 0


def test_noise_that_came_after_jpeg_hides_it():
    picture, _ = as_jpeg(data.astronaut(), 75)
    noise = np.random.default_rng(0).normal(0, 10 / 255, picture.shape)
    assert quantisation_step(picture + noise) == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (15, 300, 1), (7, 7, 3)])
def test_a_picture_too_small_for_blocks_shows_no_step(shape):
    assert quantisation_step(np.random.default_rng(0).random(shape)) == 0
