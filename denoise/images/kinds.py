"""What kind of file some bytes are, told by how they begin."""

import re

from denoise.errors import ImageError
from denoise.images.ifd import Tags

ALLOWED = "PNG, JPEG, WebP, TIFF, AVIF, HEIC, JPEG 2000, PPM, BMP, GIF and cameras' raw files"
_SIGNATURES = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "WEBP": rb"RIFF....WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF": rb"....ftyp.{0,64}?avi[fs]",
    "HEIF": rb"....ftyp.{0,64}?(hei[cxms]|hev[cx]|mif1|msf1)",
    "RAW": rb"....ftypcrx |FUJIFILMCCD-RAW|FOVb|II(RO|RS|U\0)|MMOR",  # and many with a TIFF's tags
    "JPEG2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "PPM": rb"P[2356]\s",
    "BMP": rb"BM.{12}[\x0c-\x7c]\0\0\0",
    "GIF": rb"GIF8[79]a",
}
_PHOTOMETRIC, _DNG_VERSION = 262, 50706
_PIECES = (273, 279, 324, 325)  # places and lengths of strips and tiles: many numbers
_MOSAIC = 32803  # a photometric interpretation
_STRANGERS = {
    "a PDF document, not a picture": rb"%PDF",
    "an SVG drawing, not a picture made of pixels": rb"(?i).*<svg\b",
    "a JPEG XL picture; export it as JPEG or PNG": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "a text file, not a picture": rb"[^\0-\x08\x0e-\x1f]+\Z",
    "not a picture of a known format": rb"",
}


def recognise(content: bytes) -> str:
    """Return the format of a file.

    Raises:
        ImageError: none that is known; the end of a sentence that begins with the file's name.
    """
    start = content[:1000]
    for kind, signature in _SIGNATURES.items():
        if re.match(signature, start, re.DOTALL):
            return "RAW" if kind == "TIFF" and is_raw(content) else kind
    found = (kind for kind, sign in _STRANGERS.items() if re.match(sign, start, re.DOTALL))
    what = next(found) if content else "empty"
    raise ImageError(f"is {what}. Allowed are {ALLOWED}.")


def is_raw(content: bytes) -> bool:
    """Return whether a file with a TIFF's tags is a camera's: with a mosaic, or a DNG or CR2."""
    tags = Tags(content, long_tags=_PIECES)
    mosaic = (_MOSAIC,)
    is_mosaic = tags.numbers(_PHOTOMETRIC) == mosaic or mosaic in tags.below(_PHOTOMETRIC)
    return content[8:10] == b"CR" or tags.count(_DNG_VERSION) > 0 or is_mosaic
