"""The test pictures of MNIST and Fashion-MNIST alone, a few MB, fetched within a time."""

import gzip
import hashlib
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray

from denoise.datasets.mnist import DOWNLOADS, torchvision_class
from denoise.errors import ImageError
from denoise.files import write_atomically

FETCHED = DOWNLOADS / "test-sets"
MAX_BYTES = 10_000_000  # of a file; the largest has 4.4 million
PIECE = 65_536  # bytes between looks at the clock
WAIT_S = 10  # for a server that says nothing
SIDE = 28


def read_test_set(
    name: str, folder: Path = FETCHED
) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Return the fetched test pictures, (N, 28, 28), and labels, (N,); None where there are none.

    Args:
        name: a key of `SMALL_IMAGE_SETS`.
        folder: to which they were fetched.
    """
    try:
        pictures, labels = (
            gzip.decompress((folder / name / file).read_bytes()) for file in _files(name)
        )
    except (OSError, EOFError):
        return None
    found = np.frombuffer(pictures, np.uint8, offset=16).reshape(-1, SIDE, SIDE)
    return found, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


def fetch_test_set(name: str, folder: Path = FETCHED, *, seconds: float) -> None:
    """Fetch the official test files from torchvision's mirrors, and check them.

    Raises:
        ImageError: no mirror gave them within the time.
    """
    until = time.monotonic() + seconds
    found = {file: _fetch(name, file, md5, until) for file, md5 in _files(name).items()}
    (folder / name).mkdir(parents=True, exist_ok=True)
    for file, content in found.items():
        write_atomically(folder / name / file, content)


def _files(name: str) -> dict[str, str]:
    """Return the MD5 of the official files of the test pictures and of their labels."""
    resources: Any = torchvision_class(name).resources
    return {file: md5 for file, md5 in resources if file.startswith("t10k")}


def _fetch(name: str, file: str, md5: str, until: float) -> bytes:
    for mirror in torchvision_class(name).mirrors:
        try:
            content = _download(mirror + file, until)
        except OSError:  # urllib's and sockets' errors are such
            continue
        if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
            return content
    raise ImageError(f"{file} of {name} cannot be fetched.")


def _download(address: str, until: float) -> bytes:
    """Return what an address holds; raise an OSError where that takes too long or is too much."""
    content = b""
    with urlopen(address, timeout=_left(until)) as answer:
        while piece := answer.read(PIECE):
            content += piece
            _left(until)
            if len(content) > MAX_BYTES:
                raise OSError("The file is too large.")
    return content


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, WAIT_S)
