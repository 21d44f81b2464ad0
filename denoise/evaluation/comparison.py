"""One picture under one noise, taken through networks and classical methods, and measured."""

import csv
import io
import math
import re
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.defaults import LEVELS
from denoise.errors import SettingError
from denoise.evaluation.baselines import BASELINES, denoise_with_baseline, is_installed
from denoise.images.arrays import to_8_bits, to_unit
from denoise.images.picture import Picture, flatten
from denoise.images.writing import encode_picture
from denoise.inference.denoiser import Denoiser
from denoise.inference.fitting import fit
from denoise.inference.settings import Settings
from denoise.metrics import haarpsi, psnr, ssim
from denoise.noise.synthesis import (
    NoiseSpec,
    find_kind,
    is_mixture,
)
from denoise.weights.facts import ModelFacts, list_models
from denoise.zoo.zoo import Zoo

Pixels = NDArray[np.uint8]  # (H, W) or (H, W, 3), sRGB

NOISY = "noisy"  # the method that does nothing
MAX_METHODS, MAX_LEVELS = 16, 32
NO_MIXTURE = "A sweep goes over the levels of one kind of noise, not of a mixture."
MAX_PIXELS = 1_000_000  # worked on, so that there is an answer soon
SLOW_SIDE = 256  # pixels; slow methods get the middle of a larger picture
TABLE_FILE = "table.csv"


@dataclass(frozen=True, eq=False)
class MethodResult:
    """What a method made of the noisy picture, and how good that is."""

    method: str
    title: str
    image: Pixels
    psnr: float  # dB, over all channels; infinite where equal
    ssim: float | None  # None: the picture is too small for it
    haarpsi: float | None
    seconds_per_mpixel: float | None  # None: nothing was done
    parameters: int | None  # None: no network
    told: float | None  # the noise level that the method was told; None: none
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Gives the line of the table, as JSON has it; what is no finite number is None."""
        return {
            "method": self.method,
            "psnr": _rounded(self.psnr, 4),
            "ssim": _rounded(self.ssim, 5),
            "haarpsi": _rounded(self.haarpsi, 5),
            "seconds_per_mpixel": _rounded(self.seconds_per_mpixel, 3),
            "parameters": self.parameters,
            "told": _rounded(self.told, 5),
            "note": self.note,
        }


def methods_for(clean: Pixels, zoo: Zoo | None = None) -> list[str]:
    """Gives the networks made for such a picture, and the classical methods that are quick.

    Args:
        clean: a picture of 28x28 in gray is one for the lessons' networks.
        zoo: of the networks; None: the bundled ones.
    """
    domain = "28x28" if clean.shape[:2] == (28, 28) else "photo"
    networks = [facts.name for facts in _models(zoo) if facts.needs.domain == domain]
    quick = [name for name, baseline in BASELINES.items() if not baseline.is_slow]
    return networks + [name for name in quick if is_installed(name)]


def check_methods(methods: Sequence[str], zoo: Zoo | None = None) -> None:
    """Refuses methods that are neither networks nor classical, and too many of them.

    Raises:
        SettingError: with the choice.
    """
    known = [facts.name for facts in _models(zoo)] + list(BASELINES)
    for method in methods:
        if method not in known and (zoo is None or not zoo.is_elsewhere(method)):
            raise SettingError(f"Unknown method {method!r}; choose from: {', '.join(known)}.")
    if len(methods) > MAX_METHODS:
        raise SettingError(f"At most {MAX_METHODS} methods at once; these are {len(methods)}.")


class CleanImage(NamedTuple):
    """A clean picture as all the methods can take it, those methods, and what was done to it."""

    clean: Pixels
    methods: list[str]
    warnings: list[str]  # sentences


def prepare(picture: Picture, methods: Sequence[str] = (), *, zoo: Zoo | None = None) -> CleanImage:
    """Gives a picture as all the methods can take it: on white, in 8 bits, and not too large.

    Where one network is of fixed size, all get that size; pictures above MAX_PIXELS are shrunk.

    Args:
        picture: the clean one.
        methods: networks and classical methods; none: those of `methods_for`.
        zoo: of the networks; None: the bundled ones.

    Raises:
        SettingError: as `check_methods` does.
    """
    chosen = list(dict.fromkeys(methods)) or methods_for(picture.pixels, zoo)  # each once
    check_methods(chosen, zoo)
    pixels = flatten(picture)
    fixed = [facts for facts in _chosen(chosen, zoo) if facts.needs.fixed_size]
    if fixed:
        name = fixed[0].name
        reason = name if len(chosen) == 1 else f"all methods, since {name} wants it,"
        fitted, sentences = fit(Picture(pixels), fixed[0], reason=reason)
        return CleanImage(to_8_bits(fitted.pixels), chosen, [*picture.warnings, *sentences])
    height, width = pixels.shape[:2]
    if height * width <= MAX_PIXELS:
        return CleanImage(to_8_bits(pixels), chosen, list(picture.warnings))
    shrink = (MAX_PIXELS / (height * width)) ** 0.5
    size = (max(1, int(width * shrink)), max(1, int(height * shrink)))
    small = Image.fromarray(to_8_bits(pixels)).resize(size, Image.Resampling.BOX)
    sentence = f"Shrunk to {size[0]} x {size[1]} here, to answer quickly."
    return CleanImage(np.asarray(small), chosen, [*picture.warnings, sentence])


def compare(
    clean: Pixels,
    spec: NoiseSpec,
    methods: Sequence[str],
    find_denoiser: Callable[[str], Denoiser] = Denoiser,
    *,
    is_told: bool = False,
    zoo: Zoo | None = None,
) -> Iterator[MethodResult]:
    """Gives one result a method as it is done, after that of the noisy picture itself.

    Results are rounded to 8 bits before they are measured.

    Args:
        clean: (H, W) or (H, W, 3) uint8, as `prepare` gives it.
        spec: the noise.
        methods: names of networks and of `BASELINES`.
        find_denoiser: gives the denoiser of a network.
        is_told: whether networks that can be told the noise level are told it: the root mean
            square of noisy - clean. Classical methods always are.
        zoo: that `find_denoiser` has the networks from; None: the bundled ones.

    Raises:
        SettingError: an unknown method, kind, level or seed.
        DenoiseError: a method that cannot be had, or does not take such a picture.
    """
    check_methods(methods, zoo)
    noisy = spec.add_to(clean)
    sigma = min(1.0, float(np.sqrt(np.mean((to_unit(noisy, np.float64) - to_unit(clean)) ** 2))))
    yield _measure(NOISY, "Noisy", clean, noisy)
    for method in methods:
        if method in BASELINES:
            yield _run_baseline(method, clean, noisy, sigma)
        else:
            told = sigma if is_told else None
            yield _run_network(method, find_denoiser(method), clean, noisy, told)


def levels_for(kind: str) -> list[float]:
    """Gives the levels of a sweep where none are named: those of LEVELS that the kind has.

    Raises:
        SettingError: an unknown kind, or a mixture, which has no one level.
    """
    if is_mixture(kind):
        raise SettingError(NO_MIXTURE)
    highest = find_kind(kind).max_level
    return [level for level in LEVELS if level <= highest]


def sweep(
    clean: Pixels,
    spec: NoiseSpec,
    levels: Sequence[float],
    methods: Sequence[str],
    find_denoiser: Callable[[str], Denoiser] = Denoiser,
    *,
    is_told: bool = False,
    zoo: Zoo | None = None,
) -> Iterator[tuple[float, MethodResult]]:
    """Gives the results of `compare` at one level after another.

    Args:
        clean: as for `compare`.
        spec: the noise; its own level does not count.
        levels: of the noise, each in the range of its kind.
        methods: as for `compare`, and so are find_denoiser, is_told and zoo.
        find_denoiser: gives the denoiser of a network.
        is_told: whether networks are told the noise level.
        zoo: of the networks.

    Raises:
        SettingError: as `compare` does; or a mixture, which has no one level, or too many levels.
        DenoiseError: as `compare` does.
    """
    if is_mixture(spec.kind):
        raise SettingError(NO_MIXTURE)
    if not 0 < len(levels) <= MAX_LEVELS:
        raise SettingError(f"A sweep takes 1 to {MAX_LEVELS} levels; these are {len(levels)}.")
    check_methods(methods, zoo)
    steps = [replace(spec, level=level) for level in levels]
    for step in steps:
        for result in compare(clean, step, methods, find_denoiser, is_told=is_told, zoo=zoo):
            yield step.level, result


def report(
    image: CleanImage,
    spec: NoiseSpec,
    rows: list[dict[str, Any]],
    *,
    is_told: bool,
    levels: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Gives what was asked for and found, as JSON has it.

    Args:
        image: what was compared on.
        spec: the noise.
        rows: of the table.
        is_told: whether networks were told the noise level.
        levels: of a sweep, in place of the spec's own.
    """
    facts = asdict(spec) | {"told": is_told}
    if levels is not None:
        facts["levels"] = list(levels)
    if levels is not None or is_mixture(spec.kind):
        del facts["level"]
    height, width = image.clean.shape[:2]
    return facts | {
        "size": [width, height],
        "methods": image.methods,
        "rows": rows,
        "warnings": image.warnings,
    }


def write_table(rows: Iterable[dict[str, Any]]) -> str:
    """Gives rows that have the same keys as CSV, the keys first."""
    lines = list(rows)
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def encode_files(clean: Pixels, results: Sequence[MethodResult]) -> Iterator[tuple[str, bytes]]:
    """Gives name and content of the table and of every picture as PNG, clean.png among them."""
    yield TABLE_FILE, write_table(result.to_dict() for result in results).encode()
    yield "clean.png", encode_picture(Picture(clean))
    for result in results:
        name = re.sub(r"[^\w.@-]", "-", result.method)  # an address or a path is no file name
        yield f"{name}.png", encode_picture(Picture(result.image))


def pack(clean: Pixels, results: Sequence[MethodResult], file: Path) -> None:
    """Writes a zip of what `encode_files` gives."""
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in encode_files(clean, results):
            packed.writestr(name, content)


def _run_network(
    method: str, denoiser: Denoiser, clean: Pixels, noisy: NDArray[Any], sigma: float | None
) -> MethodResult:
    facts = denoiser.facts
    told = sigma if facts.needs.takes_sigma else None
    started = time.perf_counter()
    denoised, done = denoiser.run(noisy, Settings(told), always_estimate=False)
    seconds = time.perf_counter() - started
    return _measure(
        method,
        method,
        clean,
        denoised,
        seconds=seconds,
        parameters=facts.parameters,
        told=told,
        note=" ".join(done.warnings),
    )


def _run_baseline(method: str, clean: Pixels, noisy: NDArray[Any], sigma: float) -> MethodResult:
    baseline = BASELINES[method]
    note = ""
    if baseline.is_slow and max(clean.shape[:2]) > SLOW_SIDE:
        clean, noisy = _middle(clean), _middle(noisy)
        size = f"{clean.shape[1]}x{clean.shape[0]}"
        before = psnr(clean, to_8_bits(noisy))
        note = f"slow: only the middle {size} pixels, which are noisy at {before:.2f} dB"
    started = time.perf_counter()
    denoised = denoise_with_baseline(noisy, method, sigma)
    seconds = time.perf_counter() - started
    return _measure(method, baseline.title, clean, denoised, seconds=seconds, told=sigma, note=note)


def _measure(
    method: str,
    title: str,
    clean: Pixels,
    image: NDArray[Any],
    *,
    seconds: float | None = None,
    parameters: int | None = None,
    told: float | None = None,
    note: str = "",
) -> MethodResult:
    shown = to_8_bits(image)
    side = min(clean.shape[:2])
    return MethodResult(
        method=method,
        title=title,
        image=shown,
        psnr=psnr(clean, shown),
        ssim=ssim(clean, shown) if side >= 11 else None,
        haarpsi=haarpsi(clean, shown) if side >= 16 else None,
        seconds_per_mpixel=seconds and seconds * 1e6 / (clean.shape[0] * clean.shape[1]),
        parameters=parameters,
        told=told,
        note=note,
    )


def _middle(image: NDArray[Any]) -> NDArray[Any]:
    top, left = (max(0, side - SLOW_SIDE) // 2 for side in image.shape[:2])
    return image[top : top + SLOW_SIDE, left : left + SLOW_SIDE]


def _rounded(figure: float | None, digits: int) -> float | None:
    return round(figure, digits) if figure is not None and math.isfinite(figure) else None


def _chosen(methods: Sequence[str], zoo: Zoo | None) -> list[ModelFacts]:
    """Gives the facts about the networks among methods."""
    named = [facts for facts in _models(zoo) if facts.name in methods]
    return named + [zoo.read_facts(one) for one in methods if zoo and zoo.is_elsewhere(one)]


def _models(zoo: Zoo | None) -> list[ModelFacts]:
    return list_models() if zoo is None else zoo.list_models()
