"""Load MNIST and Fashion-MNIST through torchvision's classes, from a folder or a download."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from denoise.errors import ImageError

DOWNLOADS = Path.home() / ".cache" / "denoise"


class SmallImageSet(NamedTuple):
    """A set of 70,000 gray pictures of 28x28 pixels."""

    title: str
    torchvision_class: str  # in torchvision.datasets
    license: str  # as its source states
    classifier: str  # the classifier of its pictures


SMALL_IMAGE_SETS = {
    "mnist": SmallImageSet("MNIST", "MNIST", "MIT, as rasbt/mnist-pngs states", "reader-mnist"),
    "fashion-mnist": SmallImageSet(
        "Fashion-MNIST", "FashionMNIST", "MIT (Zalando)", "reader-fashion"
    ),
}


def load_small_images(name: str, folders: list[Path], *, is_test: bool = False) -> Tensor:
    """Load the 60,000 training or 10,000 test pictures, (N, 1, 28, 28) uint8.

    Args:
        name: a key of `SMALL_IMAGE_SETS`.
        folders: searched for the four official .gz files, with all folders below; none: the
            files are downloaded once, to `DOWNLOADS`.
        is_test: whether to load the test pictures.

    Raises:
        ImageError: the files are not in the folders, or cannot be downloaded.
    """
    images: Tensor = _load(name, folders, is_test=is_test).data
    return images[:, None]


def load_labels(name: str, folders: list[Path], *, is_test: bool = False) -> Tensor:
    """Load the labels of the pictures of `load_small_images`, (N,), 0 to 9.

    Raises:
        ImageError: as there.
    """
    labels: Tensor = _load(name, folders, is_test=is_test).targets
    return labels


def describe_small_images(name: str, count: int) -> list[dict[str, str]]:
    """Return the name, number of pictures and licence of the set, for a model's card."""
    described = SMALL_IMAGE_SETS[name]
    return [{"name": described.title, "pictures": str(count), "license": described.license}]


def _load(name: str, folders: list[Path], *, is_test: bool) -> Any:
    dataset = torchvision_class(name)
    if not folders:
        return _download(dataset, name, is_test=is_test)
    source = _find_source(folders, dataset, name)
    with tempfile.TemporaryDirectory(prefix="denoise-") as root:
        raw = Path(root) / dataset.__name__ / "raw"  # where torchvision looks
        raw.mkdir(parents=True)
        for file, _ in dataset.resources:
            shutil.copy(source / file, raw)
        return dataset(root, train=not is_test, download=True)


def torchvision_class(name: str) -> Any:
    """Return the class of a set in torchvision: it knows its files, their MD5 and mirrors."""
    from torchvision import datasets  # takes a second to import

    return getattr(datasets, SMALL_IMAGE_SETS[name].torchvision_class)


def _find_source(folders: list[Path], dataset: Any, name: str) -> Path:
    """Return the folder of the official files; the two sets differ by checksum only."""
    from torchvision.datasets.utils import check_integrity

    for folder in folders:
        if not folder.is_dir():
            raise ImageError(f"There is no folder {folder} to take {_title(name)} from.")
    first = dataset.resources[0][0]
    for place in sorted(file.parent for folder in folders for file in folder.rglob(first)):
        if all(check_integrity(place / file, md5) for file, md5 in dataset.resources):
            return place
    files = ", ".join(file for file, _ in dataset.resources)
    raise ImageError(
        f"No folder in {', '.join(map(str, folders))} holds the official files of {_title(name)} "
        f"({files}); name one with --data, or none to download them."
    )


def _download(dataset: Any, name: str, *, is_test: bool) -> Any:
    try:
        return dataset(DOWNLOADS, train=not is_test, download=True)
    except (OSError, RuntimeError) as error:  # torchvision's for no network, no space, no rights
        raise ImageError(
            f"{_title(name)} cannot be downloaded to {DOWNLOADS}; name a folder that holds its "
            "four .gz files with --data."
        ) from error


def _title(name: str) -> str:
    return SMALL_IMAGE_SETS[name].title
