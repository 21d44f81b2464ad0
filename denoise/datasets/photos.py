"""Load photographs from any folders, and cut random clean patches to train on."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.datasets.patterns import add_pattern
from denoise.errors import ImageError
from denoise.images.arrays import LUMA

Photo = NDArray[np.uint8]  # (H, W, 3), sRGB
Patch = NDArray[np.float64]  # (H, W, C), sRGB in [0,1]

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
SMALLEST_SCALE = 0.4
# Most places of a photograph are smooth and teach little, so most patches are the one of CANDIDATES
# with the most detail. Together with smaller scales, and with every photograph drawn equally often
# whatever its size, this brought 0.36 dB at sigma 25 (nine images of CBSD68, 1,200 steps).
CANDIDATES = 3
# As the sources of the shipped weights state them, by the folder's name.
LICENSES = {
    "azure-mit": "MIT",
    "bsds500": "none stated (research data set)",
    "budgie-cc0": "CC0",
    "cid22-train": "CC BY-SA 4.0",
    "clic2025-unsplash": "Unsplash License",
    "immich-pd": "public domain",
    "mate-nature": "GPL-2+ or CC BY 4.0",
    "pexels-trident": "Pexels License",
    "unsplash-elementary": "Unsplash License, five of them Pexels License",
    "unsplash-pop-os": "public domain",
    "unsplash-squeeze": "Unsplash License",
    "unsplash-work_suite": "Unsplash License",
}


SHARP_METHODS = (Image.Resampling.LANCZOS, Image.Resampling.NEAREST)


@dataclass(frozen=True)
class Sampling:
    """Which shares of the patches are changed, and how."""

    shrunk: float = 0.5  # shrinking cleans grainy photographs and adds scales
    detailed: float = 0.8
    gray: float = 0.2
    sharp: float = 0.0  # of the shrunk ones: with their sharpness kept, or even jagged
    patterned: float = 0.06  # without them a chair's mesh in a camera's photograph was erased


def load_photos(folders: list[Path], *, min_side: int) -> list[Photo]:
    """Load the photographs of the folders and of all folders below, in sorted order.

    Args:
        folders: searched for PNG, JPEG, WebP, TIFF and BMP files.
        min_side: pixels; smaller photographs are left out.

    Raises:
        ImageError: a folder is missing, or none of them holds a photograph.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ImageError(f"There is no folder {folder} to take photographs from.")
    if not folders:
        raise ImageError("Name one or more folders of photographs with --data.")
    files = _find_photos(folders)
    photos = [photo for photo in map(_load_photo, files) if min(photo.shape[:2]) >= min_side]
    if not photos:
        raise ImageError(
            f"No photograph of at least {min_side} pixels a side in "
            f"{', '.join(map(str, folders))}; name folders that hold some with --data."
        )
    return photos


def describe_sources(folders: list[Path]) -> list[dict[str, str]]:
    """Return the name, number of photographs and licence of each folder that has some."""
    counts = Counter(file.parent.name for file in _find_photos(folders))
    return [
        {
            "name": name,
            "pictures": str(count),
            "license": LICENSES.get(name, "none stated"),
        }
        for name, count in sorted(counts.items())
    ]


def random_patch(
    photos: list[Photo], side: int, rng: np.random.Generator, sampling: Sampling | None = None
) -> Patch:
    """Cut a random clean patch of `side` pixels, (side, side, 3) or gray (side, side, 1).

    Photograph, scale, place, orientation and colour are drawn; places with detail are preferred.
    """
    sampling = sampling or Sampling()
    photo = photos[rng.integers(len(photos))]
    scale = rng.uniform(SMALLEST_SCALE, 1) if rng.random() < sampling.shrunk else 1.0
    source_side = min(round(side / scale), *photo.shape[:2])
    count = CANDIDATES if rng.random() < sampling.detailed else 1
    patch = max((_random_crop(photo, source_side, rng) for _ in range(count)), key=_detail)
    if source_side != side:
        is_sharp = sampling.sharp > 0 and rng.random() < sampling.sharp
        method = SHARP_METHODS[rng.integers(2)] if is_sharp else Image.Resampling.BOX
        patch = np.asarray(Image.fromarray(patch).resize((side, side), method))
    patch = _random_orientation(patch, rng)
    clean = patch / 255.0
    if rng.random() < sampling.patterned:
        clean = add_pattern(clean, rng)
    return (clean @ LUMA)[..., None] if rng.random() < sampling.gray else clean


def _find_photos(folders: list[Path]) -> list[Path]:
    return sorted(
        file for folder in folders for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES
    )


def _load_photo(file: Path) -> Photo:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _random_crop(photo: Photo, side: int, rng: np.random.Generator) -> Photo:
    top = rng.integers(photo.shape[0] - side + 1)
    left = rng.integers(photo.shape[1] - side + 1)
    return photo[top : top + side, left : left + side]


def _detail(patch: Photo) -> float:
    """Return the mean difference of neighbouring pixels, in gray levels."""
    green = patch[..., 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def _random_orientation(patch: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    turned = np.rot90(patch, int(rng.integers(4)))
    return np.fliplr(turned) if rng.random() < 0.5 else turned
