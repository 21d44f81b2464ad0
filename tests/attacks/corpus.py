"""Files to decode: of every format that Pillow writes, cut, mutated, and bombs."""

import io
import random
import struct
import zlib
from collections.abc import Iterator

import bombs
import numpy as np
from picture_files import DEEP, PHONE, chunk, make_dng, make_exif, write_png, write_tiff
from PIL import Image

TAKEN = ("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM")
TAKEN += ("HEIF", "RAW")  # which Pillow does not write
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F")
CUTS = 20  # places
EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\1")
SIDES = 40, 32
NO_PICTURES = {
    "empty": b"",
    "one byte": b"\x89",
    "text": b"a text " * 99,
    "PDF": b"%PDF-1.7 " + bytes(99),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "HEIC": b"\0\0\0\x18ftypheic" + bytes(99),
    "JPEG XL": b"\xff\x0a" + bytes(99),
    "zeros": bytes(100_000),
    "zip": b"PK\3\4" + bytes(99),
}


def make_files() -> dict[str, list[bytes]]:
    """Return whole files by format, of all modes and kinds that Pillow can write."""
    Image.init()
    files: dict[str, list[bytes]] = {}
    for name in sorted(Image.SAVE):
        written = [_written(name, mode) for mode in MODES]
        files[name] = [one for one in written if one]
    exif = make_exif()
    picture = _picture("RGB")
    frames = {"save_all": True, "append_images": [_picture("RGB", seed) for seed in (1, 2)]}
    files["JPEG"] += [_saved(picture, "JPEG", progressive=True, exif=exif, comment=b"c" * 99)]
    files["TIFF"] += [
        _saved(picture, "TIFF", compression=kind) for kind in ("raw", "tiff_lzw", "tiff_deflate")
    ]
    files["TIFF"] += [_saved(picture, "TIFF", big_tiff=True, exif=exif)]
    files["WEBP"] += [_saved(picture, "WEBP", lossless=True, exif=exif)]
    for name in ("PNG", "TIFF", "WEBP", "GIF", "MPO"):
        files[name] += [_saved(picture, name, **frames)]
    floats = np.linspace(-1, 5, 40 * 32, dtype=np.float32).reshape(32, 40)
    files["TIFF"] += [write_tiff(floats), write_tiff(floats, compression="zlib")]
    files |= {"HEIF": [PHONE, DEEP], "RAW": [make_dng()]}
    return {name: found for name, found in files.items() if found}


def cut(content: bytes, places: int = CUTS) -> Iterator[bytes]:
    """Yield a file cut short at places spread over all of it."""
    for place in range(places):
        yield content[: len(content) * place // places]


def mutate(files: list[bytes], name: str, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield files of a format with bytes changed, lost or repeated, each with its seed."""
    for number in range(count):
        seed = f"{name}-{number}"
        chance = random.Random(seed)
        content = bytearray(chance.choice(files))
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            _change(content, files, chance)
        is_repaired = name == "PNG" and chance.random() < 0.7  # or its checksums hide the rest
        yield seed, _with_checksums(bytes(content)) if is_repaired else bytes(content)


def make_bombs(*, is_short: bool) -> Iterator[tuple[str, bytes]]:
    """Yield files that are small for what they claim or cost, one after another."""
    yield "GIF with a comment of 10 MB", bombs.make_commented_gif(10_000_000)
    yield "GIF of empty blocks", bombs.make_gif(b"!\xff" + b"\1x" * 3_000_000 + b"\0")
    whole = bombs.make_jpeg(2000 if is_short else 7000, 2000, progressive=True)
    yield "JPEG of 60 scans", bombs.repeat_scan(whole, 60)
    yield "JPEG of 100,000 scans", bombs.repeat_scan(bombs.make_jpeg(8, 8, progressive=True), 10**5)
    for sides in ((7000, 7000), (65_500, 65_500)):
        yield f"JPEG that claims {sides}", bombs.claim_sides(bombs.make_jpeg(16, 16), *sides)
    yield "JPEG of empty segments", bombs.make_jpeg(8, 8)[:2] + b"\xff\xfe\0\2" * 10**6
    yield (
        "JPEG with EXIF",
        bombs.insert_segment(bombs.make_jpeg(8, 8), 0xE1, bombs.make_exif_bomb()),
    )
    yield "TIFF of 2,000,000 strips", bombs.make_striped_tiff(2_000_000)
    yield "TIFF of 2,000,000 strips apart", bombs.make_striped_tiff(2_000_000, is_shared=False)
    yield "TIFF of 100,000 tags", bombs.make_directory([(40_000, 3, 1, 0)] * 60_000)
    yield "BMP of padded rows", bombs.make_run_bmp(b"\1\5\0\0" * 7000, 7000)
    yield "BMP of empty rows", bombs.make_run_bmp(bytes(20_000_000 if is_short else 150_000_000))
    yield from _claims()
    rows = np.zeros((3, 4), np.uint8)
    text = zlib.compress(bytes(200_000_000), 9)
    yield (
        "PNG with 200 MB of text",
        write_png(rows, 0, depth=8, before=chunk(b"zTXt", b"a\0\0" + text)),
    )
    yield (
        "PNG with a profile of 200 MB",
        write_png(rows, 0, depth=8, before=chunk(b"iCCP", b"a\0\0" + text)),
    )
    yield (
        "PNG with EXIF",
        write_png(rows, 0, depth=8, before=chunk(b"eXIf", bombs.make_exif_bomb()[6:])),
    )
    yield "PNG of 1,000,000 chunks", write_png(rows, 0, depth=8, before=chunk(b"prVt", b"") * 10**6)


def _claims() -> Iterator[tuple[str, bytes]]:
    """Yield small files of each format that claim far too many pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    idat = chunk(b"IDAT", zlib.compress(bytes(1000)))
    yield "PNG that claims", b"\x89PNG\r\n\x1a\n" + header + idat + chunk(b"IEND", b"")
    screen = struct.pack("<HH", 65_535, 65_535)
    gif = bombs.make_gif(b"")
    yield "GIF that claims", gif[:6] + screen + gif[10:]
    bmp = bytearray(_saved(_picture("RGB"), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    yield "BMP that claims", bytes(bmp)
    webp = bytearray(_saved(_picture("RGBA"), "WEBP", lossless=True, exif=make_exif()))
    webp[24:30] = b"\xff\x3f\0" * 2
    yield "WebP that claims", bytes(webp)
    yield "TIFF that claims", bombs.make_gray_tiff(bytes(99), width=65_535, bits=16)


def _change(content: bytearray, files: list[bytes], chance: random.Random) -> None:
    if not content:
        return
    at = chance.randrange(min(len(content), chance.choice((64, 512, 1 << 30))))
    length = chance.choice((1, 2, 4, 16, 64))
    kind = chance.randrange(6)
    if kind == 0:
        content[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        content[at : at + 4] = chance.choice(EXTREMES)
    elif kind == 2:
        content[at : at + length] = chance.randbytes(length)
    elif kind == 3:
        del content[at : at + length]
    elif kind == 4:
        content[at:at] = content[at : at + length] * chance.choice((1, 2, 50))
    else:
        other = chance.choice(files)
        start = chance.randrange(len(other))
        content[at : at + length] = other[start : start + length]


def _with_checksums(content: bytes) -> bytes:
    """Return a PNG whose chunks have right checksums, as far as their lengths hold."""
    mended, at = bytearray(content), 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 8 + length
        if end + 4 > len(content):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(content[at + 4 : end]))
        at = end + 4
    return bytes(mended)


def _picture(mode: str, seed: int = 0) -> Image.Image:
    width, height = SIDES
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    if mode == "I;16":
        return Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    return Image.fromarray(pixels, "RGBA").convert(mode)


def _written(name: str, mode: str) -> bytes:
    """Return a file, or nothing where the format does not hold such pictures."""
    try:
        return _saved(_picture(mode), name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return b""


def _saved(picture: Image.Image, name: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()
