import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from picture_files import (
    EXIF_FOLDER,
    GPS_FOLDER,
    LOSSLESS,
    MAKER,
    ORIENTATION,
    SRGB,
    TEXT,
    WITH_EXIF,
    chunk,
    draw,
    make_exif,
    read_exif,
    write,
    write_png,
)
from PIL import Image
from skimage import data

from denoise.errors import ImageError
from denoise.images.picture import OUTPUT_FORMATS, Picture, flatten
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture, encode_quickly, losses, save_picture


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


@pytest.mark.parametrize("image_format", WITH_EXIF)
@pytest.mark.parametrize("is_deep", [False, True])
def test_the_profile_and_exif_come_back(image_format, is_deep, full):
    picture = deepen(full) if is_deep else full
    back = load_picture(encode_picture(picture, format=image_format))
    exif = read_exif(back.exif)
    assert back.icc_profile == SRGB
    assert (exif[MAKER], exif[ORIENTATION]) == (TEXT["maker"], 1)
    assert exif.get_ifd(EXIF_FOLDER)[36867] == TEXT["date"]
    assert exif.get_ifd(GPS_FOLDER)[2] == (48, 8, 14.5)


@pytest.mark.parametrize("image_format", WITH_EXIF)
@pytest.mark.parametrize("is_deep", [False, True])
def test_without_exif_the_profile_alone_is_kept(image_format, is_deep, full):
    picture = deepen(full) if is_deep else full
    file = encode_picture(picture, format=image_format, keep_exif=False)
    assert TEXT["maker"].encode() not in file
    assert TEXT["date"].encode() not in file
    back = load_picture(file)
    assert (back.exif, back.icc_profile) == (None, SRGB)


@pytest.mark.parametrize("image_format", WITH_EXIF)
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


@pytest.mark.parametrize(("own", "kept"), [(50, 95), (95, 95), (96, 96), (98, 98), (100, 100)])
def test_a_jpeg_is_written_at_least_as_finely_as_it_was(own, kept):
    file = io.BytesIO()
    Image.fromarray(data.astronaut()[:64, :64]).save(file, "JPEG", quality=own)
    written = encode_picture(load_picture(file.getvalue()))
    steps = Image.open(io.BytesIO(written)).quantization[0]
    asked = io.BytesIO()
    Image.new("RGB", (8, 8)).save(asked, "JPEG", quality=kept)
    assert steps == Image.open(io.BytesIO(asked.getvalue())).quantization[0]


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
    with pytest.raises(
        ImageError, match="allowed are PNG, JPEG, WebP, TIFF, AVIF, JPEG 2000 and PPM"
    ):
        encode_picture(Picture(draw(5, 5)), format=image_format)


@pytest.mark.parametrize(("image_format", "side"), [("WEBP", 16_384), ("JPEG", 65_501)])
def test_a_side_too_long_for_the_format_is_refused(image_format, side):
    with pytest.raises(ImageError, match="use PNG"):
        encode_picture(Picture(np.zeros((1, side), np.uint8)), format=image_format)


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


def test_only_a_picture_is_saved(tmp_path):
    with pytest.raises(ImageError, match=r"Picture\(pixels\) makes one"):
        save_picture(np.zeros((4, 4), np.uint8), tmp_path / "a.png")
