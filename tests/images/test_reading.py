import io
import struct
from contextlib import suppress

import numpy as np
import pytest
from bombs import claim_sides
from picture_files import (
    FORMATS,
    LETTER,
    ORIENTATION,
    SRGB,
    STORED,
    WITH_EXIF,
    chunk,
    draw,
    make_exif,
    make_swapped_profile,
    read_exif,
    write,
    write_by_cv2,
    write_png,
    write_tiff,
)
from PIL import Image
from skimage import data

from denoise.errors import ImageError
from denoise.images.picture import Picture
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture


def refusal(source, **limits):
    with pytest.raises(ImageError) as caught:
        load_picture(source, **limits)
    return str(caught.value)


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_format_is_told_by_content_not_by_suffix(image_format, tmp_path):
    file = tmp_path / "photo.txt"
    file.write_bytes(write(draw(9, 7), image_format))
    assert load_picture(file).format == image_format
    assert load_picture(str(file)).pixels.shape[:2] == (9, 7)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "BMP", "WEBP"])
def test_lossless_files_give_their_values_back(image_format):
    photo = data.astronaut()[::8, ::8]
    picture = load_picture(write(photo, image_format, lossless=True, exact=True))
    assert np.array_equal(picture.pixels, photo)
    assert picture.alpha is None
    assert picture.warnings == ()


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_pixels_may_be_written_to(image_format):
    assert load_picture(write(draw(9, 7, 3), image_format)).pixels.flags.writeable


def test_an_mpo_is_read_as_jpeg():
    pair = write(LETTER, "MPO", save_all=True, append_images=[Image.fromarray(LETTER)])
    assert load_picture(pair).format == "JPEG"


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("image_format", WITH_EXIF)
def test_each_orientation_is_applied_and_reset(image_format, orientation):
    options = {"exif": make_exif(orientation), "quality": 95}
    options |= {"lossless": True} if image_format == "WEBP" else {}
    picture = load_picture(write(STORED[orientation], image_format, **options))
    shown = picture.pixels if picture.pixels.ndim == 2 else picture.pixels[..., 0]
    assert shown.shape == LETTER.shape
    assert np.abs(shown.astype(int) - LETTER).max() < 16
    assert read_exif(picture.exif)[ORIENTATION] == 1


@pytest.mark.parametrize("orientation", STORED)
def test_16_bits_and_alpha_are_turned_too(orientation):
    deep = STORED[orientation].astype(np.uint16) * 200 + 1
    exif = chunk(b"eXIf", make_exif(orientation)[6:])
    picture = load_picture(write_png(np.dstack([deep, deep + 1]), 4, before=exif))
    assert np.array_equal(picture.pixels, LETTER.astype(np.uint16) * 200 + 1)
    assert np.array_equal(picture.alpha, picture.pixels + 1)


@pytest.mark.parametrize(("channels", "colour_type"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_a_16_bit_png_keeps_its_values(channels, colour_type):
    deep = draw(11, 13, channels, dtype=np.uint16)
    picture = load_picture(write_png(deep, colour_type))
    assert np.array_equal(np.atleast_3d(picture.pixels), deep[..., : 1 if channels < 3 else 3])
    assert channels % 2 or np.array_equal(picture.alpha, deep[..., -1])


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("shape", [(11, 13), (11, 13, 3)])
def test_16_bit_files_of_opencv_keep_their_values(shape, suffix):
    deep = draw(*shape, dtype=np.uint16)  # its TIFFs are LZW
    assert np.array_equal(load_picture(write_by_cv2(deep, suffix)).pixels, deep)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_16_bit_tiff_keeps_its_values(channels, compression, byteorder):
    deep = draw(40, 50, channels, dtype=np.uint16).squeeze()
    options = {"photometric": "minisblack" if channels == 1 else "rgb", "byteorder": byteorder}
    options |= {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    picture = load_picture(write_tiff(deep, compression=compression, **options))
    together = picture.pixels if channels < 4 else np.dstack([picture.pixels, picture.alpha])
    assert np.array_equal(together, deep)


def test_a_tiled_16_bit_tiff_keeps_its_values():
    deep = draw(40, 50, 3, dtype=np.uint16)
    file = write_tiff(deep, photometric="rgb", tile=(16, 16), compression="zlib", predictor=True)
    assert np.array_equal(load_picture(file).pixels, deep)


def test_a_16_bit_negative_is_shown_as_positive():
    deep = draw(5, 6, dtype=np.uint16)
    picture = load_picture(write_tiff(65535 - deep, photometric="miniswhite"))
    assert np.array_equal(picture.pixels, deep)


def test_premultiplied_16_bits_are_reduced_and_it_is_said():
    deep = np.full((5, 6, 4), 65535, np.uint16)
    picture = load_picture(write_tiff(deep, photometric="rgb", extrasamples=["assocalpha"]))
    assert picture.pixels.dtype == np.uint8
    assert "reduced to 8" in picture.warnings[0]


def test_32_bit_grays_within_16_bits_are_kept():
    values = np.array([[0, 300, 65535]], np.int32)
    picture = load_picture(write(values, "TIFF"))
    assert picture.pixels.tolist() == [[0, 300, 65535]]
    assert picture.pixels.dtype == np.uint16


@pytest.mark.parametrize(("image_format", "tolerance"), [("TIFF", 0), ("JPEG", 3)])
def test_cmyk_without_a_profile_becomes_rgb_roughly(image_format, tolerance):
    inks = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    picture = load_picture(write(inks, image_format))
    assert np.abs(picture.pixels.astype(int) - (255, 0, 0)).max() <= tolerance
    assert "roughly" in picture.warnings[0]


@pytest.mark.parametrize("image_format", ["TIFF", "JPEG"])
def test_cmyk_becomes_rgb_through_its_profile_which_is_dropped(image_format):
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    picture = load_picture(write(cyan, image_format, icc_profile=make_swapped_profile()))
    assert np.abs(picture.pixels.astype(int) - (255, 0, 0)).max() <= 10
    assert picture.icc_profile is None
    assert picture.warnings == ("Its CMYK colours were converted to sRGB.",)


def test_cmyk_with_a_wrong_profile_is_read_all_the_same():
    picture = load_picture(write(Image.new("CMYK", (8, 8)), "TIFF", icc_profile=SRGB))
    assert picture.pixels.min() == 255
    assert "roughly" in picture.warnings[0]


def test_lab_becomes_rgb():
    picture = load_picture(write(Image.new("LAB", (4, 4), (119, 128, 128)), "TIFF"))
    assert np.abs(picture.pixels.astype(int) - 111).max() <= 2


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette_becomes_rgb(image_format):
    indices = Image.new("P", (2, 1))
    indices.putpalette([10, 20, 30, 200, 100, 50])
    indices.putpixel((1, 0), 1)
    picture = load_picture(write(indices, image_format))
    assert picture.pixels.tolist() == [[[10, 20, 30], [200, 100, 50]]]
    assert picture.alpha is None


@pytest.mark.parametrize(
    ("image_format", "transparency", "alpha"),
    [("PNG", 1, [255, 0]), ("PNG", b"\x50\xa0", [80, 160]), ("GIF", 1, [255, 0])],
)
def test_a_palette_keeps_its_transparency(image_format, transparency, alpha):
    indices = Image.new("P", (2, 1))
    indices.putpalette([10, 20, 30, 200, 100, 50])
    indices.putpixel((1, 0), 1)
    picture = load_picture(write(indices, image_format, transparency=transparency))
    assert picture.pixels.tolist() == [[[10, 20, 30], [200, 100, 50]]]
    assert picture.alpha.tolist() == [alpha]


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF", "GIF"])
def test_one_bit_becomes_black_and_white(image_format):
    picture = load_picture(write(Image.fromarray(LETTER > 100), image_format))
    assert np.array_equal(picture.pixels.reshape(*LETTER.shape, -1)[..., 0], 255 * (LETTER > 100))
    is_palette = image_format == "GIF"
    said = () if is_palette else ("It holds black and white only; the result has grays.",)
    assert picture.warnings == said


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_kept_apart(channels, image_format):
    samples = draw(5, 6, channels)
    picture = load_picture(write(samples, image_format))
    assert np.array_equal(np.atleast_3d(picture.pixels), samples[..., :-1])
    assert np.array_equal(picture.alpha, samples[..., -1])


@pytest.mark.parametrize(
    ("pixels", "colour_type", "hidden"),
    [
        ([[1, 513]], 0, [513]),
        ([[[1, 2, 3], [257, 2, 3]]], 2, [257, 2, 3]),
    ],
)
def test_the_one_transparent_colour_of_a_16_bit_png_is_exact(pixels, colour_type, hidden):
    key = chunk(b"tRNS", struct.pack(f">{len(hidden)}H", *hidden))
    picture = load_picture(write_png(np.array(pixels), colour_type, before=key))
    assert picture.pixels.tolist() == pixels
    assert picture.alpha.tolist() == [[65535, 0]]


def test_the_one_transparent_gray_of_a_4_bit_png_is_found():
    packed = np.array([[0x0F, 0x5A]], np.uint8)
    key = chunk(b"tRNS", struct.pack(">H", 5))
    picture = load_picture(write_png(packed, 0, depth=4, before=key))
    assert picture.pixels.tolist() == [[0, 255, 85, 170]]
    assert picture.alpha.tolist() == [[255, 255, 0, 255]]


@pytest.mark.parametrize("image_format", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_frames_the_first_is_taken_and_it_is_said(image_format):
    first, second = (Image.new("RGB", (6, 4), colour) for colour in ("red", "blue"))
    options = {"lossless": True} if image_format == "WEBP" else {}
    file = write(first, image_format, save_all=True, append_images=[second], **options)
    picture = load_picture(file)
    assert (picture.pixels == (255, 0, 0)).all()
    assert picture.warnings == ("Only the first of several frames was taken.",)


def test_damaged_exif_is_left_out_and_it_is_said():
    exif = make_exif(1).replace(b"\x00\x01\x00\x00\x00\x32", b"\xff" * 6)[:-30]
    picture = load_picture(write(LETTER, "WEBP", exif=exif))
    assert picture.exif is None
    assert "EXIF" in picture.warnings[0]


def test_a_bomb_is_refused_by_its_header():
    bomb = write_png(np.zeros((13_000, 1_625), np.uint8), 0, depth=1)
    assert len(bomb) < 30_000
    assert "13000 x 13000 = 169,000,000 pixels; at most 50,000,000" in refusal(bomb)


@pytest.mark.parametrize("image_format", FORMATS)
def test_nothing_above_the_limit_of_pixels_is_decoded(image_format, monkeypatch):
    file = write(draw(10, 11), image_format)
    monkeypatch.setattr("denoise.images.reading._read_samples", None)
    assert "11 x 10 = 110 pixels; at most 109" in refusal(file, max_pixels=109)


def test_a_tiff_of_huge_tiles_is_refused():
    tiled = write_tiff(np.zeros((1, 1, 3), np.uint8), tile=(512, 512), photometric="rgb")
    assert "512 x 512" in refusal(tiled, max_pixels=100_000)


def test_a_limit_of_pixels_may_be_met_exactly():
    assert load_picture(write(draw(10, 11), "PNG"), max_pixels=110).pixels.shape == (10, 11)


@pytest.mark.parametrize("as_file", [True, False])
def test_nothing_above_the_limit_of_bytes_is_read(as_file, tmp_path):
    content = write(draw(10, 11), "PNG")
    (tmp_path / "photo.png").write_bytes(content)
    source = tmp_path / "photo.png" if as_file else content
    assert "at most 99 bytes" in refusal(source, max_bytes=99)
    assert load_picture(source, max_bytes=len(content)).format == "PNG"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("image_format", FORMATS)
def test_a_truncated_file_is_refused(image_format, share):
    file = write(draw(60, 50, 3), image_format)
    assert "cut short" in refusal(file[: int(share * len(file))])


@pytest.mark.parametrize(
    "options", [{}, {"restart_marker_rows": 1}, {"subsampling": 0}, {"progressive": True}]
)
@pytest.mark.parametrize("lost_bytes", [300, 1000])
def test_a_jpeg_that_ends_too_early_is_refused_though_its_end_is_marked(lost_bytes, options):
    whole = write(draw(60, 50, 3), "JPEG", **options)
    assert "cut short" in refusal(whole[: -2 - lost_bytes] + b"\xff\xd9")


def test_a_jpeg_that_claims_some_more_rows_is_refused():
    assert "cut short" in refusal(claim_sides(write(draw(64, 64), "JPEG"), 64, 72))


@pytest.mark.parametrize("number", range(1, 10))
def test_a_progressive_jpeg_must_have_every_scan_whole(number):
    whole = write(draw(60, 50, 3), "JPEG", progressive=True)
    start = -1
    for _ in range(number + 1):
        start = whole.index(b"\xff\xda", start + 1)
    assert "cut short" in refusal(whole[: start - 60] + whole[start:])


def test_a_jpeg_with_bytes_left_over_is_refused():
    whole = write(draw(60, 50, 3), "JPEG")
    assert "lies among its pixels" in refusal(whole[:-2] + bytes(100) + b"\xff\xd9")


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (9, 7, 3), (300, 500, 3)])
@pytest.mark.parametrize(
    "options",
    [{}, {"optimize": True}, {"restart_marker_blocks": 1}, {"progressive": True}],
)
def test_a_whole_jpeg_gives_the_pixels_that_pillow_reads(shape, options):
    for pixels in (draw(*shape), np.full(shape, 128, np.uint8)):
        whole = write(pixels, "JPEG", **options) + b"whatever lies behind its end"
        assert np.array_equal(load_picture(whole).pixels, Image.open(io.BytesIO(whole)))


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_a_truncated_16_bit_file_is_refused(image_format):
    file = encode_picture(Picture(draw(60, 50, 3, dtype=np.uint16)), format=image_format)
    assert "cut short" in refusal(file[: len(file) * 2 // 3])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello, world\n", "text file"),
        ("Grüße aus München".encode(), "text file"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG drawing"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF document"),
        (b"\xff\x0a\xba\x2b", "JPEG XL picture; export it as JPEG or PNG"),
        (b"PK\3\4\0\0\0\0", "not a picture of a known format"),
    ],
)
def test_what_is_no_picture_is_named_with_what_is_allowed(content, words, tmp_path):
    file = tmp_path / "photo.png"
    file.write_bytes(content)
    message = refusal(file)
    assert message.startswith("photo.png is ")
    assert words in message
    assert "PNG, JPEG, WebP, TIFF, AVIF, HEIC, JPEG 2000, PPM, BMP, GIF and cameras'" in message


@pytest.mark.parametrize("name", ["missing.png", "folder", "x" * 300, "nul\0.png"])
def test_a_file_that_cannot_be_opened_is_refused_by_its_base_name(name, tmp_path):
    (tmp_path / "folder").mkdir()
    assert str(tmp_path) not in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (write(np.array([[70_000]], np.int32), "TIFF"), "beyond 16 bits"),
        (write(np.array([[-1]], np.int32), "TIFF"), "beyond 16 bits"),
    ],
)
def test_a_tiff_of_an_unusual_kind_is_refused_with_a_remedy(file, words):
    message = refusal(file)
    assert words in message
    assert "save it" in message


@pytest.mark.parametrize("image_format", [*FORMATS, "deep PNG", "deep TIFF"])
def test_random_damage_gives_a_picture_or_an_image_error(image_format):
    deep = Picture(draw(20, 30, 3, dtype=np.uint16), icc_profile=SRGB, exif=make_exif())
    file = (
        encode_picture(deep, format=image_format.removeprefix("deep "))
        if image_format.startswith("deep")
        else write(draw(20, 30, 3), image_format, exif=make_exif())
    )
    rng = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(file)
        for place in rng.integers(8, len(file), rng.integers(1, 6)):
            damaged[place] = rng.integers(256)
        with suppress(ImageError):
            assert isinstance(load_picture(bytes(damaged), max_pixels=10_000), Picture)


@pytest.mark.parametrize("image_format", FORMATS)
def test_noise_behind_a_valid_signature_is_refused(image_format):
    start = write(draw(20, 30), image_format)[:18]
    assert refusal(start + np.random.default_rng(2).bytes(500), max_pixels=10_000)
