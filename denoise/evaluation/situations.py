"""Situations that people bring pictures in: what is clean, how it was spoilt, what file holds it.

All are made from seeds and from scikit-image's photographs, none of which any network was trained
on; what tunes a network is made from others.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from denoise.datasets import drawings
from denoise.noise import add_noise

Pixels = NDArray[np.uint8]  # (H, W, 3) or (H, W), sRGB

SIDE = 256  # pixels
DRAWN_SEED = 9_000_000  # from here on; training draws from far smaller ones


class Pair(NamedTuple):
    """What a picture shows, and what a person has of it."""

    clean: Pixels
    given: Pixels


@dataclass(frozen=True)
class Situation:
    """One way in which a picture comes."""

    name: str
    subject: str  # a key of SUBJECTS
    spoil: Callable[[Pixels, np.random.Generator], Pixels]
    is_clean: bool = False  # whether nothing is to be done

    def make(self) -> Pair:
        """Return the clean picture and the given one, the same whenever they are asked for."""
        clean = SUBJECTS[self.subject]()
        seed = sum(map(ord, self.name))
        given = self.spoil(clean.copy(), np.random.default_rng([seed, 40]))
        return Pair(given if self.is_clean else clean, given)


def _photo(name: str, top: int, left: int) -> Pixels:
    from skimage import data  # takes a second to import

    photo: Pixels = getattr(data, name)()
    return np.ascontiguousarray(photo[top : top + SIDE, left : left + SIDE])


def _drawing(name: str, seed: int) -> Pixels:
    rng = np.random.default_rng(DRAWN_SEED + seed)
    return np.ascontiguousarray(drawings.DRAWERS[name](rng)[:SIDE, :SIDE])


def _halftone() -> Pixels:
    gray = _photo("camera", 100, 120) / 255
    whole = np.pad(gray, ((0, drawings.SIDE - SIDE),) * 2, mode="reflect")
    rng = np.random.default_rng(DRAWN_SEED)
    return np.ascontiguousarray(drawings.draw_halftone(whole, rng)[:SIDE, :SIDE])


def _product() -> Pixels:
    """Return a thing on plain white."""
    down, right = np.indices((SIDE, SIDE)) - SIDE // 2
    shown = _photo("coffee", 60, 150)
    shown[np.hypot(down, right) > 0.35 * SIDE] = 255
    return shown


def _pointed_chart() -> Pixels:
    """Return a chart with points of one pixel."""
    chart = _drawing("chart", 3)
    rng = np.random.default_rng(DRAWN_SEED)
    for down, right in rng.integers(0, SIDE, (90, 2)):
        chart[down, right] = (20, 60, 200)
    return chart


_MAKERS: dict[str, Callable[[], Pixels]] = {
    "coffee": partial(_photo, "coffee", 60, 120),
    "astronaut": partial(_photo, "astronaut", 20, 120),
    "cat": partial(_photo, "chelsea", 20, 110),
    "gray photo": partial(_photo, "camera", 0, 0),
    "page": partial(_drawing, "page", 1),
    "chart": partial(_drawing, "chart", 2),
    "chart with points": _pointed_chart,
    "pixel art": partial(_drawing, "pixel art", 4),
    "stars": partial(_drawing, "stars", 5),
    "cells": partial(_drawing, "cells", 6),
    "shades": partial(_drawing, "shades", 7),
    "halftone": _halftone,
    "product": _product,
}
SUBJECTS = {name: lru_cache(maxsize=1)(make) for name, make in _MAKERS.items()}


def _nothing(image: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    return image


def _gaussian(image: Pixels, rng: np.random.Generator, *, sigma_255: float) -> Pixels:
    return _rounded(image + sigma_255 * rng.standard_normal(image.shape))


def _equal(image: Pixels, rng: np.random.Generator, *, sigma_255: float) -> Pixels:
    return _rounded(image + sigma_255 * rng.standard_normal(image.shape[:2])[..., None])


def _in_the_dark(image: Pixels, rng: np.random.Generator, *, sigma_255: float) -> Pixels:
    dark = 1 - image / 255
    return _rounded(image + sigma_255 * dark * rng.standard_normal(image.shape))


def _on_the_thing(image: Pixels, rng: np.random.Generator, *, sigma_255: float) -> Pixels:
    thing = (image.reshape(*image.shape[:2], -1) < 255).any(axis=2)
    noise = sigma_255 * rng.standard_normal(image.shape)
    return _rounded(image + noise * thing.reshape(*thing.shape, *[1] * (image.ndim - 2)))


def _grain(image: Pixels, rng: np.random.Generator, *, blur: float, sigma_255: float) -> Pixels:
    field = gaussian_filter(rng.standard_normal(image.shape[:2]), blur)
    grain = sigma_255 * field / field.std()
    return _rounded(image + (grain[..., None] if image.ndim == 3 else grain))


def _rows(image: Pixels, rng: np.random.Generator, *, sigma_255: float) -> Pixels:
    lines = sigma_255 * rng.standard_normal((len(image), 1))
    return _rounded(image + (lines[..., None] if image.ndim == 3 else lines))


def _kind(image: Pixels, rng: np.random.Generator, *, kind: str, level: float) -> Pixels:
    noisy: Pixels = add_noise(image, kind, level, seed=int(rng.integers(1 << 31)))
    return noisy


def _photons(image: Pixels, rng: np.random.Generator, *, peak: float) -> Pixels:
    return _rounded(rng.poisson(image / 255 * peak) / peak * 255)


def _points(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Set some pixels to white, as a sensor's hot ones are."""
    image[rng.random(image.shape[:2]) < 0.0005] = 255
    return image


def _through(
    first: Callable[[Pixels, np.random.Generator], Pixels], *, file_format: str, **options: Any
) -> Callable[[Pixels, np.random.Generator], Pixels]:
    """Return a way of spoiling that ends in a file of that format."""

    def spoil(image: Pixels, rng: np.random.Generator) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(first(image, rng)).save(file, file_format, **options)
        with Image.open(file) as decoded:
            found: Pixels = np.asarray(decoded.convert("L" if image.ndim == 2 else "RGB"))
        return found

    return spoil


def _rounded(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


_jpeg = partial(_through, file_format="JPEG")
_webp = partial(_through, file_format="WEBP")
_noise = {sigma: partial(_gaussian, sigma_255=sigma) for sigma in (2, 3, 5, 10, 15, 20, 25, 50)}
_camera = {level: partial(_kind, kind="camera", level=level / 255) for level in (5, 10, 20)}

SITUATIONS = (
    *(
        Situation(f"{subject}, clean", subject, _nothing, is_clean=True)
        for subject in SUBJECTS
        if subject != "product"
    ),
    Situation("photo with hot pixels, clean", "coffee", _points, is_clean=True),
    Situation("page as a fine JPEG", "page", _jpeg(_nothing, quality=95, subsampling=0)),
    Situation("white 5, PNG", "astronaut", _noise[5]),
    Situation("white 15, PNG", "cat", _noise[15]),
    Situation("white 25, PNG", "coffee", _noise[25]),
    Situation("white 50, PNG", "astronaut", _noise[50]),
    Situation("weak noise, sharp gray photo", "gray photo", _noise[3]),
    Situation("weak noise, photo", "cat", _noise[2]),
    Situation("equal in all channels", "coffee", partial(_equal, sigma_255=20)),
    Situation("noise on a thing alone", "product", partial(_on_the_thing, sigma_255=20)),
    Situation("noise in dark parts", "astronaut", partial(_in_the_dark, sigma_255=25)),
    Situation("noisy page", "page", _noise[15]),
    Situation("noisy chart", "chart", _noise[10]),
    Situation("noisy pixel art", "pixel art", _noise[20]),
    Situation("noisy stars", "stars", _noise[5]),
    Situation("noisy halftone", "halftone", _noise[20]),
    Situation("noisy shades", "shades", _noise[10]),
    Situation("JPEG 75, 4:2:0", "coffee", _jpeg(_nothing, quality=75)),
    Situation("JPEG 40, 4:2:0", "cat", _jpeg(_nothing, quality=40)),
    Situation("noise 5, JPEG 75, 4:2:0", "coffee", _jpeg(_noise[5], quality=75)),
    Situation("noise 10, JPEG 92, 4:2:0", "cat", _jpeg(_noise[10], quality=92)),
    Situation("noise 20, JPEG 90, 4:2:0", "astronaut", _jpeg(_noise[20], quality=90)),
    Situation("noise 20, JPEG 97, 4:4:4", "coffee", _jpeg(_noise[20], quality=97, subsampling=0)),
    Situation("noise 20, gray JPEG 85", "gray photo", _jpeg(_noise[20], quality=85)),
    Situation("noise 15, WebP 80", "cat", _webp(_noise[15], quality=80)),
    Situation("camera 5, JPEG 95", "cat", _jpeg(_camera[5], quality=95)),
    Situation("camera 10, PNG", "coffee", _camera[10]),
    Situation("camera 20, JPEG 85", "astronaut", _jpeg(_camera[20], quality=85)),
    Situation("camera 10, gray", "gray photo", _camera[10]),
    Situation("3 photons", "cells", partial(_photons, peak=3)),
    Situation("10 photons", "cells", partial(_photons, peak=10)),
    Situation("100 photons", "gray photo", partial(_photons, peak=100)),
    Situation("speckle", "astronaut", partial(_kind, kind="speckle", level=0.15)),
    Situation("impulses 2%", "cat", partial(_kind, kind="salt-pepper", level=0.02)),
    Situation("impulses 10%", "coffee", partial(_kind, kind="salt-pepper", level=0.1)),
    Situation("fireflies 2%", "shades", partial(_kind, kind="render", level=0.02)),
    Situation("coarse grain", "astronaut", partial(_grain, blur=2.0, sigma_255=12)),
    Situation("fine grain", "cat", partial(_grain, blur=0.7, sigma_255=12)),
    Situation("stripes", "coffee", partial(_rows, sigma_255=8)),
)

# The commonest file of a noisy picture, in all its strengths.
NOISY_JPEGS = tuple(
    Situation(
        f"{subject}, noise {sigma}, JPEG {quality}, {chroma}",
        subject,
        _jpeg(partial(_gaussian, sigma_255=sigma), quality=quality, subsampling=chroma),
    )
    for subject in ("coffee", "astronaut", "cat")
    for sigma in (5, 10, 20, 30)
    for quality in (75, 85, 92, 97)
    for chroma in ("4:2:0", "4:4:4")
)
