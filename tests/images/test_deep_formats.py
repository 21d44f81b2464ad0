"""What phones, cameras, renderers and microscopes write, by files of other libraries.

phone.heic and deep.heic were written by pillow-heif 1.8.1, whose encoder is under the GPL.
"""

import io
import struct
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tifffile
from picture_files import (
    DEEP,
    EXIF_FOLDER,
    LETTER,
    MAKER,
    PHONE,
    SRGB,
    STORED,
    draw,
    make_dng,
    read_exif,
    write,
    write_tiff,
)

from denoise.errors import ImageError
from denoise.images.headers.boxes import find_boxes
from denoise.images.picture import Picture
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture, losses


def refusal(content, **limits):
    with pytest.raises(ImageError) as caught:
        load_picture(content, **limits)
    return str(caught.value)


def test_a_phones_heic_comes_upright_with_its_profile_and_exif():
    picture = load_picture(PHONE)
    down, across = np.mgrid[:48, :64]
    stored = np.stack([across * 4, down * 5, 255 - across * 2], -1)
    assert np.abs(picture.pixels - np.rot90(stored, -1)).mean() < 3
    assert (picture.format, picture.warnings) == ("HEIF", ())
    assert picture.icc_profile[128:] == SRGB[128:]  # less the day on which it was made
    assert read_exif(picture.exif)[MAKER] == "SecretMaker"
    assert read_exif(picture.exif)[274] == 1


def test_a_heic_of_10_bits_fills_16():
    pixels = load_picture(DEEP).pixels
    down, across = np.mgrid[:48, :64]
    expected = np.stack([across * 65535 / 63, down * 65535 / 47, 0 * across], -1)
    assert pixels.dtype == np.uint16
    assert pixels.max() == 65535
    assert np.abs(pixels - expected).mean() < 700


def test_a_heic_is_given_back_as_jpeg_and_what_that_costs_is_told():
    assert load_picture(encode_picture(load_picture(PHONE))).format == "JPEG"
    assert losses(load_picture(DEEP)) == (
        "16 bits per channel were rounded to 8: JPEG has no more.",
    )


def test_a_heic_bomb_is_refused_by_its_header():
    box = next(box for box in find_boxes(PHONE) if box.kind == b"ispe")
    claimed = struct.pack(">II", 60_000, 60_000)
    bomb = PHONE[: box.start + 4] + claimed + PHONE[box.start + 12 :]
    assert "at most 50,000,000" in refusal(bomb)


def test_a_cameras_file_is_developed_in_16_bits_with_its_white_balance():
    picture = load_picture(make_dng())
    light = np.linspace(0.1, 0.9, 64)
    expected = 65535 * (1.055 * light ** (1 / 2.4) - 0.055)
    inner = picture.pixels[8:-8, 8:-8].astype(float)
    assert picture.pixels.dtype == np.uint16
    assert np.abs(inner - expected[8:-8, None]).max() < 400
    assert picture.format == "RAW"


def test_a_cameras_file_comes_upright_and_with_its_exif():
    picture = load_picture(make_dng(orientation=6))
    assert picture.pixels.shape == (64, 48, 3)
    assert picture.pixels[-10, 24].mean() > picture.pixels[10, 24].mean()
    assert read_exif(picture.exif)[MAKER] == "SecretMaker"


def test_a_cameras_file_is_given_back_as_a_tiff_of_16_bits():
    back = load_picture(encode_picture(load_picture(make_dng())))
    assert (back.format, back.pixels.dtype) == ("TIFF", np.uint16)
    assert losses(load_picture(make_dng())) == ()


def test_a_raw_bomb_is_refused_by_its_header():
    whole = make_dng()
    with tifffile.TiffFile(io.BytesIO(whole)) as tiff:
        places = [tiff.pages[0].tags[number].valueoffset for number in (256, 257)]
    bomb = bytearray(whole)
    for place in places:
        bomb[place : place + 2] = struct.pack("<H", 60_000)
    assert "at most 50,000,000" in refusal(bytes(bomb))


@pytest.mark.parametrize(("content", "module"), [(PHONE, "pi_heif"), (make_dng(), "rawpy")])
def test_where_a_library_is_missing_the_extra_is_named(content, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    words = 'not installed: in a clone of this project, pip install -e ".[formats]".'
    assert f"for which {module} is {words}" in refusal(content)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3)])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "predictor": True}])
def test_a_float_tiff_keeps_its_values_also_beyond_0_to_1(dtype, shape, options):
    values = np.random.default_rng(3).normal(1, 2, shape).astype(dtype)
    picture = load_picture(
        write_tiff(values, photometric="rgb" if len(shape) == 3 else None, **options)
    )
    assert picture.pixels.dtype == np.float32
    assert np.array_equal(picture.pixels, values.astype(np.float32))
    assert picture.warnings == ()


def test_other_libraries_read_our_float_tiffs():
    values = np.random.default_rng(3).normal(1, 2, (600, 500, 3)).astype(np.float32)
    file = encode_picture(Picture(values, format="TIFF"))
    assert np.array_equal(tifffile.imread(io.BytesIO(file)), values)
    read = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1], values)
    assert np.array_equal(load_picture(file).pixels, values)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("colours", [1, 3])
def test_a_tiff_may_keep_its_channels_apart_and_have_alpha(dtype, planes, colours):
    samples = draw(9, 7, colours + 1, dtype=np.uint16).astype(dtype)
    stored = np.moveaxis(samples, 2, 0) if planes == "separate" else samples
    photometric = "rgb" if colours == 3 else "minisblack"
    picture = load_picture(
        write_tiff(
            stored, planarconfig=planes, photometric=photometric, extrasamples=["unassalpha"]
        )
    )
    assert np.array_equal(picture.pixels, samples[..., :3] if colours == 3 else samples[..., 0])
    assert np.array_equal(picture.alpha, samples[..., -1])


@pytest.mark.parametrize("orientation", STORED)
def test_a_float_tiff_that_is_turned_is_read_upright(orientation):
    stored = np.ascontiguousarray(STORED[orientation], np.float32) / 255
    file = write_tiff(stored, extratags=[(274, "H", 1, orientation)], metadata=None)
    assert np.array_equal(load_picture(file).pixels, LETTER.astype(np.float32) / 255)


def test_the_profile_exif_and_resolution_of_a_float_tiff_come_back():
    tags = [(271, "s", 0, "SecretMaker"), (34675, "B", len(SRGB), SRGB)]
    values = np.ones((9, 7), np.float32) / 3
    file = write_tiff(values, extratags=tags, resolution=(300, 300), resolutionunit=2)
    back = load_picture(encode_picture(load_picture(file)))
    assert (back.icc_profile, back.resolution) == (SRGB, (300, 300))
    assert read_exif(back.exif)[MAKER] == "SecretMaker"
    assert EXIF_FOLDER not in read_exif(back.exif)
    assert np.array_equal(back.pixels, values)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value):
    assert "no numbers" in refusal(write_tiff(np.full((4, 4), value, np.float32)))


def test_what_is_no_plain_float_tiff_is_refused():
    values = np.ones((4, 4), np.float32)
    assert "rare way" in refusal(write_tiff(values, photometric="miniswhite"))
    wide = write_tiff(draw(2, 4, 4, dtype=np.uint32), planarconfig="separate", extrasamples=[0])
    assert "holds values of uint32" in refusal(wide)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "PPM", "JPEG2000"])
def test_floats_are_rounded_and_clipped_where_a_format_has_none(image_format):
    picture = Picture(np.array([[-1, 0, 0.5, 1, 7]], np.float32).repeat(8, 0).repeat(8, 1))
    assert "clipped to 0 to 1 and rounded" in losses(picture, image_format)[0]
    back = load_picture(encode_picture(picture, format=image_format)).pixels[4, 4::8]
    white = np.iinfo(back.dtype).max
    assert np.abs(back / white - [0, 0, 0.5, 1, 1]).max() < 0.03


def test_transparency_of_floats_is_laid_over_white():
    picture = Picture(np.zeros((8, 8, 3), np.float32), np.full((8, 8), 0.25, np.float32))
    back = load_picture(encode_picture(replace(picture, format="TIFF"), format="PPM"))
    assert np.abs(back.pixels / 65535 - 0.75).max() < 0.001


def test_a_file_cut_anywhere_is_refused_with_a_sentence():
    float_tiff = write_tiff(np.ones((20, 20), np.float32), compression="zlib")
    for whole in (PHONE, make_dng(), float_tiff, write(LETTER, "TIFF")):
        for place in range(1, len(whole) - 40, len(whole) // 25):
            message = refusal(whole[:place])
            assert message.startswith("The picture ")
            assert message.endswith(".")
