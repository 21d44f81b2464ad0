"""Choose the methods to compare, and fit the clean image to all of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.errors import SettingError
from denoise.evaluation.baselines import BASELINES, is_installed
from denoise.images.arrays import to_8_bits
from denoise.images.picture import Picture, flatten
from denoise.inference.fitting import fit
from denoise.weights.facts import ModelFacts, list_models
from denoise.zoo.zoo import Zoo

Pixels = NDArray[np.uint8]  # (H, W) or (H, W, 3), sRGB

MAX_METHODS = 16
MAX_PIXELS = 1_000_000  # of a compared image, so that the answer comes soon


class CleanImage(NamedTuple):
    """A clean image that all the chosen methods can take."""

    clean: Pixels
    methods: list[str]  # names of networks and of `BASELINES`
    warnings: Sequence[str] = ()  # sentences on what was done to the image


def methods_for(clean: Pixels, zoo: Zoo | None = None) -> list[str]:
    """Return the networks made for such an image, and the baselines that are quick.

    A gray image of 28x28 is for the networks of that domain; any other is a photo.
    """
    domain = "28x28" if clean.shape[:2] == (28, 28) else "photo"
    networks = [facts.name for facts in _models(zoo) if facts.needs.domain == domain]
    quick = [name for name, baseline in BASELINES.items() if not baseline.is_slow]
    return networks + [name for name in quick if is_installed(name)]


def check_methods(methods: Sequence[str], zoo: Zoo | None = None) -> None:
    """Refuse unknown methods, and too many; the SettingError has the methods to choose from."""
    known = [facts.name for facts in _models(zoo)] + list(BASELINES)
    for method in methods:
        if method not in known and (zoo is None or not zoo.is_elsewhere(method)):
            raise SettingError(f"Unknown method {method!r}; choose from: {', '.join(known)}.")
    if len(methods) > MAX_METHODS:
        raise SettingError(f"At most {MAX_METHODS} methods at once; these are {len(methods)}.")


def prepare(picture: Picture, methods: Sequence[str] = (), *, zoo: Zoo | None = None) -> CleanImage:
    """Make an image that all the methods can take: on white, in 8 bits and not too large.

    If a network has a fixed size, the image gets that size. An image above MAX_PIXELS is shrunk.
    Without methods, those of `methods_for` are taken. Errors are those of `check_methods`.
    """
    chosen = list(dict.fromkeys(methods)) or methods_for(picture.pixels, zoo)  # each once
    check_methods(chosen, zoo)
    pixels = flatten(picture)
    fixed = [facts for facts in _facts_of(chosen, zoo) if facts.needs.fixed_size]
    if fixed:
        name = fixed[0].name
        reason = name if len(chosen) == 1 else f"all methods, since {name} wants it,"
        fitted, sentences = fit(Picture(pixels), fixed[0], reason=reason)
        return CleanImage(to_8_bits(fitted.pixels), chosen, [*picture.warnings, *sentences])
    height, width = pixels.shape[:2]
    if height * width <= MAX_PIXELS:
        return CleanImage(to_8_bits(pixels), chosen, picture.warnings)
    shrink = (MAX_PIXELS / (height * width)) ** 0.5
    size = (max(1, int(width * shrink)), max(1, int(height * shrink)))
    small = Image.fromarray(to_8_bits(pixels)).resize(size, Image.Resampling.BOX)
    sentence = f"Shrunk to {size[0]} x {size[1]} here, to answer quickly."
    return CleanImage(np.asarray(small), chosen, [*picture.warnings, sentence])


def _facts_of(methods: Sequence[str], zoo: Zoo | None) -> list[ModelFacts]:
    """Return the facts of the networks among the methods."""
    named = [facts for facts in _models(zoo) if facts.name in methods]
    return named + [zoo.read_facts(one) for one in methods if zoo and zoo.is_elsewhere(one)]


def _models(zoo: Zoo | None) -> list[ModelFacts]:
    return list_models() if zoo is None else zoo.list_models()
