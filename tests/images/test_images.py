import io
import struct
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from skimage import data

from denoise.errors import ImageError
from denoise.images.fitting import fit_square
from denoise.images.picture import OUTPUT_FORMATS, Picture, flatten
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture, encode_quickly, losses, save_picture

FORMATS = (*OUTPUT_FORMATS, "BMP", "GIF")
LOSSLESS = ("PNG", "TIFF", "WEBP")
ORIENTATION, MAKER, EXIF_FOLDER, GPS_FOLDER = 274, 271, 34665, 34853
TEXT = {"date": "2020:01:02 03:04:05", "maker": "SecretMaker"}
# The letter F, seen as it is meant, so that every turn of it differs.
LETTER = np.zeros((16, 24), np.uint8)
LETTER[:, :8], LETTER[:8, :16] = 90, 250
STORED = {  # how a camera stores the letter for each orientation
    1: LETTER,
    2: LETTER[:, ::-1],
    3: np.rot90(LETTER, 2),
    4: LETTER[::-1],
    5: LETTER.T,
    6: np.rot90(LETTER),
    7: np.rot90(LETTER.T, 2),
    8: np.rot90(LETTER, -1),
}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def draw(*shape, dtype=np.uint8):
    """Random pixels."""
    return np.random.default_rng(7).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def write(image, image_format, **options):
    """The bytes of a file, by Pillow."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def write_tiff(pixels, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def write_by_cv2(pixels, suffix):
    order = {2: ..., 3: (..., [2, 1, 0]), 4: (..., [2, 1, 0, 3])}
    channels = pixels.shape[2] if pixels.ndim == 3 else 2
    return cv2.imencode(suffix, pixels[order[channels]])[1].tobytes()


def write_png(pixels, colour_type, *, depth=16, before=b""):
    """A PNG of 16-bit pixels, or of rows that are packed already."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(">u2").view(np.uint8) if depth == 16 else pixels
    filtered = np.pad(rows.reshape(height, -1), ((0, 0), (1, 0))).tobytes()
    width = width if depth == 16 else width * 8 // depth
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(filtered))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def chunk(name, content):
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def make_exif(orientation=1):
    exif = Image.Exif()
    exif[MAKER], exif[ORIENTATION] = TEXT["maker"], orientation
    exif[EXIF_FOLDER] = {36867: TEXT["date"], 33434: (1, 50)}
    exif[GPS_FOLDER] = {1: "N", 2: (48.0, 8.0, 14.5)}
    return exif.tobytes()


def read_exif(exif):
    tags = Image.Exif()
    tags.load(exif)
    return tags


def make_swapped_profile():
    """A CMYK profile by which cyan ink prints red; the others print nothing but black."""
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    black, white, red = bytes([0, 128, 128]), bytes([255, 128, 128]), bytes([136, 208, 195])  # Lab
    table = b"mft1\0\0\0\0\4\3\2\0" + identity + 4 * ramp
    table += 4 * (white + black) + 4 * (red + black) + 3 * ramp
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    header = struct.pack(">II", 144 + len(table), 0) + b"\x02\x10\0\0prtrCMYKLab " + bytes(12)
    header += b"acsp" + bytes(28) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + tags + table


def refusal(source, **limits):
    with pytest.raises(ImageError) as caught:
        load_picture(source, **limits)
    return str(caught.value)


# Reading: formats, orientation, depth, colours


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
@pytest.mark.parametrize("image_format", OUTPUT_FORMATS)
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


# Refusing


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
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC picture; export it as JPEG or PNG"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF picture; export it as JPEG or PNG"),
        (b"PK\3\4\0\0\0\0", "not a picture of a known format"),
    ],
)
def test_what_is_no_picture_is_named_with_what_is_allowed(content, words, tmp_path):
    file = tmp_path / "photo.png"
    file.write_bytes(content)
    message = refusal(file)
    assert message.startswith("photo.png is ")
    assert words in message
    assert "PNG, JPEG, WebP, TIFF, BMP and GIF" in message


@pytest.mark.parametrize("name", ["missing.png", "folder", "x" * 300, "nul\0.png"])
def test_a_file_that_cannot_be_opened_is_refused_by_its_base_name(name, tmp_path):
    (tmp_path / "folder").mkdir()
    assert str(tmp_path) not in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (write(np.zeros((2, 2), np.float32), "TIFF"), "floating-point"),
        (write(np.array([[70_000]], np.int32), "TIFF"), "beyond 16 bits"),
        (write(np.array([[-1]], np.int32), "TIFF"), "beyond 16 bits"),
        (
            write_tiff(np.zeros((3, 4, 4), np.uint16), photometric="rgb", planarconfig="separate"),
            "separate planes",
        ),
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


# Writing


@pytest.fixture
def full():
    """A picture with all that a file may carry."""
    return Picture(draw(20, 30, 3), draw(20, 30), icc_profile=SRGB, exif=make_exif())


def deepen(picture):
    return picture.with_pixels(picture.pixels.astype(np.uint16) * 257 - 100)


@pytest.mark.parametrize("image_format", LOSSLESS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (7, 13, 3)])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_lossless_formats_give_8_bits_back(image_format, shape, has_alpha):
    alpha = draw(*shape[:2]) if has_alpha else None
    back = load_picture(encode_picture(Picture(draw(*shape), alpha), format=image_format))
    # WebP has no gray, and gray TIFFs with alpha are written as RGB.
    pixels = back.pixels if back.pixels.shape == shape else back.pixels[..., 0]
    assert np.array_equal(pixels, draw(*shape))
    assert np.array_equal(back.alpha, alpha) if has_alpha else back.alpha is None


@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (7, 13, 3), (700, 300, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_shown_quickly_is_the_same_picture(shape, dtype):
    pixels = draw(*shape, dtype=dtype)
    assert np.array_equal(load_picture(encode_quickly(pixels)).pixels, pixels)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (7, 13, 3), (700, 300, 3)])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_png_and_tiff_give_16_bits_back(image_format, shape, has_alpha):
    pixels = draw(*shape, dtype=np.uint16)
    alpha = draw(*shape[:2], dtype=np.uint16) if has_alpha else None
    back = load_picture(encode_picture(Picture(pixels, alpha), format=image_format))
    same = back.pixels if back.pixels.shape == shape else back.pixels[..., 0]
    assert np.array_equal(same, pixels)
    assert np.array_equal(back.alpha, alpha) if has_alpha else back.alpha is None


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_other_libraries_read_our_16_bit_files(image_format):
    deep = draw(600, 500, 3, dtype=np.uint16)  # a TIFF of two strips
    file = encode_picture(Picture(deep, icc_profile=SRGB, exif=make_exif()), format=image_format)
    read = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1], deep)


def test_tifffile_reads_our_tiffs():
    deep = draw(20, 30, 3, dtype=np.uint16)
    file = encode_picture(Picture(deep, icc_profile=SRGB), format="TIFF")
    with tifffile.TiffFile(io.BytesIO(file)) as tiff:
        assert tiff.pages[0].iccprofile == SRGB
        assert tiff.pages[0].compression == 8


@pytest.mark.parametrize("image_format", OUTPUT_FORMATS)
@pytest.mark.parametrize("is_deep", [False, True])
def test_the_profile_and_exif_come_back(image_format, is_deep, full):
    picture = deepen(full) if is_deep else full
    back = load_picture(encode_picture(picture, format=image_format))
    exif = read_exif(back.exif)
    assert back.icc_profile == SRGB
    assert (exif[MAKER], exif[ORIENTATION]) == (TEXT["maker"], 1)
    assert exif.get_ifd(EXIF_FOLDER)[36867] == TEXT["date"]
    assert exif.get_ifd(GPS_FOLDER)[2] == (48, 8, 14.5)


@pytest.mark.parametrize("image_format", OUTPUT_FORMATS)
@pytest.mark.parametrize("is_deep", [False, True])
def test_without_exif_the_profile_alone_is_kept(image_format, is_deep, full):
    picture = deepen(full) if is_deep else full
    file = encode_picture(picture, format=image_format, keep_exif=False)
    assert TEXT["maker"].encode() not in file
    assert TEXT["date"].encode() not in file
    back = load_picture(file)
    assert (back.exif, back.icc_profile) == (None, SRGB)


@pytest.mark.parametrize("image_format", OUTPUT_FORMATS)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_the_letters_of_an_exif_text_are_kept(image_format, encoding):
    owner, lens = "© Müller".encode(encoding), "Objektiv für Nähe".encode(encoding)
    exif = Image.Exif()
    exif[33432], exif[EXIF_FOLDER] = owner, {42036: lens.decode("latin-1")}
    raw = exif.tobytes().replace(lens.decode("latin-1").encode("ascii", "replace"), lens)
    picture = load_picture(write(draw(9, 8), "JPEG", exif=raw))
    written = encode_picture(picture, format=image_format)
    assert owner + b"\0" in written
    assert lens + b"\0" in written


@pytest.mark.parametrize("image_format", OUTPUT_FORMATS)
def test_texts_and_xmp_of_the_source_are_never_written(image_format):
    text = chunk(b"tEXt", b"Comment\0hidden-words")
    xmp = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0hidden-words")
    picture = load_picture(write_png(draw(5, 5, 3, dtype=np.uint16), 2, before=text + xmp))
    assert b"hidden-words" not in encode_picture(picture, format=image_format)


def test_the_layout_of_a_tiff_does_not_follow_into_exif():
    source = load_picture(write(draw(9, 8), "TIFF", exif=make_exif()))
    assert set(read_exif(source.exif)) == {MAKER, ORIENTATION, EXIF_FOLDER, GPS_FOLDER}
    other = source.with_pixels(draw(9, 8, 3))
    assert load_picture(encode_picture(other)).pixels.shape == (9, 8, 3)


@pytest.mark.parametrize("image_format", OUTPUT_FORMATS)
@pytest.mark.parametrize("is_deep", [False, True])
def test_the_same_picture_gives_the_same_bytes(image_format, is_deep, full):
    picture = deepen(full) if is_deep else full
    again = replace(picture, pixels=picture.pixels.copy())
    assert encode_picture(picture, format=image_format) == encode_picture(
        again, format=image_format
    )


def test_jpeg_is_of_high_quality():
    photo = data.astronaut()[:256, :256]
    back = load_picture(encode_picture(Picture(photo), format="JPEG"))
    assert np.abs(back.pixels.astype(int) - photo).mean() < 2


@pytest.mark.parametrize(
    ("deep", "shallow"), [(0, 0), (128, 0), (129, 1), (65406, 254), (65407, 255)]
)
def test_16_bits_are_rounded_to_the_nearest_of_8(deep, shallow):
    picture = Picture(np.full((4, 4), deep, np.uint16))
    assert (load_picture(encode_picture(picture, format="WEBP")).pixels == shallow).all()


def test_jpeg_lays_transparency_over_white():
    picture = Picture(np.zeros((8, 8, 3), np.uint8), np.full((8, 8), 51, np.uint8))
    back = load_picture(encode_picture(picture, format="JPEG"))
    assert (flatten(picture) == 204).all()
    assert np.abs(back.pixels.astype(int) - 204).max() <= 1


def test_losses_are_told(full):
    deep = deepen(full)
    assert len(losses(deep, "JPEG")) == 2
    assert len(losses(deep, "WEBP")) == 1
    assert losses(deep, "PNG") == losses(deep, "TIFF") == losses(deep) == ()


def test_exif_too_long_for_jpeg_is_left_out_and_it_is_told(full):
    picture = replace(full, exif=full.exif + bytes(70_000), alpha=None)
    assert "too long for JPEG" in losses(picture, "JPEG")[0]
    assert load_picture(encode_picture(picture, format="JPEG")).exif is None


@pytest.mark.parametrize(("own", "written"), [("JPEG", "JPEG"), ("GIF", "PNG"), ("BMP", "PNG")])
def test_without_a_format_the_picture_keeps_its_own_where_it_can(own, written):
    picture = Picture(draw(5, 5), format=own)
    assert load_picture(encode_picture(picture)).format == written


@pytest.mark.parametrize("image_format", ["GIF", "exe", ""])
def test_another_format_is_refused_with_what_is_allowed(image_format):
    with pytest.raises(ImageError, match="allowed are PNG, JPEG, WebP and TIFF"):
        encode_picture(Picture(draw(5, 5)), format=image_format)


@pytest.mark.parametrize(("image_format", "side"), [("WEBP", 16_384), ("JPEG", 65_501)])
def test_a_side_too_long_for_the_format_is_refused(image_format, side):
    with pytest.raises(ImageError, match="use PNG"):
        encode_picture(Picture(np.zeros((1, side), np.uint8)), format=image_format)


# Saving


@pytest.mark.parametrize(
    ("name", "image_format"),
    [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.webp", "WEBP"), ("a.tif", "TIFF"), ("a", "JPEG")],
)
def test_the_suffix_decides_and_without_one_the_picture(name, image_format, tmp_path):
    save_picture(Picture(draw(5, 5), format="JPEG"), tmp_path / name)
    assert load_picture(tmp_path / name).format == image_format
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_format_that_is_told_goes_before_the_suffix(tmp_path):
    save_picture(Picture(draw(5, 5)), tmp_path / "a.png", format="TIFF")
    assert load_picture(tmp_path / "a.png").format == "TIFF"


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "a.png"
    file.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ImageError, match=r"^a\.png cannot be written: the disk is full"):
        save_picture(Picture(draw(5, 5)), file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["missing/a.png", "a.gif", "file/a.png"])
def test_a_place_that_cannot_be_written_is_refused(name, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ImageError):
        save_picture(Picture(draw(5, 5)), tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


# The picture itself


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


# Fitting to 28x28


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


def test_only_a_picture_is_saved(tmp_path):
    with pytest.raises(ImageError, match=r"Picture\(pixels\) makes one"):
        save_picture(np.zeros((4, 4), np.uint8), tmp_path / "a.png")
