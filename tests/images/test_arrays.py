"""Arrays of every kind that people have, and the way back to that kind."""

import numpy as np
import pytest
from PIL import Image

from denoise import add_noise, estimate_sigma
from denoise.errors import ImageError
from denoise.images.arrays import unpack


def test_big_endian_numbers_are_taken_and_given_back():
    native = np.random.default_rng(2).integers(0, 65536, (9, 7, 3)).astype(np.uint16)
    image = native.astype(">u2")
    images, repack = unpack(image)
    assert images.dtype == np.uint16
    assert images.dtype.isnative
    assert np.array_equal(images[0], native)
    assert repack(images).dtype == image.dtype
    noisy = add_noise(image, level=0.1)
    assert noisy.dtype == np.dtype(">u2")
    assert np.array_equal(noisy, add_noise(native, level=0.1))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_an_array_with_alpha_is_taken_as_a_pil_image_of_that_kind(dtype):
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = (np.random.default_rng(2).uniform(0, 1, (9, 7, 4)) * white).astype(dtype)
    noisy = add_noise(image, level=0.1)
    assert (noisy.shape, noisy.dtype) == (image.shape, image.dtype)
    assert np.array_equal(noisy[..., 3], image[..., 3])
    assert np.array_equal(
        noisy[..., :3], add_noise(np.ascontiguousarray(image[..., :3]), level=0.1)
    )
    assert estimate_sigma(image) == estimate_sigma(np.ascontiguousarray(image[..., :3]))
    if dtype == np.uint8:
        assert np.array_equal(np.asarray(add_noise(Image.fromarray(image), level=0.1)), noisy)


@pytest.mark.parametrize(
    ("image", "hint"),
    [
        (np.full((4, 4), 200.0), "divide it by 255"),
        (np.full((4, 4), 31.7), "scale it to that range"),
        (np.full((4, 4), 4000.0), "scale it to that range"),
        (np.full((4, 4), np.nan), "scale it to that range"),
    ],
)
def test_floats_far_beyond_white_are_refused_with_what_helps(image, hint):
    with pytest.raises(ImageError, match=f"this one reaches .*: {hint}"):
        unpack(image)


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (4, 4, 5), (1, 4, 4, 3)])
def test_another_shape_is_refused_with_what_is_allowed(shape):
    with pytest.raises(ImageError, match=r"\(H, W, 3\) or, with alpha, \(H, W, 4\)"):
        unpack(np.zeros(shape, np.uint8))
