"""What a file's header claims, checked against what the file holds, before Pillow believes it."""

from denoise.images.headers.bmp import check_bmp
from denoise.images.headers.boxes import check_heif
from denoise.images.headers.gif import check_gif
from denoise.images.headers.jpeg import check_jpeg
from denoise.images.headers.jpeg2000 import check_jpeg2000
from denoise.images.headers.png import check_png
from denoise.images.headers.tiff import check_tiff
from denoise.images.headers.webp import check_webp

CHECKS = {
    "AVIF": check_heif,
    "BMP": check_bmp,
    "GIF": check_gif,
    "HEIF": check_heif,
    "JPEG": check_jpeg,
    "JPEG2000": check_jpeg2000,
    "PNG": check_png,
    "TIFF": check_tiff,
    "WEBP": check_webp,
}


def check_header(content: bytes, kind: str, max_pixels: int) -> int:
    """Refuse a file that claims what it cannot hold, or more than it is worth to read.

    Damage that Pillow finds by itself is left to Pillow.

    Args:
        content: the file's bytes, which begin with the signature of `kind`.
        kind: one of `CHECKS`; a format that is read here, not by a library, needs no check.
        max_pixels: the most pixels that may be decoded.

    Returns:
        The pixels for which opening the file takes memory, before any is decoded.

    Raises:
        ImageError: the end of a sentence that begins with the file's name.
    """
    return CHECKS[kind](content, max_pixels) if kind in CHECKS else 0
