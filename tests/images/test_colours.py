"""What a viewer shows must not change, however the file tells its colours."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from picture_files import EXIF_FOLDER, SRGB, chunk, draw, read_exif, write
from PIL import Image, ImageCms

from denoise.images.picture import Picture
from denoise.images.profiles import Colours, by_code_points, is_for_gray, make_profile
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture

LINEAR = chunk(b"gAMA", struct.pack(">I", 100_000))
USUAL = chunk(b"gAMA", struct.pack(">I", 45_455))
PLACES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)  # of sRGB
WIDE = (31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600)  # of BT.2020


def png(pixels, before):
    """A PNG of 8 bits with chunks behind its header."""
    file = write(pixels, "PNG")
    return file[:33] + before + file[33:]


def shown(picture):
    """Gives what a viewer with colour management shows of a picture or a file, in sRGB."""
    picture = load_picture(picture) if isinstance(picture, bytes) else picture
    image = Image.fromarray(picture.pixels)
    if picture.icc_profile is None:
        return np.asarray(image.convert("RGB")).astype(int)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.icc_profile))
    srgb = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")).astype(int)


def encode(light):
    """Gives sRGB's numbers, 0 to 255, of linear light."""
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return 255 * curve


@pytest.mark.parametrize("shape", [(4, 8), (4, 8, 3)])
def test_a_png_of_linear_light_looks_the_same_in_every_format(shape):
    values = np.linspace(20, 250, int(np.prod(shape))).reshape(shape).astype(np.uint8)
    picture = load_picture(png(values, LINEAR))
    expected = encode(values / 255)
    expected = np.stack([expected] * 3, -1) if len(shape) == 2 else expected
    assert np.abs(shown(picture) - expected).max() <= 2
    for image_format in ("PNG", "TIFF", "WEBP", "JPEG2000"):
        back = shown(encode_picture(picture, format=image_format))
        assert np.abs(back - expected).max() <= 2


@pytest.mark.parametrize(
    "before",
    [
        b"",
        USUAL,
        USUAL + chunk(b"cHRM", struct.pack(">8I", *PLACES)),
        chunk(b"sRGB", b"\0") + LINEAR,
        chunk(b"cICP", bytes([1, 13, 0, 1])) + LINEAR,
        chunk(b"gAMA", struct.pack(">I", 0)),
    ],
)
def test_what_means_srgb_gets_no_profile(before):
    picture = load_picture(png(draw(4, 8, 3), before))
    assert picture.icc_profile is None
    assert picture.warnings == ()


@pytest.mark.parametrize(
    "before",
    [
        USUAL + chunk(b"cHRM", struct.pack(">8I", *WIDE)),
        chunk(b"cICP", bytes([9, 13, 0, 1])),
    ],
)
def test_primaries_of_a_png_are_kept(before):
    green = np.zeros((4, 8, 3), np.uint8) + np.array([128, 200, 128], np.uint8)
    seen = shown(png(green, before))[0, 0]
    assert seen[0] < 90  # more saturated than sRGB's
    assert seen[1] > 200
    expected = Picture(green, icc_profile=make_profile(by_code_points(9, 13), is_gray=False))
    assert np.abs(seen - shown(expected)[0, 0]).max() <= 1


def test_white_and_gray_stay_gray_in_other_primaries():
    grays = np.repeat(np.arange(0, 256, 5, np.uint8)[None, :, None], 3, 2)
    for code in (9, 12):
        profile = make_profile(by_code_points(code, 13), is_gray=False)
        seen = shown(Picture(grays, icc_profile=profile))
        assert np.abs(seen - grays).max() <= 1


def test_a_profile_goes_before_gamma_and_code_points_before_a_profile():
    iccp = chunk(b"iCCP", b"a\0\0" + zlib.compress(SRGB))
    assert load_picture(png(draw(4, 8, 3), iccp + LINEAR)).icc_profile == SRGB
    linear = chunk(b"cICP", bytes([1, 8, 0, 1]))
    assert load_picture(png(draw(4, 8, 3), linear + iccp)).icc_profile not in (None, SRGB)


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_curve_for_hdr_is_left_out_and_it_is_said(transfer):
    picture = load_picture(png(draw(4, 8, 3), chunk(b"cICP", bytes([9, transfer, 0, 1]))))
    assert picture.warnings == ("Its curve for HDR displays was left out; it may look flat.",)


def test_an_avif_of_display_p3_without_a_profile_gets_one():
    file = imagecodecs.avif_encode(draw(16, 16, 3), level=90, primaries=12, transfer=13)
    assert load_picture(file).icc_profile == make_profile(by_code_points(12, 13), is_gray=False)


GRAY = make_profile(Colours(gamma=1.0), is_gray=True)


@pytest.mark.parametrize(
    ("has_alpha", "image_format", "is_gray"),
    [
        (False, "PNG", True),
        (False, "TIFF", True),
        (True, "PNG", True),
        (True, "TIFF", False),
        (False, "WEBP", False),
        (True, "WEBP", False),
    ],
)
def test_a_profile_for_gray_lies_on_gray_only(has_alpha, image_format, is_gray):
    pixels = np.tile(np.arange(20, 250, 10, np.uint8), (4, 1))
    picture = Picture(pixels, np.full_like(pixels, 255) if has_alpha else None, icc_profile=GRAY)
    back = load_picture(encode_picture(picture, format=image_format))
    assert is_for_gray(back.icc_profile) is is_gray
    assert (back.pixels.ndim == 2) is is_gray
    assert np.abs(shown(back) - shown(picture)).max() <= 1


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_the_exif_of_a_turned_picture_tells_its_size_and_has_no_thumbnail(
    image_format, orientation
):
    exif = Image.Exif()
    exif[274], exif[EXIF_FOLDER] = orientation, {40962: 40, 40963: 24}
    exif.get_ifd(1)[513] = 0
    picture = load_picture(write(draw(24, 40, 3), image_format, exif=exif.tobytes()))
    tags = read_exif(load_picture(encode_picture(picture)).exif)
    height, width = picture.pixels.shape[:2]
    assert (width, height) == ((40, 24) if orientation == 1 else (24, 40))
    assert [tags.get_ifd(EXIF_FOLDER)[tag] for tag in (40962, 40963)] == [width, height]
    assert not tags.get_ifd(1)
