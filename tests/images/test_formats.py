"""AVIF, JPEG 2000 and PPM, written by other libraries than the one that reads them here."""

import io
import struct
from contextlib import suppress

import cv2
import imagecodecs
import numpy as np
import pytest
from picture_files import MAKER, SRGB, STORED, draw, make_exif, read_exif, write
from PIL import Image
from skimage import data

from denoise.errors import ImageError
from denoise.images.headers.boxes import find_boxes
from denoise.images.picture import Picture
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture, losses, save_picture

PHOTO = data.astronaut()[:128, :96]


def refusal(content, **limits):
    with pytest.raises(ImageError) as caught:
        load_picture(content, **limits)
    return str(caught.value)


@pytest.mark.parametrize("pixels", [PHOTO, PHOTO[..., 1], draw(1, 1), draw(7, 13, 3)])
def test_a_lossless_jpeg_2000_of_another_library_is_read(pixels):
    for codec in ("jp2", "j2k"):
        picture = load_picture(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat=codec))
        assert np.array_equal(picture.pixels, pixels)
        assert (picture.format, picture.warnings) == ("JPEG2000", ())


def test_a_jpeg_2000_of_16_bit_gray_keeps_its_values():
    deep = draw(20, 30, dtype=np.uint16)
    written = imagecodecs.jpeg2k_encode(deep, level=0)
    assert np.array_equal(load_picture(written).pixels, deep)
    again = encode_picture(Picture(deep), format="JPEG2000")
    assert np.array_equal(imagecodecs.jpeg2k_decode(again), deep)


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 30, 2)])
def test_a_jpeg_2000_of_16_bit_colour_is_refused(shape):  # Pillow would make black of white
    deep = imagecodecs.jpeg2k_encode(draw(*shape, dtype=np.uint16), level=0)
    assert "more than 8 bits per channel; save it anew as TIFF." in refusal(deep)


@pytest.mark.parametrize("profile", [None, SRGB])
@pytest.mark.parametrize("has_alpha", [False, True])
@pytest.mark.parametrize("pixels", [PHOTO, PHOTO[..., 1]])
def test_other_libraries_read_our_jpeg_2000(pixels, has_alpha, profile):
    alpha = draw(*pixels.shape[:2]) if has_alpha else None
    file = encode_picture(Picture(pixels, alpha, icc_profile=profile), format="JPEG2000")
    expected = pixels if alpha is None else np.dstack([pixels, alpha])
    assert np.array_equal(imagecodecs.jpeg2k_decode(file), expected)
    back = load_picture(file)
    assert back.icc_profile == profile
    assert np.array_equal(back.pixels, pixels)
    assert np.array_equal(back.alpha, alpha) if has_alpha else back.alpha is None


def test_an_avif_of_another_library_is_read_and_ours_by_it():
    assert np.array_equal(
        load_picture(imagecodecs.avif_encode(PHOTO, level=100)).pixels, PHOTO
    )  # lossless
    file = encode_picture(Picture(PHOTO, draw(*PHOTO.shape[:2]), exif=make_exif()), format="AVIF")
    read = imagecodecs.avif_decode(file)
    assert np.abs(read[..., :3].astype(int) - PHOTO).mean() < 2
    assert np.abs(read[..., 3].astype(int) - draw(*PHOTO.shape[:2])).mean() < 2
    assert read_exif(load_picture(file).exif)[MAKER] == "SecretMaker"


def test_an_avif_of_10_bits_is_reduced_and_it_is_said():
    deep = np.linspace(0, 1023, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint16)
    picture = load_picture(imagecodecs.avif_encode(deep, level=100, bitspersample=10))
    assert np.abs(picture.pixels - deep / 1023 * 255).max() < 2
    assert picture.warnings == ("Its 16 bits per channel were reduced to 8.",)


@pytest.mark.parametrize("orientation", [3, 6])
def test_an_avif_that_is_turned_is_read_upright(orientation):
    stored = np.kron(STORED[orientation], np.ones((4, 4), np.uint8))
    file = write(stored, "AVIF", quality=100, exif=make_exif(orientation))
    upright = np.kron(STORED[1], np.ones((4, 4), np.uint8))
    assert np.abs(load_picture(file).pixels.astype(int) - upright).max() < 5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("shape", "suffix"), [((7, 13, 3), ".ppm"), ((7, 13), ".pgm")])
@pytest.mark.parametrize("is_binary", [0, 1])
def test_ppm_and_pgm_of_opencv_are_read(shape, suffix, dtype, is_binary):
    pixels = draw(*shape, dtype=dtype)
    flags = [cv2.IMWRITE_PXM_BINARY, is_binary]
    file = cv2.imencode(suffix, pixels[..., ::-1] if pixels.ndim == 3 else pixels, flags)[1]
    picture = load_picture(file.tobytes())
    assert picture.pixels.dtype == dtype
    assert np.array_equal(picture.pixels, pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(7, 13, 3), (7, 13)])
def test_opencv_reads_our_ppm(shape, dtype):
    pixels = draw(*shape, dtype=dtype)
    file = np.frombuffer(encode_picture(Picture(pixels), format="PPM"), np.uint8)
    read = cv2.imdecode(file, cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1] if pixels.ndim == 3 else read, pixels)


def test_a_ppm_with_another_white_is_scaled_and_its_comments_are_skipped():
    header = b"P5 # made\n# by hand\n3 1\r\n1023\n"
    deep = load_picture(header + np.array([0, 512, 1023], ">u2").tobytes()).pixels
    assert deep.tolist() == [[0, 32800, 65535]]
    assert load_picture(b"P2\n2 1 15\n0 15\n").pixels.tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"P5 3 1 255\n12", "cut short"),
        (b"P6 60000 60000 255\n", "at most 50,000,000"),
        (b"P5 3 1 99999\n12", "1 to 65535"),
        (b"P5 3", "damaged"),
        (b"P2 2 1 255\n1 x", "something else among its numbers"),
        (b"P2 2 1 255\n" + b"1 " * 11_000_000, "more numbers than can be read"),
    ],
)
def test_a_ppm_that_cannot_be_is_refused(content, words):
    assert words in refusal(content)


def claim(content, kind, offset, *sides):
    """Writes other sides into a box."""
    box = next(box for box in find_boxes(content) if box.kind == kind)
    at = box.start + offset
    return content[:at] + struct.pack(">II", *sides) + content[at + 8 :]


def test_sides_that_an_avif_claims_are_refused_before_it_is_decoded():
    bomb = claim(write(PHOTO, "AVIF"), b"ispe", 4, 60_000, 60_000)
    assert "at most 50,000,000" in refusal(bomb)


def test_sides_that_a_jpeg_2000_claims_are_refused_before_it_is_decoded():
    whole = write(PHOTO, "JPEG2000")
    at = whole.index(b"\xff\x4f\xff\x51") + 8
    bomb = whole[:at] + struct.pack(">II", 60_000, 60_000) + whole[at + 8 :]
    assert "at most 50,000,000" in refusal(bomb)
    assert "two sizes" in refusal(claim(whole, b"ihdr", 0, 9, 9))


def test_tiles_and_boxes_without_end_are_refused():
    whole = write(PHOTO, "JPEG2000")
    at = whole.index(b"\xff\x4f\xff\x51") + 24
    assert "10,000 tiles" in refusal(whole[:at] + struct.pack(">II", 1, 1) + whole[at + 8 :])
    boxes = struct.pack(">I4s", 8, b"free") * 30_000
    for image_format in ("AVIF", "JPEG2000"):
        content = write(PHOTO, image_format)
        assert "far too many parts" in refusal(content[:32] + boxes + content[32:])


@pytest.mark.parametrize("image_format", ["AVIF", "JPEG2000", "PPM"])
def test_a_file_cut_anywhere_is_a_picture_or_refused_with_a_sentence(image_format):
    whole = write(PHOTO, image_format)
    for place in range(0, len(whole), len(whole) // 40 + 1):
        with suppress(ImageError):
            assert load_picture(whole[:place]).pixels.shape == PHOTO.shape


def test_what_a_format_cannot_hold_is_told():
    full = Picture(draw(9, 9, 3, dtype=np.uint16), draw(9, 9, dtype=np.uint16))
    full = Picture(full.pixels, full.alpha, icc_profile=SRGB, exif=make_exif())
    assert losses(full, "AVIF") == ("16 bits per channel were rounded to 8: AVIF has no more.",)
    assert losses(full, "PPM") == (
        "Transparency was laid over white: PPM has none.",
        "EXIF data was left out: PPM is written without.",
        "The colour profile was left out: PPM has none.",
    )
    assert losses(full, "JPEG2000") == (
        "16 bits per channel were rounded to 8: in JPEG 2000 only plain gray keeps them.",
        "EXIF data was left out: JPEG 2000 is written without.",
    )
    assert losses(Picture(draw(9, 9, dtype=np.uint16)), "JPEG2000") == ()


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".jpg_large", ".mpo"])
def test_a_jpeg_may_have_any_of_its_suffixes(suffix, tmp_path):
    save_picture(Picture(PHOTO), tmp_path / f"a{suffix}")
    assert Image.open(io.BytesIO((tmp_path / f"a{suffix}").read_bytes())).format == "JPEG"
