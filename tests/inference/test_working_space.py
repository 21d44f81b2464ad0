import numpy as np
import pytest
from PIL import Image
from skimage import data

from denoise import Denoiser, Picture, psnr
from denoise.errors import ImageError
from denoise.images.profiles import Colours, is_linear, make_profile
from denoise.inference.pipeline import denoise_picture, estimate_picture
from denoise.inference.settings import Settings
from denoise.inference.working_space import WorkingSpace, used_bits

CLEAN = data.coffee()[60:252, 120:312]
RNG = np.random.default_rng(0)
LINEAR = make_profile(Colours(gamma=1.0), is_gray=False)


@pytest.fixture(scope="module")
def denoiser():
    return Denoiser(device="cpu")


def in_bits(depth):
    """Return a clean picture in a part of 16 bits, and the same with noise."""
    white = 2**depth - 1
    clean = CLEAN[..., 1] / 255 * white
    noisy = clean + RNG.normal(0, 0.03 * white, clean.shape)
    return clean, np.clip(np.rint(noisy), 0, white).astype(np.uint16), white


def in_linear_light(dtype):
    scale = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    light = (CLEAN / 255.0) ** 2.2
    noisy = light + RNG.normal(size=light.shape) * np.sqrt(light * 8e-4 + 1e-5)
    return (np.clip(noisy, 0, 1) * scale).astype(dtype), scale


def shown(light):
    return 255 * np.clip(light, 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("depth", [10, 12, 14])
def test_an_instruments_bits_in_a_file_of_16_are_its_whole_range(denoiser, depth):
    clean, noisy, white = in_bits(depth)
    image, report = denoiser.run(noisy)
    as_floats = denoiser((noisy / white).astype(np.float32)) * white
    assert (image.dtype, used_bits(noisy[None])) == (np.uint16, depth)
    assert image.max() <= white
    assert abs(error(image, clean) / error(as_floats, clean) - 1) < 0.02
    assert error(image, clean) < 0.6 * error(noisy, clean)
    assert f"Of its 16 bits {depth} are used" in report.warnings[0]
    assert report.sigma_estimated == pytest.approx(0.03, rel=0.3)


def error(image, clean):
    return np.sqrt(np.mean((image - clean) ** 2.0))


def test_all_16_bits_and_no_light_at_all_stay_as_they_are(denoiser):
    for pixels in (np.full((16, 16), 40_000, np.uint16), np.zeros((16, 16), np.uint16)):
        image, report = denoiser.run(pixels)
        assert report.warnings == ()
        assert abs(image.astype(int) - pixels).max() < 700


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_linear_light_is_denoised_on_the_curve_it_is_seen_on(denoiser, dtype):
    noisy, scale = in_linear_light(dtype)
    image, report = denoiser.run(Picture(noisy, icc_profile=LINEAR))
    told = denoiser(noisy, linear=True)
    assert (image.pixels.dtype, image.icc_profile) == (noisy.dtype, LINEAR)
    assert np.array_equal(image.pixels, told)
    assert "linear light" in report.warnings[0]
    before, after = (
        psnr(CLEAN / 255.0, shown(np.float64(one) / scale) / 255) for one in (noisy, told)
    )
    assert after > before + (1 if dtype is np.uint8 else 3)  # 8 bits round shadows


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_not_changed_in_linear_light_is_not_rounded(denoiser, dtype):
    noisy, _ = in_linear_light(dtype)
    assert np.array_equal(denoiser(noisy, strength=0.0, linear=True), noisy)


def test_light_beyond_white_comes_back_as_bright(denoiser):
    light = 20 * (CLEAN / 255.0) ** 2.2
    light[80:90, 80:90] = 5000.0  # a lamp
    noisy = light * (1 + 0.1 * RNG.normal(size=light.shape))
    with pytest.raises(ImageError, match="say linear=True if it is light"):
        denoiser(noisy)
    image = denoiser(noisy, linear=True)
    assert image[85, 85].mean() == pytest.approx(5000, rel=0.2)
    assert error(np.log(image + 1), np.log(light + 1)) < 0.6 * error(
        np.log(noisy + 1), np.log(light + 1)
    )
    noisy = noisy.astype(np.float32)
    assert np.array_equal(denoiser(noisy, strength=0.0, linear=True), noisy)
    as_picture = denoise_picture(Picture(noisy, icc_profile=LINEAR), denoiser)
    assert as_picture.image.pixels.max() > 4000
    with pytest.raises(ImageError, match="NaN or infinity"):
        denoiser(np.full((8, 8), np.nan), linear=True)


def test_linear_profiles_are_told_from_others():
    assert is_linear(LINEAR)
    assert is_linear(make_profile(Colours(gamma=1.0), is_gray=True))
    assert not is_linear(make_profile(Colours(gamma=2.2), is_gray=False))
    assert not is_linear(b"")


def hide(pixels):
    """Return a disc on nothing: what nobody sees is loud."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    hidden = np.hypot(y - 96, x - 96) > 60
    loud = pixels.copy()
    loud[hidden] = RNG.integers(0, 256, (hidden.sum(), 3))
    return loud, hidden


def test_what_nobody_sees_changes_nothing_and_stays(denoiser):
    noisy = np.clip(CLEAN + RNG.normal(0, 10, CLEAN.shape), 0, 255).astype(np.uint8)
    loud, hidden = hide(noisy)
    black = np.where(hidden[..., None], 0, noisy)
    alpha = np.where(hidden, 0, 255).astype(np.uint8)
    results = [denoiser(np.dstack([one, alpha])) for one in (loud, black)]
    assert np.array_equal(results[0][~hidden], results[1][~hidden])
    for one, result in zip((loud, black), results, strict=True):
        assert np.array_equal(result[hidden][:, :3], one[hidden])
    in_file = denoiser(Picture(loud, alpha=alpha))
    assert np.array_equal(in_file.pixels, results[0][..., :3])
    opened = denoiser(Image.fromarray(np.dstack([loud, alpha])))
    assert np.array_equal(np.asarray(opened), results[0])
    found = [estimate_picture(Picture(one, alpha=alpha)).sigma for one in (loud, black)]
    assert found[0] == found[1] == pytest.approx(10 / 255, rel=0.35)


def test_a_picture_that_nobody_sees_comes_back(denoiser):
    pixels = np.dstack([CLEAN[:40, :40], np.zeros((40, 40), np.uint8)])
    assert np.array_equal(denoiser(pixels), pixels)


def test_a_region_comes_back_as_in_the_whole_picture():
    noisy, _ = in_linear_light(np.uint16)
    alpha = np.where(hide(CLEAN)[1], 0, 65535).astype(np.uint16)
    space = WorkingSpace.of(noisy[None] // 64, alpha, is_linear=True)
    made = np.roll(space.images, 1, axis=2)
    rows, columns = slice(10, 90), slice(40, 130)
    part = space.back(made[:, rows, columns], rows, columns)
    assert np.array_equal(part, space.back(made)[:, rows, columns])


def test_a_preview_gets_the_values_that_came_in(denoiser):
    class Kept:
        def __init__(self):
            self.parts = []

        def begin(self, plan):
            pass

        def next_region(self):
            return None

        def show(self, rows, columns, pixels):
            self.parts.append((rows, columns, pixels))

    _, noisy, _ = in_bits(10)
    preview = Kept()
    image = denoiser.run(noisy, Settings(), preview=preview).image
    ((rows, columns, pixels),) = preview.parts
    assert np.array_equal(pixels[..., 0], image[rows, columns])
