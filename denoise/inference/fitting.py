"""Fit a picture to what a network takes."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.defaults import BUNDLED
from denoise.errors import ImageError
from denoise.images.arrays import Images, from_unit, unpack
from denoise.images.fitting import fit_square
from denoise.images.picture import Picture
from denoise.models import Needs
from denoise.weights.facts import ModelFacts, read_facts


def fit(
    picture: Picture, facts: ModelFacts, *, reason: str = ""
) -> tuple[Picture, tuple[str, ...]]:
    """Return the picture as a network takes it, and a sentence if it was changed.

    The sentence says that the change is for `reason`; for the network if that is empty.
    """
    if facts.needs.fixed_size is None:
        return picture, ()
    pixels, notes = fit_to(picture, facts.needs)
    if not notes:
        return picture, ()
    sentence = f"For {reason or facts.name} the picture was {_listed(notes)}."
    return Picture(_as_integers(pixels), format=picture.format), (sentence,)


def _as_integers(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels if pixels.dtype.kind == "u" else from_unit(pixels, np.dtype(np.uint8))


def _listed(phrases: tuple[str, ...]) -> str:
    return " and ".join(filter(None, [", ".join(phrases[:-1]), phrases[-1]]))


def fit_picture(
    image: Image.Image | NDArray[Any] | Picture, model: str, zoo: Path = BUNDLED
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return a picture as a network of fixed size takes it, and phrases on the changes.

    The picture is turned to gray, framed to a square, shrunk and, if its background is light,
    inverted. For networks that take any size it comes back as it is.

    Args:
        image: PIL image, array (H, W) or (H, W, C) of uint8, uint16 or float, or `Picture`.
        model: its name in the zoo.
        zoo: folder of the models' folders.

    Raises:
        UnknownModelError: no such model.
        ImageError: an image of another type or shape.
    """
    return fit_to(image, read_facts(model, zoo).needs)


def fit_to(
    image: Image.Image | NDArray[Any] | Picture, needs: Needs
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Fit a picture to a network's needs; result and errors are those of `fit_picture`."""
    images, _ = unpack(image.pixels if isinstance(image, Picture) else image)
    pixels = images[0] if images.shape[3] == 3 else images[0, ..., 0]
    if needs.fixed_size is None:
        return pixels, ()
    return fit_square(pixels, needs.fixed_size)


def check_size(images: Images, facts: ModelFacts) -> None:
    """Refuse, by an ImageError, images that a network of fixed size does not take."""
    side, (_, height, width, channels) = facts.needs.fixed_size, images.shape
    if side is not None and (height, width, channels) != (side, side, facts.needs.channels):
        raise ImageError(
            f"{facts.name} takes gray pictures of {side}x{side} pixels only; this one is "
            f"{width}x{height} with {channels} channel(s). fit_picture makes one that fits."
        )
