"""Small files that cost much to decode, and odd ones, made byte by byte."""

import io
import struct

from PIL import Image

SHORT, LONG = 3, 4


def make_gif(before_frame: bytes) -> bytes:
    """A GIF of one pixel, with blocks before its frame."""
    screen = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return screen + before_frame + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2D\1\0;"


def make_commented_gif(size_bytes: int) -> bytes:
    """A GIF with one long comment, which takes Pillow quadratic time."""
    return make_gif(b"!\xfe" + (b"\xff" + b"c" * 255) * (size_bytes // 256) + b"\0")


def make_jpeg(width: int, height: int, mode: str = "L", **options) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, "JPEG", **options)
    return file.getvalue()


def repeat_scan(jpeg: bytes, times: int) -> bytes:
    """Sends the last scan of a JPEG again and again."""
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + scan * times + b"\xff\xd9"


def claim_sides(jpeg: bytes, width: int, height: int) -> bytes:
    """Writes other sides into a JPEG's header."""
    start = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    return jpeg[: start + 5] + struct.pack(">HH", height, width) + jpeg[start + 9 :]


def insert_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
    return jpeg[:2] + segment + jpeg[2:]


def make_directory(entries: list[tuple[int, int, int, int]]) -> bytes:
    """The head of a TIFF with tags of number, type, count and place or value."""
    listed = b"".join(
        struct.pack("<HHI", number, kind, count)
        + struct.pack("<I" if kind != SHORT or count > 1 else "<HH", *pad(kind, count, value))
        for number, kind, count, value in entries
    )
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + listed + bytes(4)


def pad(kind: int, count: int, value: int) -> tuple[int, ...]:
    return (value, 0) if kind == SHORT and count == 1 else (value,)


def make_striped_tiff(strips: int, *, is_shared: bool = True) -> bytes:
    """A TIFF of 2 x strips pixels, a strip a row; two tags may share their values."""
    lengths_at = 200 if is_shared else 200 + 4 * strips
    tags = {256: (LONG, 1, 2), 257: (LONG, 1, strips), 258: (SHORT, 1, 8), 259: (SHORT, 1, 1)}
    tags |= {262: (SHORT, 1, 1), 273: (LONG, strips, 200), 277: (SHORT, 1, 1)}
    tags |= {278: (LONG, 1, 1), 279: (LONG, strips, lengths_at)}
    head = make_directory([(number, *tag) for number, tag in tags.items()])
    return head.ljust(200, b"\0") + bytes(lengths_at - 200 + 4 * strips)


def make_gray_tiff(rows: bytes, *, width: int, bits: int, **others: int) -> bytes:
    """An uncompressed gray TIFF of one row; others are tags by name."""
    tags = {256: width, 257: 1, 258: bits, 259: 1, 262: 1, 273: 400, 277: 1, 278: 1}
    tags |= {279: len(rows)} | {NAMES[name]: value for name, value in others.items()}
    entries = [(number, SHORT, 1, value) for number, value in sorted(tags.items())]
    return make_directory(entries).ljust(400, b"\0") + rows


NAMES = {"photometric": 262, "fill_order": 266, "sample_format": 339}


def make_exif_bomb() -> bytes:
    """EXIF of 60 kB with 400 tags that claim 59 kB each."""
    entries = [(40_000 + number, 7, 55_000, 5000) for number in range(400)]
    return b"Exif\0\0" + make_directory(entries).ljust(60_000, b"\0")


def make_slow_bmp() -> bytes:
    """A BMP of 16 Mpixel: ends of empty lines, then rows of one pixel, which Pillow pads."""
    return make_run_bmp(bytes(9_900_000) + b"\1\5\0\0" * 4000)


def make_run_bmp(runs: bytes, side: int = 4000) -> bytes:
    """A square BMP with run lengths."""
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(runs), 0, 0, 256, 0)
    palette = bytes(shade for index in range(256) for shade in (255 - index, 0, 0, 0))
    start = 14 + len(header) + len(palette)
    head = b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start)
    return head + header + palette + runs
