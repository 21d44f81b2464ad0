import numpy as np
import pytest
from picture_files import SRGB, draw, make_exif

from denoise.images.picture import Picture


@pytest.fixture
def full():
    """A picture with all that a file may carry."""
    return Picture(draw(20, 30, 3), draw(20, 30), icc_profile=SRGB, exif=make_exif())


def test_other_pixels_keep_all_the_rest(full):
    changed = full.with_pixels(255 - full.pixels)
    assert changed.alpha is full.alpha
    assert (changed.icc_profile, changed.exif) == (full.icc_profile, full.exif)
    assert np.array_equal(
        full.with_pixels(full.pixels * np.uint16(257)).alpha, full.alpha * np.uint16(257)
    )


@pytest.mark.parametrize("pixels", [draw(5, 5, 4), draw(5, 5).astype(float), draw(5)])
def test_pixels_of_another_kind_are_a_mistake_of_the_program(pixels):
    with pytest.raises(ValueError, match="pixels"):
        Picture(pixels)


def test_pixels_of_another_size_are_a_mistake_of_the_program(full):
    with pytest.raises(ValueError, match="height, width"):
        full.with_pixels(draw(5, 5))
    with pytest.raises(ValueError, match="alpha"):
        Picture(draw(5, 5), draw(5, 6))
