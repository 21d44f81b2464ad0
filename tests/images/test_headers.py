"""What a header claims beyond what its file holds is refused before Pillow opens the file."""

import struct
import zlib
from contextlib import suppress

import pytest
from bombs import (
    claim_sides,
    insert_segment,
    make_commented_gif,
    make_directory,
    make_exif_bomb,
    make_gif,
    make_gray_tiff,
    make_jpeg,
    make_run_bmp,
    make_striped_tiff,
    repeat_scan,
)
from picture_files import SRGB, chunk, draw, make_exif, write, write_png, write_tiff
from PIL import Image

from denoise.errors import ImageError
from denoise.images import ifd
from denoise.images.headers import check_header, jpeg, png, tiff, webp
from denoise.images.reading import MAX_PIXELS, load_picture


@pytest.fixture
def refusal(monkeypatch):
    """Gives why a file is refused without Pillow, which fails when it is asked."""
    monkeypatch.setattr("denoise.images.reading._open", None)

    def refuse(content):
        with pytest.raises(ImageError) as caught:
            load_picture(content)
        return str(caught.value)

    return refuse


def make_png(*chunks):
    return write_png(draw(3, 4), 0, depth=8, before=b"".join(chunks))


def make_webp(**options):
    return write(draw(5, 6, 3), "WEBP", **options)


def test_a_long_comment_in_a_gif_is_refused(refusal):
    assert "1 MB of comments" in refusal(make_commented_gif(2_000_000))


def test_many_comments_in_a_gif_are_refused(refusal):
    assert "1 MB of comments" in refusal(make_gif((b"!\xfe\x63" + b"c" * 99 + b"\0") * 11_000))


@pytest.mark.parametrize("block", [b"!\xff" + b"\1x" * 1_000_000 + b"\0", b"x" * 1_000_000])
def test_blocks_without_end_in_a_gif_are_refused(refusal, block):
    assert "a million blocks" in refusal(make_gif(block))


def test_comments_of_a_second_frame_count_too(refusal):
    frame = make_gif(b"")[19:-1]  # behind the palette
    comment = b"!\xfe" + (b"\xff" + b"c" * 255) * 4000 + b"\0"
    assert "1 MB of comments" in refusal(make_gif(frame + comment))


def test_a_scan_that_is_sent_again_is_refused(refusal):
    assert "the same pixels twice" in refusal(repeat_scan(make_jpeg(64, 64, progressive=True), 1))


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_that_is_sent_whole_again_is_refused(refusal, options):
    whole = make_jpeg(64, 64, **options)
    scans = whole[whole.index(b"\xff\xda") : -2]
    assert "the same pixels twice" in refusal(whole[:-2] + scans + b"\xff\xd9")


def test_too_many_scans_are_refused(refusal):
    assert "segments or scans" in refusal(repeat_scan(make_jpeg(64, 64, progressive=True), 101))


def test_many_scans_of_many_pixels_are_refused(refusal, monkeypatch):
    monkeypatch.setattr(jpeg, "MAX_SCANNED_PIXELS", 5 * 64 * 64)
    assert "in 6 scans, too many" in refusal(make_jpeg(64, 64, progressive=True))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_that_claims_far_more_pixels_than_it_holds_is_cut_short(refusal, mode, options):
    small = make_jpeg(64, 64, mode, **options)
    assert "cannot hold 7000 x 7000 pixels" in refusal(claim_sides(small, 7000, 7000))


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}])
@pytest.mark.parametrize("shape", [(90, 70, 3), (90, 70)])
def test_a_jpeg_that_lacks_a_restart_marker_is_refused(refusal, shape, options):
    whole = write(draw(*shape), "JPEG", restart_marker_blocks=3, **options)
    first, second = (whole.index(bytes([0xFF, marker])) for marker in (0xD0, 0xD1))
    assert "pixels are missing" in refusal(whole[:first] + whole[second:])


def test_segments_without_end_are_refused(refusal):
    comments = b"\xff\xfe\0\2" * 5000
    whole = make_jpeg(8, 8)
    assert "segments or scans" in refusal(whole[:2] + comments + whole[2:])


@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"\xff\xd0"])
def test_bytes_between_the_segments_of_a_jpeg_are_refused(refusal, fill):
    whole = make_jpeg(8, 8)
    assert "belong to nothing" in refusal(whole[:20] + fill * 1_000_001 + whole[20:])


def test_tags_that_share_their_values_are_refused(refusal):
    bomb = make_exif_bomb()
    assert "claim more" in refusal(insert_segment(make_jpeg(8, 8), 0xE1, bomb))
    pictures = b"MPF\0" + bomb.removeprefix(b"Exif\0\0")
    assert "claim more" in refusal(insert_segment(make_jpeg(8, 8), 0xE2, pictures))


def test_a_directory_of_tags_in_another_is_looked_at_too(refusal):
    bomb = make_exif_bomb().removeprefix(b"Exif\0\0")
    outer = make_directory([(34665, 4, 1, 26)])  # ends where the inner one begins, at 26
    inner = struct.pack("<H", 400) + bomb[10:4810] + bytes(4)
    exif = b"Exif\0\0" + (outer + inner).ljust(60_000, b"\0")
    assert "claim more" in refusal(insert_segment(make_jpeg(8, 8), 0xE1, exif))


def test_a_bomb_in_the_exif_of_a_png_is_left_out():
    bomb = make_exif_bomb()
    text = f"\nexif\n{len(bomb)}\n{bomb.hex()}".encode()
    profile = b"Raw profile type exif\0\0" + zlib.compress(text)
    for part in (chunk(b"eXIf", bomb[6:]), chunk(b"zTXt", profile)):
        picture = load_picture(make_png(part))
        assert picture.exif is None
        assert picture.warnings == ("Its EXIF data is damaged and was left out.",)


def test_exif_that_begins_again_and_again_is_left_out():
    picture = load_picture(make_png(chunk(b"eXIf", b"Exif\0\0" * 3 + make_exif())))
    assert "EXIF" in picture.warnings[0]


def test_far_too_much_exif_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(jpeg, "MAX_EXIF_BYTES", 100)
    assert "EXIF" in refusal(write(draw(5, 6), "JPEG", exif=make_exif()))


def test_a_tiff_of_strips_without_end_is_refused(refusal):
    assert "100,000 strips" in refusal(make_striped_tiff(100_001, is_shared=False))
    assert "claim more" in refusal(make_striped_tiff(100_001))


def test_a_tiff_of_tiles_without_end_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(tiff, "MAX_PIECES", 5)
    tiled = write_tiff(draw(40, 40), tile=(16, 16), photometric="minisblack")
    assert "5 strips or tiles" in refusal(tiled)


def test_a_tiff_of_tags_without_end_is_refused(refusal):
    assert "4,096 tags" in refusal(make_directory([(40_000, 3, 1, 0)] * 4097))


def test_a_tiff_of_numbers_without_end_is_refused(refusal):
    rationals = make_directory([(282, 5, 100_001, 100)]).ljust(900_000, b"\0")
    assert "claim more" in refusal(rationals)


def test_a_tiff_with_far_too_much_beside_its_pixels_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(ifd, "MAX_TAG_BYTES", 1000)
    assert "claim more" in refusal(make_directory([(40_000, 7, 1001, 100)]).ljust(2000, b"\0"))


def test_chunks_without_end_are_refused(refusal, monkeypatch):
    monkeypatch.setattr(png, "MAX_CHUNKS", 100)
    assert "beside its pixels" in refusal(make_png(*[chunk(b"IDAT", b"")] * 101))


def test_far_too_much_beside_the_pixels_of_a_png_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(png, "MAX_OTHER_BYTES", 100)
    assert "beside its pixels" in refusal(make_png(chunk(b"prVt", bytes(101))))


@pytest.mark.parametrize("name", [b"IDAT", b"IHDR", b"tEXt"])
def test_a_wrong_checksum_is_refused(refusal, name):
    whole = bytearray(make_png(chunk(b"tEXt", b"Title\0x")))
    whole[whole.index(name) + 5] ^= 1
    assert "checksum" in refusal(bytes(whole))


def test_a_canvas_above_the_limit_is_refused_before_it_is_set_up(refusal):
    animated = bytearray(make_webp(save_all=True, append_images=[Image.new("RGB", (6, 5))]))
    animated[24:30] = b"\xff\x3f\0" * 2
    assert "16384 x 16384" in refusal(bytes(animated))


def test_frames_without_end_are_refused(refusal, monkeypatch):
    monkeypatch.setattr(webp, "MAX_CHUNKS", 3)
    frames = [Image.new("RGB", (6, 5), (shade, 0, 0)) for shade in (50, 100, 150)]
    assert "too many frames" in refusal(make_webp(save_all=True, append_images=frames))


def test_run_lengths_without_end_are_refused(refusal):
    for bomb in (make_run_bmp(bytes(10_000_000)), make_run_bmp(b"\1\5\0\0", side=4001)):
        assert "more run lengths" in refusal(bomb)


def test_far_too_much_beside_the_pixels_of_a_jpeg_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(jpeg, "MAX_SEGMENT_BYTES", 1000)
    assert "beside its pixels" in refusal(insert_segment(make_jpeg(8, 8), 0xED, bytes(1000)))


def test_12_bits_are_scaled_to_16():
    packed = bytes([0xFF, 0xF0, 0x00, 0x80, 0x10, 0x00])
    picture = load_picture(make_gray_tiff(packed, width=4, bits=12))
    assert picture.pixels.tolist() == [[65535, 0, 0x8018, 0x0000]]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (make_gray_tiff(bytes(6), width=4, bits=12, photometric=0), "has 12 bits per channel"),
        (make_gray_tiff(bytes(6), width=4, bits=12, fill_order=2), "has 12 bits per channel"),
        (make_gray_tiff(bytes(6), width=4, bits=10), "has 10 bits per channel"),
        (make_gray_tiff(bytes(7), width=4, bits=14), "has 14 bits per channel"),
        (make_gray_tiff(bytes(4), width=4, bits=8, sample_format=2), "signed"),
        (make_gray_tiff(bytes(8), width=4, bits=16, sample_format=2), "signed"),
    ],
)
def test_samples_that_would_be_misread_are_refused(refusal, file, words):
    message = refusal(file)
    assert words in message
    assert "save it" in message


@pytest.mark.parametrize(
    "file",
    [
        write(draw(40, 50, 3), "JPEG", progressive=True),
        write(draw(40, 50, 3), "JPEG", restart_marker_blocks=1),
        write(draw(40, 50), "JPEG", restart_marker_rows=1, progressive=True),
        write(Image.new("CMYK", (40, 50)), "JPEG", progressive=True),
        write(draw(40, 50, 3), "JPEG", exif=b"Exif\0\0" + make_exif()[6:].ljust(65_000, b"\0")),
        write(draw(40, 50, 3), "JPEG", icc_profile=SRGB * 300),
        write(draw(40, 50, 3), "JPEG", comment=b"c" * 60_000),
        make_jpeg(5000, 5000),
        make_jpeg(5000, 5000, "RGB", progressive=True),
        write(draw(40, 50), "MPO", save_all=True, append_images=[Image.new("L", (5, 6))]),
        write(draw(40, 50), "GIF", comment=b"c" * 60_000),
        write(draw(40, 50), "TIFF", save_all=True, append_images=[Image.new("L", (5, 6))] * 9),
        write(draw(40, 50), "TIFF", big_tiff=True),
        write_tiff(draw(3000, 2, 3), rowsperstrip=1, photometric="rgb"),
        write(draw(40, 50), "PNG", save_all=True, append_images=[Image.new("L", (50, 40))] * 9),
        write(draw(40, 50, 3), "WEBP", exif=make_exif(), icc_profile=SRGB, xmp=b"x" * 60_000),
    ],
)
def test_what_is_odd_but_right_is_read(file):
    assert load_picture(file).pixels.shape[0] >= 40


def test_a_cut_file_has_no_other_error_than_an_image_error():
    for kind, whole in {
        "GIF": make_commented_gif(1000),
        "JPEG": write(draw(20, 30, 3), "JPEG", progressive=True, exif=make_exif()),
        "PNG": make_png(chunk(b"tEXt", b"Title\0x")),
        "TIFF": write(draw(20, 30, 3), "TIFF", exif=make_exif()),
        "WEBP": make_webp(exif=make_exif()),
    }.items():
        for length in range(12, len(whole)):
            with suppress(ImageError):
                check_header(whole[:length], kind, MAX_PIXELS)
