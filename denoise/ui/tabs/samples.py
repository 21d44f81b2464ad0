"""Digits and clothing to try: from the data set where it lies here, else made by the program."""

from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from denoise.datasets.mnist import DOWNLOADS, SMALL_IMAGE_SETS, load_labels, load_small_images
from denoise.datasets.synthetic import MAKERS
from denoise.errors import ImageError

SETS = {"Digits": "mnist", "Clothing": "fashion-mnist"}  # what visitors call them
MADE_COUNT = 60
MADE_FOR_TRAINING = 6000


class Samples(NamedTuple):
    """Test pictures and what they show."""

    pictures: NDArray[np.uint8]  # (N, 28, 28)
    labels: NDArray[np.int64]  # (N,), 0 to 9
    source: str  # a sentence
    is_made: bool  # by the program, since the set is not here

    def tensor(self) -> Tensor:
        """Return the pictures as (N, 1, 28, 28)."""
        return torch.from_numpy(self.pictures)[:, None]


class SampleStore:
    """The pictures of the data sets, loaded once.

    Args:
        folder: that holds the official files, in any folder below it; None: those that were
            downloaded before, if any.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._found: dict[tuple[str, bool], Samples] = {}  # by name, and whether for tests
        self._loading = Lock()

    def get(self, name: str, *, is_test: bool = True) -> Samples:
        """Return samples of "mnist" or "fashion-mnist"; made ones where the set is not here."""
        with self._loading:
            if (name, is_test) not in self._found:
                self._found[name, is_test] = self._load(name, is_test=is_test)
            return self._found[name, is_test]

    def download(self, name: str) -> None:
        """Fetch a set, once for all that follow, or raise an ImageError."""
        with self._loading:
            self._found[name, True] = _read(name, [], is_test=True)
            self._found.pop((name, False), None)

    def _load(self, name: str, *, is_test: bool) -> Samples:
        if self.folder is None and not _is_downloaded(name):
            return _made(name, is_test=is_test)
        try:
            return _read(name, [self.folder] if self.folder else [], is_test=is_test)
        except ImageError:
            return _made(name, is_test=is_test)


def _is_downloaded(name: str) -> bool:
    return (DOWNLOADS / SMALL_IMAGE_SETS[name].torchvision_class / "raw").is_dir()


def _read(name: str, folders: list[Path], *, is_test: bool) -> Samples:
    pictures = load_small_images(name, folders, is_test=is_test)
    labels = load_labels(name, folders, is_test=is_test)
    source = f"{'Test' if is_test else 'Training'} pictures of {SMALL_IMAGE_SETS[name].title}."
    return Samples(pictures[:, 0].numpy(), labels.numpy(), source, is_made=False)


def _made(name: str, *, is_test: bool) -> Samples:
    pictures, labels = MAKERS[name](MADE_COUNT if is_test else MADE_FOR_TRAINING, seed=is_test)
    source = f"Made by the program: {SMALL_IMAGE_SETS[name].title} is not here."
    return Samples(pictures[:, 0].numpy(), labels.numpy(), source, is_made=True)
