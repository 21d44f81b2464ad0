"""The resolution on paper that a picture's file states."""

from collections.abc import Mapping
from typing import Any

from PIL import Image

Resolution = tuple[float, float]  # pixels per inch, across and down

ACROSS_TAG, DOWN_TAG, UNIT_TAG = RESOLUTION_TAGS = (282, 283, 296)  # of TIFF and EXIF
INCH = 2
_ORIENTATION_TAG = 274
_INCHES = {INCH: 1.0, 3: 1 / 2.54}  # in the unit that the tag names; 3: a centimetre
_PNG_STEP = 0.0254  # PNG and BMP count pixels per metre, and JPEG whole ones per inch
_HIGHEST = 65_535  # what JPEG can hold
TURNED = (5, 6, 7, 8)  # orientations that swap width and height


def find_resolution(image: Image.Image) -> Resolution | None:
    """Return the resolution in the format's own field, before the pixels are loaded.

    It belongs to the pixels as stored, except for TIFF, whose pixels Pillow rotates.
    """
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        return turn_resolution(exif_resolution(tags), tags.get(_ORIENTATION_TAG, 1))
    if image.format in ("JPEG", "MPO"):  # for some of which Pillow invents a resolution
        return _checked(image.info.get("jfif_density"), image.info.get("jfif_unit", 0) + 1)
    return _checked(image.info.get("dpi"))


def exif_resolution(tags: Mapping[int, Any]) -> Resolution | None:
    """Return the resolution in EXIF, of the pixels as stored."""
    return _checked((tags.get(ACROSS_TAG), tags.get(DOWN_TAG)), tags.get(UNIT_TAG, INCH))


def turn_resolution(resolution: Resolution | None, orientation: int) -> Resolution | None:
    """Return the resolution after an EXIF orientation, 1 to 8, is applied."""
    if resolution is None or orientation not in TURNED:
        return resolution
    across, down = resolution
    return down, across


def _checked(values: Any, unit: Any = INCH) -> Resolution | None:
    try:
        across, down = (_rounded(float(value) / _INCHES[unit]) for value in values)
    except (KeyError, TypeError, ValueError, ArithmeticError):  # a damaged file
        return None
    return (across, down) if all(0.5 <= one <= _HIGHEST for one in (across, down)) else None


def _rounded(value: float) -> float:
    """Return the whole number that was rounded to pixels per metre, if there is one."""
    is_whole = abs(value - round(value)) < _PNG_STEP / 2
    return float(round(value)) if is_whole else value
