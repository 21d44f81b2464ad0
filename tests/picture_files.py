"""Pictures and files of pictures for the tests, made by other libraries."""

import io
import struct
import zlib

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageCms
from places import TESTS

from denoise.images.picture import OUTPUT_FORMATS

FORMATS = (*OUTPUT_FORMATS, "BMP", "GIF")
WITH_EXIF = tuple(one for one in OUTPUT_FORMATS if one not in ("JPEG2000", "PPM"))
LOSSLESS = ("PNG", "TIFF", "WEBP", "JPEG2000")
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
PHONE, DEEP = ((TESTS / "images" / name).read_bytes() for name in ("phone.heic", "deep.heic"))
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


def make_dng(orientation=1, white=4095):
    """A camera's file of a ramp of gray, of which its red and blue pixels see less."""
    light = np.linspace(0.1, 0.9, 64) * np.ones((48, 1))
    seen = np.tile([[0.5, 1.0], [1.0, 0.8]], (24, 32))
    unit = (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)
    tags = [
        (50706, "B", 4, (1, 4, 0, 0)),  # the version of DNG
        (271, "s", 0, "SecretMaker"),
        (274, "H", 1, orientation),
        (33421, "H", 2, (2, 2)),  # the mosaic
        (33422, "B", 4, (0, 1, 1, 2)),
        (50717, "I", 1, white),
        (50721, "2i", 9, unit),  # from XYZ to the camera's colours
        (50728, "2I", 3, (5, 10, 10, 10, 8, 10)),  # how it sees gray
    ]
    mosaic = (light * seen * white).astype(np.uint16)
    return write_tiff(mosaic, photometric=32803, extratags=tags, metadata=None)


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
