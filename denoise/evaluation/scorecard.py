"""The targets of the zoo: one figure and one target a line, measured on what ships."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from denoise.errors import DenoiseError
from denoise.evaluation.measurements import REFERENCE, YARDSTICK, Measurements
from denoise.inference.denoiser import Denoiser
from denoise.weights.facts import CURVE_FILE, read_curve


@dataclass(frozen=True)
class Goal:
    """A figure of a network and its target."""

    model: str
    what: str  # in words, with the unit
    target: float | None  # None: the figure is only shown
    measure: Callable[[Measurements], float]
    is_ceiling: bool = False  # the figure must not exceed the target; otherwise it must reach it

    @property
    def limit(self) -> str:
        """The target in words."""
        if self.target is None:
            return "-"
        return f"at {'most' if self.is_ceiling else 'least'} {self.target:g}"

    def word(self, figure: float) -> str:
        """Return "met" or "missed"; without a target, nothing."""
        if self.target is None:
            return ""
        is_met = figure <= self.target if self.is_ceiling else figure >= self.target
        return "met" if is_met else "missed"


def _goals_at(
    model: str,
    what: str,
    targets: dict[int, float],
    measured: Callable[..., float],
    *,
    is_ceiling: bool = False,
) -> list[Goal]:
    """Return one goal for each sigma_255; it replaces {} in `what` and is passed to `measured`."""
    return [
        Goal(model, what.format(sigma), target, partial(measured, sigma_255=sigma), is_ceiling)
        for sigma, target in targets.items()
    ]


def _shift_goal(model: str) -> Goal:
    return Goal(model, "CBSD68 at 25: colour shift, 1/255", 0.2, Measurements.colour_shift, True)


def _size_goal(model: str) -> Goal:
    return Goal(model, "weights file, MB", 10, Measurements.file_mb, is_ceiling=True)


_default, _dense = partial(Goal, "conv-photo"), partial(Goal, "dense-photo")

GOALS = [
    *_goals_at(
        "conv-photo",
        "CBSD68 at {}, told: PSNR, dB",
        {15: 33.74, 25: 31.07, 50: 27.85},
        partial(Measurements.gaussian, set_name="CBSD68"),
    ),
    *_goals_at(
        "conv-photo",
        "CBSD68 at {}, auto: loss against told, dB",
        {15: 0.2, 25: 0.2, 50: 0.2},
        Measurements.loss_at_auto,
        is_ceiling=True,
    ),
    _default(
        "every fourth of CBSD68 at 25, 8 bits, auto: PSNR, dB",
        31.00,
        lambda m: m.gaussian("CBSD68", 25, told=False, eight_bit=True, every=4),
    ),
    _default(
        "CBSD68 in colours twice as saturated at 25, told: PSNR, dB",
        31.03,
        lambda m: m.saturated(25),
    ),
    _default("gray BSD68 at 25, told: PSNR, dB", 28.90, lambda m: m.gaussian("BSD68", 25)),
    _default("CBSD68 with 10% salt and pepper, auto: PSNR, dB", 34.0, Measurements.impulses),
    _default(
        "every fifth pair of PolyU (camera noise), auto: PSNR, dB", 38.0, lambda m: m.camera(5)
    ),
    _default("PolyU (camera noise), auto: PSNR, dB", 38.45, Measurements.camera),
    _default(
        "PolyU (camera noise), auto: least gain of a pair, dB", 0.0, Measurements.camera_worst
    ),
    _default("noisy JPEGs, auto: mean PSNR, dB", 33.13, Measurements.noisy_jpegs),
    _default(
        f"noisy JPEGs, auto: worst against {YARDSTICK}, dB",
        -0.1,
        Measurements.noisy_jpegs_worst,
    ),
    _default("clean CID22-val, auto: mean PSNR, dB", 48.0, lambda m: statistics.mean(m.unharmed)),
    _default("clean CID22-val, auto: lowest PSNR, dB", 41.0, lambda m: min(m.unharmed)),
    *(
        _default(
            f"CID22-val as JPEG of quality {quality}, auto: gain, dB",
            least,
            partial(Measurements.jpeg_gain, quality=quality),
        )
        for quality, least in ((50, 0.85), (75, 0.60))
    ),
    *(
        _default(
            f"renders of {samples} samples a pixel, auto: PSNR above a 3x3 median's, dB",
            least,
            partial(Measurements.render_gain, samples=samples),
        )
        for samples, least in ((4, 0.2), (16, 0.6), (64, 1.0))
    ),
    *(
        _default(
            f"renders of {samples} samples a pixel, auto: PSNR behind Open Image Denoise, dB",
            1.5,
            partial(Measurements.render_loss, samples=samples),
            is_ceiling=True,
        )
        for samples in (4, 16, 64)
    ),
    _shift_goal("conv-photo"),
    _default("GMAC per Mpixel", 100, Measurements.gmac, is_ceiling=True),
    _size_goal("conv-photo"),
    _dense("gray BSD68 at 25, told: PSNR, dB", 28.3, lambda m: m.gaussian("BSD68", 25)),
    _shift_goal("dense-photo"),
    _dense("parameters, M", 10, Measurements.parameters_m, is_ceiling=True),
    _size_goal("dense-photo"),
    *_goals_at(
        "gan-photo",
        "CBSD68 at {}, told: lost fine power restored, share",
        {25: 0.5, 50: 0.5},
        Measurements.texture_restored,
    ),
    *_goals_at(
        "gan-photo",
        f"CBSD68 at {{}}, told: loss against {REFERENCE}, dB",
        {25: 1.0, 50: 1.0},
        Measurements.loss_against_reference,
        is_ceiling=True,
    ),
    _shift_goal("gan-photo"),
    _size_goal("gan-photo"),
]


def training_words(denoiser: Denoiser) -> str:
    """Return how long a network was trained, and what the last third of the steps brought.

    That third shows what more of the same training would bring. It is left out for a network
    without curve.csv, such as one from the Hub.
    """
    recipe, file = denoiser.facts.recipe, denoiser.folder / CURVE_FILE
    words = f"{recipe['steps']:,} steps in {recipe['minutes']:g} minutes"
    if not file.is_file():
        return f"{words}."
    curve = read_curve(file)
    before = [point.psnr for point in curve if point.step <= recipe["steps"] * 2 / 3]
    if not before:
        return f"{words}."
    best = max(point.psnr for point in curve)
    return (
        f"{words}; the last third of the steps raised the best PSNR on held-out pictures from "
        f"{max(before):.2f} to {best:.2f} dB."
    )


class GoalResult(NamedTuple):
    """What was measured for a goal; if nothing could be, None and the reason."""

    goal: Goal
    figure: float | None
    reason: str = ""


def measure_goals(
    sets: Path, denoisers: Mapping[str, Denoiser], goals: Sequence[Goal] = GOALS
) -> Iterator[GoalResult]:
    """Measure goals, one after another, on the models that ship, by name.

    The folders CBSD68, BSD68, CID22-val and PolyU lie in `sets`, or deeper.
    """
    reference = Measurements(denoisers[REFERENCE], sets) if REFERENCE in denoisers else None
    measured = {
        name: Measurements(denoiser, sets, reference) for name, denoiser in denoisers.items()
    }
    if reference is not None:
        measured[REFERENCE] = reference  # so that its figures are measured once
    for goal in goals:
        if goal.model not in measured:
            yield GoalResult(goal, None, "not shipped")
            continue
        try:
            yield GoalResult(goal, goal.measure(measured[goal.model]))
        except DenoiseError as error:
            yield GoalResult(goal, None, str(error))
