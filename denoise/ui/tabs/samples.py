"""Digits and clothing to try: from the data set where it lies here, else made by the program."""

import logging
import math
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from denoise.datasets.mnist import DOWNLOADS, SMALL_IMAGE_SETS, load_labels, load_small_images
from denoise.datasets.synthetic import MAKERS
from denoise.datasets.test_sets import fetch_test_set, read_test_set
from denoise.errors import ImageError
from denoise.evaluation.benchmark_28x28 import find_training_set
from denoise.images.arrays import to_8_bits
from denoise.ui.server.loaded_models import Model
from denoise.ui.server.service import Service
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo

SETS = {"digits": "mnist", "clothing": "fashion-mnist"}  # by the names in an address
SET_CHOICES = [(name.capitalize(), name) for name in SETS]
MADE_COUNT = 60
MADE_FOR_TRAINING = 6000
FETCH_S = 120  # for the test pictures of a set

_log = logging.getLogger("denoise")


def networks_for(zoo: Zoo, kind: str) -> list[ModelFacts]:
    """Return the networks made for a kind of samples, a key of SETS; the shortest code first."""
    networks = [
        facts
        for facts in zoo.list_models()
        if facts.needs.domain == "28x28" and find_training_set(facts) == SETS[kind]
    ]
    return sorted(networks, key=lambda facts: math.prod(facts.needs.code_shape or ()))


def denoise_all(service: Service, noisy: NDArray[np.uint8], model: Model) -> NDArray[np.uint8]:
    """Return pictures, (N, 28, 28), denoised by a network, all in one turn."""
    batch: Any = torch.from_numpy(noisy)[:, None] / 255  # as which a Denoiser takes several
    denoised: Any = service.denoise_pixels(batch, model)
    return to_8_bits(denoised[:, 0].numpy())


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
            downloaded or fetched before, if any.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._found: dict[tuple[str, bool], Samples] = {}  # by name, and whether for tests
        self._loading = Lock()

    def get(self, name: str, *, is_test: bool = True) -> Samples:
        """Return samples of "mnist" or "fashion-mnist"; drawn ones where the set is not here."""
        with self._loading:
            if (name, is_test) not in self._found:
                self._found[name, is_test] = self._load(name, is_test=is_test)
            return self._found[name, is_test]

    def fetch_tests(self) -> None:
        """Fetch the test pictures that are not here, for all who come later; never fail."""
        for name in SETS.values():
            if not self.get(name).is_made:
                continue
            try:
                fetch_test_set(name, seconds=FETCH_S)
            except ImageError as error:
                _log.info("The drawn pictures serve: %s", error)
                continue
            with self._loading:
                self._found.pop((name, True), None)

    def _load(self, name: str, *, is_test: bool) -> Samples:
        if self.folder is not None or _is_downloaded(name):
            try:
                return _read(name, [self.folder] if self.folder else [], is_test=is_test)
            except ImageError:
                return _made(name, is_test=is_test)
        fetched = read_test_set(name) if is_test else None
        if fetched is None:
            return _made(name, is_test=is_test)
        return Samples(*fetched, _source(name, is_test=True), is_made=False)


def _is_downloaded(name: str) -> bool:
    return (DOWNLOADS / SMALL_IMAGE_SETS[name].torchvision_class / "raw").is_dir()


def _read(name: str, folders: list[Path], *, is_test: bool) -> Samples:
    pictures = load_small_images(name, folders, is_test=is_test)
    labels = load_labels(name, folders, is_test=is_test)
    source = _source(name, is_test=is_test)
    return Samples(pictures[:, 0].numpy(), labels.numpy(), source, is_made=False)


def _source(name: str, *, is_test: bool) -> str:
    return f"{'Test' if is_test else 'Training'} pictures of {SMALL_IMAGE_SETS[name].title}."


def _made(name: str, *, is_test: bool) -> Samples:
    pictures, labels = MAKERS[name](MADE_COUNT if is_test else MADE_FOR_TRAINING, seed=is_test)
    source = "Drawn by the program."
    return Samples(pictures[:, 0].numpy(), labels.numpy(), source, is_made=True)
