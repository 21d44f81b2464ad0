"""The colour profile of a file, or one for what the file says of its colours in other ways."""

import struct
from typing import Any

from denoise.images.headers.boxes import find_boxes
from denoise.images.headers.jpeg2000 import profile_in
from denoise.images.headers.png import find_chunk
from denoise.images.profiles import HDR, HDR_LEFT_OUT, Colours, by_code_points, make_profile

_SRGB_GAMMA = 0.45455  # from light to numbers
_CMYK_OR_LAB = ("CMYK", "LAB")  # whose pixels have become sRGB
_GRAY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "F")


def find_profile(image: Any, content: bytes, kind: str, notes: list[str]) -> bytes | None:
    """Return the ICC profile of an opened picture; None: it is sRGB.

    Where a PNG, AVIF or HEIC tells its colours by numbers (cICP, gAMA, cHRM, nclx), the profile is
    made of them.
    """
    profile = profile_in(content) if kind == "JPEG2000" else image.info.get("icc_profile")
    points = code_points(content, kind)
    if image.mode in _CMYK_OR_LAB:
        return None
    if isinstance(profile, bytes) and profile and (points is None or kind != "PNG"):
        return profile
    if points is not None:
        return made_profile(*points, notes, is_gray=image.mode in _GRAY_MODES)
    return _profile_of_chunks(image) if kind == "PNG" and "srgb" not in image.info else None


def made_profile(primaries: int, transfer: int, notes: list[str], *, is_gray: bool) -> bytes | None:
    """Return a profile for code points of ITU-T H.273; a note says what it cannot tell."""
    if transfer in HDR:
        notes.append(HDR_LEFT_OUT)
    return make_profile(by_code_points(primaries, transfer), is_gray=is_gray)


def code_points(content: bytes, kind: str) -> tuple[int, int] | None:
    """Return the code points of primaries and transfer curve that a file names."""
    if kind == "PNG":
        chunk = find_chunk(content, b"cICP")
        return (chunk[0], chunk[1]) if chunk is not None and len(chunk) >= 2 else None
    if kind in ("AVIF", "HEIF"):
        for box in find_boxes(content):
            if box.kind == b"colr" and content[box.start : box.start + 4] == b"nclx":
                primaries, transfer = struct.unpack_from(">HH", content, box.start + 4)
                return primaries, transfer
    return None


def _profile_of_chunks(image: Any) -> bytes | None:
    """Return a profile for the chunks gAMA and cHRM of a PNG."""
    gamma, places = image.info.get("gamma"), image.info.get("chromaticity")
    is_usual = gamma is None or abs(gamma - _SRGB_GAMMA) < 0.002 or not 0.1 < gamma < 10
    colours = Colours(None if is_usual else 1 / gamma)
    if places is not None and len(places) == 8 and all(0 < place < 1 for place in places):
        white, primaries = tuple(places[:2]), tuple(places[2:])
        colours = colours._replace(primaries=primaries, white=white)
    return make_profile(colours, is_gray=image.mode in _GRAY_MODES)
