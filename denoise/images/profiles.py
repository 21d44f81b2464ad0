"""ICC profiles for what files say of their colours in other ways."""

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SRGB_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # x and y of red, green and blue
D65 = (0.3127, 0.3290)
_D50 = np.array([0.9642, 1.0, 0.8249])  # white of all profiles, in XYZ
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
# By the code points of ITU-T H.273. What has no entry is taken for sRGB, as browsers do.
_PRIMARIES = {
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
HDR = (16, 18)  # PQ and HLG: curves that a profile of this kind cannot tell
LINEAR_ERROR = 0.02  # of a power or a value, up to which a curve is taken for none
HDR_LEFT_OUT = "Its curve for HDR displays was left out; it may look flat."


class Colours(NamedTuple):
    """How numbers become light. Defaults are those of sRGB."""

    gamma: float | None = None  # the power from numbers to light; None: the curve of sRGB
    primaries: tuple[float, ...] = SRGB_PRIMARIES
    white: tuple[float, ...] = D65


def by_code_points(primaries: int, transfer: int) -> Colours:
    """Return what two code points mean; HDR curves are taken for that of sRGB."""
    return Colours(_GAMMAS.get(transfer), _PRIMARIES.get(primaries, SRGB_PRIMARIES))


def make_profile(colours: Colours, *, is_gray: bool) -> bytes | None:
    """Return an ICC profile, for gray or for RGB; None where sRGB is meant, which needs none."""
    is_srgb = np.allclose((*colours.primaries, *colours.white), (*SRGB_PRIMARIES, *D65), atol=2e-3)
    if (is_srgb or is_gray) and colours.gamma is None:
        return None
    curve = _curve(colours.gamma)
    if is_gray:
        return _assemble(b"GRAY", {b"wtpt": _xyz(_D50), b"kTRC": curve})
    return _with_curve(colours, curve)


def colour_profile(gray_profile: bytes) -> bytes | None:
    """Return a profile for RGB that shows equal channels as a profile for gray shows gray."""
    curve = _tag(gray_profile, b"kTRC")
    return None if curve is None else _with_curve(Colours(), curve)


def is_linear(profile: bytes) -> bool:
    """Return whether a profile's numbers are proportional to light."""
    curve = next(filter(None, (_tag(profile, name) for name in (b"gTRC", b"kTRC"))), b"")
    kind, (count,) = curve[:4], struct.unpack_from(">I", curve, 8) if len(curve) >= 12 else (0,)
    if kind == b"curv" and count > 1:
        table = np.frombuffer(curve[12:], ">u2")[:count] / 65535
        return bool(np.abs(table - np.linspace(0, 1, len(table))).max() < LINEAR_ERROR)
    if kind == b"curv":  # no entry: the identity; one: a power
        power = struct.unpack_from(">H", curve, 12)[0] / 256 if count else 1.0
        return bool(abs(power - 1) < LINEAR_ERROR)
    if kind == b"para" and curve[8:10] == b"\0\0":
        return bool(abs(struct.unpack_from(">i", curve, 12)[0] / 65536 - 1) < LINEAR_ERROR)
    return False


def is_for_gray(profile: bytes) -> bool:
    """Return whether a profile is for gray pixels."""
    return profile[16:20] == b"GRAY"


def _with_curve(colours: Colours, curve: bytes) -> bytes:
    columns = _to_d50(colours)
    tags = {b"wtpt": _xyz(_D50)}
    for index, name in enumerate((b"r", b"g", b"b")):
        tags |= {name + b"XYZ": _xyz(columns[:, index]), name + b"TRC": curve}
    return _assemble(b"RGB ", tags)


def _to_d50(colours: Colours) -> NDArray[np.float64]:
    """Return the XYZ of red, green and blue as columns, seen under D50."""
    points = np.array([*colours.primaries, *colours.white]).reshape(4, 2)
    xyz = np.stack([points[:, 0], points[:, 1], 1 - points.sum(axis=1)]) / points[:, 1]
    white = xyz[:, 3]
    light = xyz[:, :3] * np.linalg.solve(xyz[:, :3], white)
    scale = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    seen: NDArray[np.float64] = np.linalg.solve(_BRADFORD, scale @ _BRADFORD) @ light
    return seen


def _curve(gamma: float | None) -> bytes:
    """Return a tag's value: a power, or the curve of sRGB with its straight part."""
    numbers = (gamma,) if gamma else (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    kind = 0 if gamma else 3
    return b"para\0\0\0\0" + struct.pack(f">HH{len(numbers)}i", kind, 0, *map(_fixed, numbers))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, values.tolist()))


def _text(text: str) -> bytes:
    return (
        b"mluc\0\0\0\0"
        + struct.pack(">II4sII", 1, 12, b"enUS", 2 * len(text), 28)
        + (text.encode("utf-16-be"))
    )


def _fixed(value: float) -> int:
    return round(value * 65536)


def _assemble(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a profile of version 4 for a display."""
    tags = {b"desc": _text("Colours of the file"), b"cprt": _text("No copyright")} | tags
    place, table, values = 132 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += struct.pack(">4sII", name, place + len(values), len(value))
        values += padded
    head = struct.pack(
        ">I4sI4s4s4s", place + len(values), bytes(4), 0x04200000, b"mntr", space, b"XYZ "
    )
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", *map(_fixed, _D50.tolist()))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + values


def _tag(profile: bytes, name: bytes) -> bytes | None:
    """Return the value of a tag; None where there is none."""
    (count,) = struct.unpack_from(">I", profile, 128) if len(profile) >= 132 else (0,)
    for index in range(min(count, (len(profile) - 132) // 12)):
        found, start, length = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        if found == name and start + length <= len(profile):
            return profile[start : start + length]
    return None
