"""Untrusted bytes and files -> pictures: formats, limits, orientation, depth."""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile
from PIL import TiffImagePlugin as Tiff

from denoise.errors import ImageError
from denoise.images.colours import find_profile
from denoise.images.deep_tiff import needs_tifffile, read_deep_tiff
from denoise.images.exif import read_exif
from denoise.images.headers import check_header
from denoise.images.headers.boxes import has_deep_avif
from denoise.images.headers.pixels import check_pixels
from denoise.images.heif import read_heif
from denoise.images.jpeg_quality import find_quality
from denoise.images.kinds import recognise
from denoise.images.orientation import turn
from denoise.images.picture import Picture
from denoise.images.ppm import read_ppm
from denoise.images.raw import read_raw
from denoise.images.resolution import find_resolution
from denoise.images.whole_scan import load_whole

MAX_PIXELS = 50_000_000
MAX_BYTES = 200_000_000
REDUCED = "Its 16 bits per channel were reduced to 8."
_PLAIN_MODES = {"1": "L", "L": "L", "LA": "LA", "La": "LA"}
_PLAIN_MODES |= {"RGBA": "RGBA", "RGBa": "RGBA", "PA": "RGBA"}
# Of a 16-bit colour Pillow keeps the high byte. Given the other byte order, it keeps the low one.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_READERS = {"HEIF": read_heif, "PPM": read_ppm, "RAW": read_raw}  # not by Pillow
_GRAY_STEPS = {"L;2": 85, "L;4": 17}  # Pillow scales such grays to 8 bits, but not their tRNS


def load_picture(
    source: str | Path | bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> Picture:
    """Load a picture from a file or its bytes; nothing above the limits is decoded.

    Raises:
        ImageError: no such file, not a picture, damaged, too large or of a kind not supported.
    """
    return read_picture(source, max_pixels=max_pixels, max_bytes=max_bytes)


def read_picture(
    source: str | Path | bytes,
    *,
    max_pixels: int,
    max_bytes: int,
    on_size: Callable[[int], object] = lambda _: None,
) -> Picture:
    """Do what `load_picture` does, and report the number of pixels before they are decoded."""
    name = "The picture" if isinstance(source, bytes) else Path(source).name[-80:]
    with _failures_told(name):
        content = source if isinstance(source, bytes) else _read(Path(source), max_bytes)
        if len(content) > max_bytes:
            raise ImageError(f"is too large; at most {max_bytes:,} bytes are allowed.")
        return _decode(content, max_pixels, on_size)


@contextmanager
def _failures_told(name: str) -> Iterator[None]:
    """Put the name before an ImageError's message, and turn other errors into an ImageError."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{name} {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"{name} has far too many pixels.") from error
    except MemoryError as error:
        reason = "needs too much memory to decode; save it anew as PNG."
        raise ImageError(f"{name} {reason}") from error
    except Exception as error:  # Pillow's plug-ins raise errors of any type on damaged files
        reason = "is damaged, cut short or of a rare kind, and cannot be read; save it anew as PNG."
        raise ImageError(f"{name} {reason}") from error


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        if not path.is_file():
            raise ImageError("is not a file." if path.exists() else "does not exist.")
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            return file.read(min(size_bytes, max_bytes) + 1)
    except OSError as error:
        raise ImageError(f"cannot be opened: {error.strerror}.") from error


def _decode(content: bytes, max_pixels: int, on_size: Callable[[int], object]) -> Picture:
    kind = recognise(content)
    on_size(check_header(content, kind, max_pixels))
    reader = read_deep_tiff if kind == "TIFF" and needs_tifffile(content) else _READERS.get(kind)
    if reader is not None:
        return reader(content, max_pixels, on_size)
    image = _open(content, kind)
    on_size(_check_opened(image, max_pixels))
    is_animated = getattr(image, "is_animated", False)
    notes = ["Only the first of several frames was taken."] if is_animated else []
    if kind == "AVIF" and has_deep_avif(content):
        notes.append(REDUCED)
    resolution = find_resolution(image)  # loading turns a TIFF
    samples = _read_samples(image, content, notes)
    orientation, exif, resolution = read_exif(image, resolution, notes)
    pixels, alpha = _split_alpha(turn(samples, orientation), image.info.get("transparency"))
    profile = find_profile(image, content, kind, notes)
    quality = find_quality(image)
    return Picture(pixels, alpha, kind, profile, exif, tuple(notes), resolution, quality)


def _open(content: bytes, kind: str) -> Any:
    """Open as `Image.open` does, without its limit, which warns and is global to Pillow."""
    Image.init()  # registers the plug-ins, once
    return Image.OPEN[kind][0](io.BytesIO(content), "")


def _check_opened(image: ImageFile.ImageFile, max_pixels: int) -> int:
    """Return the number of pixels of the image or, in a TIFF, of a tile that is larger."""
    tags = getattr(image, "tag_v2", {})
    tile = tags.get(322, 1), tags.get(323, 1)
    check_pixels(*image.size, max_pixels)
    check_pixels(*tile, max_pixels)
    pixels: int = max(image.width * image.height, tile[0] * tile[1])
    return pixels


def _read_samples(image: Any, content: bytes, notes: list[str]) -> NDArray[Any]:
    """Return samples, (H, W) or (H, W, C) with 2 to 4 channels; alpha is last."""
    rawmode = _rawmode(image)  # loading forgets it
    if image.format in ("JPEG", "MPO"):
        load_whole(image, content)
    image.load()
    if rawmode == "LA;16B":  # four bytes a pixel, as RGBA
        return _reread(image, content, "RGBA").view(">u2").astype(np.uint16)
    if re.fullmatch("(RGB|RGBA|RGBX);16[BLN]", rawmode):
        low_byte = _reread(image, content, rawmode[:-1] + _OTHER_ORDER[rawmode[-1]])
        deep = np.asarray(image).astype(np.uint16)
        deep <<= 8
        deep |= low_byte
        return deep
    if image.mode.startswith("I"):
        gray = _read_wide_gray(image)
        return gray << 4 | gray >> 8 if rawmode == "I;12" else gray
    if ";16" in rawmode:
        notes.append(REDUCED)
    if rawmode in _GRAY_STEPS and "transparency" in image.info:
        image.info["transparency"] *= _GRAY_STEPS[rawmode]
    return np.asarray(_to_plain(image, notes))


def _rawmode(image: ImageFile.ImageFile) -> str:
    args = image.tile[0].args if image.tile else ""
    return str(args[0] if isinstance(args, tuple) else args)


def _reread(image: ImageFile.ImageFile, content: bytes, rawmode: str) -> NDArray[np.uint8]:
    again = _open(content, str(image.format))
    for index, tile in enumerate(again.tile):
        args = (rawmode, *tile.args[1:]) if isinstance(tile.args, tuple) else rawmode
        again.tile[index] = tile._replace(args=args)
    return np.asarray(again)


def _read_wide_gray(image: Any) -> NDArray[Any]:
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ImageError("holds grays beyond 16 bits; save it with 8 or 16 bits per channel.")
    gray = values.astype(np.uint16)
    tags = getattr(image, "tag_v2", {})
    is_negative = image.mode == "I;16" and tags.get(Tiff.PHOTOMETRIC_INTERPRETATION) == 0
    return ~gray if is_negative else gray


def _to_plain(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.mode == "CMYK":
        return _from_cmyk(image, notes)
    if image.mode == "1":
        notes.append("It holds black and white only; the result has grays.")
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert(_PLAIN_MODES.get(image.mode, "RGB"))


def _from_cmyk(image: Image.Image, notes: list[str]) -> Image.Image:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        rgb = ImageCms.ImageCmsTransform(profile, srgb, "CMYK", "RGB").apply(image)
    except (KeyError, OSError, TypeError, ValueError):
        notes.append("Its CMYK colours have no usable profile and were converted roughly.")
        return image.convert("RGB")
    notes.append("Its CMYK colours were converted to sRGB.")
    return rgb


def _split_alpha(
    samples: NDArray[Any], hidden: int | tuple[int, ...] | None
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return pixels and alpha; `hidden` is the gray or colour that means transparent."""
    channels = samples.shape[2] if samples.ndim == 3 else 1
    if channels in (2, 4):
        pixels = samples[..., 0] if channels == 2 else samples[..., :3]
        return np.ascontiguousarray(pixels), np.ascontiguousarray(samples[..., -1])
    if hidden is None:
        return samples, None
    is_hidden = (np.atleast_3d(samples) == np.array(hidden)).all(axis=2)
    return samples, np.where(is_hidden, 0, np.iinfo(samples.dtype).max).astype(samples.dtype)
