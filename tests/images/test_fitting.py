import numpy as np
import pytest
from picture_files import draw

from denoise.images.fitting import fit_square


def test_gray_of_the_right_size_is_left_alone():
    bright = np.full((28, 28), 250, np.uint8)
    fitted, done = fit_square(bright, 28)
    assert fitted is bright
    assert done == ()


def test_a_dark_shape_on_white_becomes_light_on_black():
    page = np.full((480, 640, 3), 255, np.uint8)
    page[200:280, 280:360] = 0
    fitted, done = fit_square(page, 28)
    assert (fitted.shape, fitted.dtype) == ((28, 28), np.uint8)
    assert fitted[0, 0] == 0
    assert fitted[14, 14] == 255
    assert done == (
        "turned to gray",
        "scaled to 28 x 21",
        "padded to a square",
        "inverted to light on dark",
    )


def test_a_picture_is_padded_with_the_median_of_its_border():
    strip = np.full((28, 14), 40, np.uint8)
    strip[10:18, 5:9] = 200
    fitted, done = fit_square(strip, 28)
    assert np.array_equal(fitted[:, 7:21], strip)
    assert (fitted[:, :7] == 40).all()
    assert done == ("padded to a square",)


def test_shrinking_takes_the_mean_of_each_area():
    large = draw(56, 56) // 2
    large[[0, -1]] = large[:, [0, -1]] = 0
    fitted, _ = fit_square(large, 28)
    means = large.reshape(28, 2, 28, 2).mean((1, 3))
    assert np.abs(fitted - means).max() <= 0.5


def test_gray_is_the_luma_of_bt_601():
    colour = np.zeros((28, 28, 3), np.uint8)
    colour[14, 14] = (100, 200, 50)
    assert fit_square(colour, 28)[0][14, 14] == round(0.299 * 100 + 0.587 * 200 + 0.114 * 50)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (13, 7, 3), (1, 5000), (28, 28, 3)])
def test_every_size_and_kind_is_fitted_in_its_dtype(shape, dtype):
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    fitted, done = fit_square(np.full(shape, white, dtype), 28)
    assert (fitted.shape, fitted.dtype) == ((28, 28), dtype)
    assert fitted.max() == pytest.approx(0, abs=1e-6)
    assert done[-1] == "inverted to light on dark"
