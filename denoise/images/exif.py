"""Read and copy a photo's EXIF, without the tags that describe the file."""

from collections.abc import Collection
from typing import Any

from PIL import Image

from denoise.images.ifd import check_exif
from denoise.images.resolution import (
    RESOLUTION_TAGS,
    TURNED,
    Resolution,
    exif_resolution,
    turn_resolution,
)

_ORIENTATION, _EXIF_FOLDER, _GPS_FOLDER, _INTEROP_FOLDER = 274, 34665, 34853, 40965
# Tags about the photo. A TIFF keeps tags about the file beside them, which must not be copied.
_EXIF_TAGS = {270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 33432}
_SIDES = 40962, 40963  # of the pixels, in the folder of EXIF
_EXIF_TAGS |= {*range(40091, 40096), _EXIF_FOLDER, _GPS_FOLDER}


def read_exif(
    image: Image.Image, resolution: Resolution | None, notes: list[str]
) -> tuple[int, bytes | None, Resolution | None]:
    """Return the orientation still to apply, the EXIF with it reset, and the resolution."""
    orientation = 1
    try:
        _check_tags(image)
        tags = image.getexif()  # a TIFF has no orientation left: Pillow has applied it
        orientation = tags.get(_ORIENTATION, 1)
        resolution = turn_resolution(resolution or exif_resolution(tags), orientation)
        is_own = image.format == "TIFF" and resolution is not None
        size = (image.height, image.width) if orientation in TURNED else image.size
        exif = _copy_exif(tags, size, RESOLUTION_TAGS if is_own else ())
        return orientation, exif, resolution
    except Exception:  # Pillow raises errors of any type on damaged tags
        notes.append("Its EXIF data is damaged and was left out.")
        return orientation, None, resolution


def _check_tags(image: Image.Image) -> None:
    """Refuse tags that claim more than there is; a TIFF's own were checked with its header."""
    exif, text = image.info.get("exif"), image.info.get("Raw profile type exif")
    if exif is None and text is not None:  # as Pillow reads what ImageMagick writes into a PNG
        exif = image.info["exif"] = bytes.fromhex("".join(text.split("\n")[3:]))
    if exif is not None:
        check_exif(exif)


def _copy_exif(tags: Image.Exif, size: tuple[int, int], left_out: Collection[int]) -> bytes | None:
    """Return what is true of the turned picture; a thumbnail, which is not, is left out."""
    kept = Image.Exif()
    for tag in (_EXIF_TAGS & set(tags)) - set(left_out):
        kept[tag] = exif_value(tags, tag)
    folder = kept.get(_EXIF_FOLDER, {})
    folder |= {tag: side for tag, side in zip(_SIDES, size, strict=True) if tag in folder}
    if not len(kept):
        return None
    kept[_ORIENTATION] = 1
    return kept.tobytes()


def copied_exif(
    exif: bytes | None,
    size: tuple[int, int],
    notes: list[str],
    *,
    is_file: bool = False,
    orientation: int = 1,
) -> tuple[bytes | None, Resolution | None]:
    """Return EXIF with its orientation reset, and a resolution turned as the pixels were.

    Args:
        exif: an EXIF block, or a whole file with the tags of a TIFF.
        size: width and height of the pixels as they are turned.
        notes: gets a sentence where it is damaged.
        is_file: whether the resolution is a field of the file, and so no part of the EXIF.
        orientation: that was applied to the pixels.
    """
    if not exif:
        return None, None
    try:
        check_exif(exif)
        tags = Image.Exif()
        tags.load(exif)
        resolution = turn_resolution(exif_resolution(tags), orientation)
        return _copy_exif(tags, size, RESOLUTION_TAGS if is_file else ()), resolution
    except Exception:  # Pillow raises errors of any type on damaged tags
        notes.append("Its EXIF data is damaged and was left out.")
        return None, None


def upright_exif(exif: bytes | None) -> bytes:
    """Return EXIF without its orientation, which AVIF keeps elsewhere; empty for none."""
    tags, kept = Image.Exif(), Image.Exif()
    tags.load(exif or b"")
    for tag in set(tags) - {_ORIENTATION}:
        kept[tag] = exif_value(tags, tag)
    return kept.tobytes() if len(kept) else b""


def exif_value(tags: Image.Exif, tag: int) -> Any:
    """Return the value of a tag as Pillow writes it."""
    if tag not in (_EXIF_FOLDER, _GPS_FOLDER):
        return _bytewise(tags[tag])
    # A pointer to a folder inside the folder would point nowhere in the copy.
    folder = tags.get_ifd(tag).items()
    return {key: _bytewise(value) for key, value in folder if key != _INTEROP_FOLDER}


def _bytewise(value: Any) -> Any:
    return _Text(value) if isinstance(value, str) else value


class _Text(str):
    """Text of EXIF, in any encoding: Pillow reads its bytes as Latin-1, but writes ASCII."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return super().encode("latin-1")
