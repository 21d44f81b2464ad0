"""PPM and PGM: pixels of 8 or 16 bits and nothing else."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.errors import ImageError
from denoise.images.headers.pixels import check_pixels
from denoise.images.picture import Picture, flatten

MAX_TEXT_BYTES = 20_000_000  # of a file that writes its numbers as text
_HEAD_BYTES = 10_000  # that comments may fill
_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([2356])" + 3 * (_SPACE + rb"(\d{1,9})") + rb"\s")
_TEXT, _COLOUR = b"23", b"36"


def read_ppm(content: bytes, max_pixels: int, on_size: Callable[[int], object]) -> Picture:
    """Return the picture in a PPM or PGM of numbers or bytes.

    Raises:
        ImageError: the end of a sentence that begins with the file's name.
    """
    header = _HEADER.match(content[:_HEAD_BYTES])
    if header is None:
        raise ImageError("is damaged, cut short or of a rare kind; save it anew as PNG.")
    width, height, white = map(int, header.groups()[1:])
    check_pixels(width, height, max_pixels)
    if not 0 < white < 1 << 16:
        raise ImageError(f"says that white is {white}; 1 to 65535 is allowed.")
    on_size(width * height)
    channels = 3 if header[1] in _COLOUR else 1
    count = width * height * channels
    body = memoryview(content)[header.end() :]
    values = _numbers(bytes(body)) if header[1] in _TEXT else _samples(body, white)
    if len(values) < count:
        raise ImageError("is cut short: parts of its pixels are missing.")
    pixels = _scaled(values[:count], white).reshape(height, width, channels)
    return Picture(pixels[..., 0].copy() if channels == 1 else pixels, format="PPM")


def encode_ppm(picture: Picture) -> bytes:
    """Encode gray as PGM and colour as PPM; transparency is laid over white."""
    pixels = flatten(picture)
    height, width = pixels.shape[:2]
    kind, white = 5 if pixels.ndim == 2 else 6, np.iinfo(pixels.dtype).max
    header = f"P{kind}\n{width} {height}\n{white}\n".encode()
    return header + pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()


def _numbers(text: bytes) -> NDArray[Any]:
    if len(text) > MAX_TEXT_BYTES:
        raise ImageError("holds more numbers than can be read in time; save it anew as PNG.")
    if re.fullmatch(rb"[\d\s]*", text) is None:
        raise ImageError("is damaged: there is something else among its numbers.")
    numbers: NDArray[Any] = np.fromstring(text, np.int64, sep=" ")
    return numbers


def _samples(body: memoryview, white: int) -> NDArray[Any]:
    dtype = np.dtype(np.uint8 if white < 256 else ">u2")
    whole = len(body) // dtype.itemsize * dtype.itemsize
    samples: NDArray[Any] = np.frombuffer(body[:whole], dtype)
    return samples


def _scaled(values: NDArray[Any], white: int) -> NDArray[Any]:
    """Return values with the white of their type, 255 or 65535."""
    dtype = np.dtype(np.uint8 if white < 256 else np.uint16)
    full = np.iinfo(dtype).max
    if white == full:
        values = np.minimum(values, full).astype(dtype)
        return values
    steps = np.rint(np.arange(white + 1) * (full / white)).astype(dtype)
    scaled: NDArray[Any] = steps[np.minimum(values, white)]
    return scaled
