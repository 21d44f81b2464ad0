import io

import numpy as np
import pytest
from picture_files import SRGB
from PIL import Image
from skimage import data

from denoise import Picture
from denoise.ui.stage.first_look import GRID, SIDE, choose_region, region_around
from denoise.ui.stage.layers import Layer

PHOTO = data.astronaut()
ALL = slice(0, 512), slice(0, 512)


@pytest.fixture
def layer(tmp_path):
    made = Layer(tmp_path, "before", Picture(PHOTO, icc_profile=SRGB))
    made.put_all(PHOTO)
    return made


def test_a_region_at_full_size_is_what_was_put_there(layer):
    assert np.array_equal(layer.cut(slice(100, 180), slice(30, 90), 0), PHOTO[100:180, 30:90])


@pytest.mark.parametrize("level", [1, 3, 5])
def test_a_level_is_the_mean_of_what_it_stands_for(layer, level):
    side = 2**level
    mean = PHOTO.reshape(512 // side, side, 512 // side, side, 3).mean(axis=(1, 3))
    assert abs(layer.cut(*ALL, level) - mean).max() <= 1


@pytest.mark.parametrize("level", [0, 2, 3])
def test_a_large_picture_is_reduced_from_its_overview(tmp_path, level):
    large = np.tile(PHOTO, (3, 10, 1))  # 5,120 pixels wide: an overview of a third of the sides
    layer = Layer(tmp_path, "large", Picture(large))
    for top in range(0, 1536, 256):  # as tiles come
        for left in range(0, 5120, 640):
            rows, columns = slice(top, top + 256), slice(left, left + 640)
            layer.put(rows, columns, large[rows, columns])
    side = 2**level
    cut = layer.cut(slice(512, 1024), slice(1024, 2048), level)
    part = large[512:1024, 1024:2048].reshape(512 // side, side, 1024 // side, side, 3)
    assert abs(cut - part.mean(axis=(1, 3))).max() <= 1
    assert max(layer.overview.shape) <= 2048


def test_16_bits_are_shown_with_8_and_white_lies_under_what_is_transparent(tmp_path):
    alpha = np.zeros((512, 512), np.uint16)
    alpha[:, 256:] = 65535
    deep = Picture(PHOTO.astype(np.uint16) * 257, alpha=alpha)
    layer = Layer(tmp_path, "deep", deep)
    layer.put_all(deep.pixels)
    shown = layer.cut(*ALL, 0)
    assert (shown[:, :256] == 255).all()
    assert np.array_equal(shown[:, 256:], PHOTO[:, 256:])
    assert np.array_equal(layer.picture.pixels, deep.pixels)


def test_what_is_sent_keeps_the_profile_and_small_pictures_are_exact(layer, tmp_path):
    content, media_type = layer.encode(*ALL, 0)
    sent = Image.open(io.BytesIO(content))
    assert (media_type, sent.info["icc_profile"]) == ("image/png", SRGB)
    assert np.array_equal(np.asarray(sent), PHOTO)
    wide = Layer(tmp_path, "wide", Picture(np.tile(PHOTO, (2, 2, 1))))
    assert wide.encode(*ALL, 0)[1] == "image/jpeg"


def test_gray_pictures_stay_gray(tmp_path):
    gray = Picture(PHOTO[..., 0])
    layer = Layer(tmp_path, "gray", gray)
    layer.put(*ALL, PHOTO[..., :1])  # as a denoised tile comes
    assert np.array_equal(layer.cut(*ALL, 0), gray.pixels)


def test_the_first_look_goes_where_there_is_something_to_see():
    night = np.zeros((2000, 3000, 3), np.uint8)
    night[900:1500, 1800:2600] = np.random.default_rng(0).integers(60, 200, (600, 800, 3))
    rows, columns = choose_region(night, 1, night.shape)
    assert 900 - SIDE < rows.start < 1500
    assert 1800 - SIDE < columns.start < 2600


def test_a_picture_that_a_look_would_nearly_fill_has_none():
    assert choose_region(PHOTO, 1, PHOTO.shape) is None


@pytest.mark.parametrize(("x", "y"), [(0, 0), (5, 700), (2999, 1999), (1500, 900), (190, 190)])
def test_a_look_lies_in_the_picture_and_near_what_was_pressed(x, y):
    rows, columns = region_around(x, y, (2000, 3000))
    assert 0 <= rows.start < rows.stop <= 2000
    assert 0 <= columns.start < columns.stop <= 3000
    assert rows.stop - rows.start == columns.stop - columns.start == SIDE
    assert columns.start - GRID <= x <= columns.stop + GRID
    assert rows.start - GRID <= y <= rows.stop + GRID
