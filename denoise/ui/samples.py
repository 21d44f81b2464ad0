"""Digits and clothing to try: from the data set where it lies here, else made by the program."""

from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from denoise.errors import ImageError
from denoise.training.made_pictures import MAKERS
from denoise.training.small_images import (
    DOWNLOADS,
    SMALL_IMAGE_SETS,
    load_labels,
    load_small_images,
)

MADE_COUNT = 60


class Samples(NamedTuple):
    """Test pictures and what they show."""

    pictures: NDArray[np.uint8]  # (N, 28, 28)
    labels: NDArray[np.int64]  # (N,), 0 to 9
    source: str  # a sentence
    is_made: bool  # by the program, since the set is not here


class SampleStore:
    """Gives the test pictures of a set, loaded once.

    Args:
        folder: that holds the official files, in any folder below it; None: those that were
            downloaded before, if any.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._found: dict[str, Samples] = {}
        self._loading = Lock()

    def get(self, name: str) -> Samples:
        """Gives samples of "mnist" or "fashion-mnist", those made here where the set is not."""
        with self._loading:
            if name not in self._found:
                self._found[name] = self._load(name)
            return self._found[name]

    def download(self, name: str) -> None:
        """Fetches a set, once for all that follow.

        Raises:
            ImageError: it cannot be downloaded.
        """
        with self._loading:
            self._found[name] = _read(name, [])

    def _load(self, name: str) -> Samples:
        if self.folder is None and not _is_downloaded(name):
            return _made(name)
        try:
            return _read(name, [self.folder] if self.folder else [])
        except ImageError:
            return _made(name)


def _is_downloaded(name: str) -> bool:
    return (DOWNLOADS / SMALL_IMAGE_SETS[name].torchvision_class / "raw").is_dir()


def _read(name: str, folders: list[Path]) -> Samples:
    pictures = load_small_images(name, folders, is_test=True)
    labels = load_labels(name, folders, is_test=True)
    source = f"Test pictures of {SMALL_IMAGE_SETS[name].title}."
    return Samples(pictures[:, 0].numpy(), labels.numpy(), source, is_made=False)


def _made(name: str) -> Samples:
    pictures, labels = MAKERS[name](MADE_COUNT)
    source = f"Made by the program: {SMALL_IMAGE_SETS[name].title} is not here."
    return Samples(pictures[:, 0].numpy(), labels.numpy(), source, is_made=True)
