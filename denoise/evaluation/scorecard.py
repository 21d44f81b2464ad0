"""What the zoo is held to: one figure and one bar a line, measured on what ships."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from denoise.errors import DenoiseError
from denoise.evaluation.measurements import REFERENCE, Measurements
from denoise.inference.denoiser import Denoiser
from denoise.weights.facts import CURVE_FILE, read_curve


@dataclass(frozen=True)
class Goal:
    """A figure of a network and the bar for it."""

    model: str
    what: str  # in words, with unit
    bar: float | None  # None: no bar; the figure is there to be seen
    measure: Callable[[Measurements], float]
    is_ceiling: bool = False  # the figure must not be above the bar; else not below

    @property
    def limit(self) -> str:
        """The bar in words."""
        return (
            "-" if self.bar is None else f"at {'most' if self.is_ceiling else 'least'} {self.bar:g}"
        )

    def word(self, figure: float) -> str:
        """Says whether a figure met the bar, or missed it; nothing where there is none."""
        if self.bar is None:
            return ""
        return (
            "met" if (figure <= self.bar if self.is_ceiling else figure >= self.bar) else "missed"
        )


def _goals_at(
    model: str,
    what: str,
    bars: dict[int, float],
    measured: Callable[..., float],
    *,
    is_ceiling: bool = False,
) -> list[Goal]:
    """Gives one goal for each sigma_255; it stands for {} in `what` and for the argument."""
    return [
        Goal(model, what.format(sigma), bar, partial(measured, sigma_255=sigma), is_ceiling)
        for sigma, bar in bars.items()
    ]


def _shift_goal(model: str) -> Goal:
    return Goal(model, "colour shift, CBSD68 at 25, 1/255", 0.2, Measurements.colour_shift, True)


def _size_goal(model: str) -> Goal:
    return Goal(model, "weights file, MB", 10, Measurements.file_mb, is_ceiling=True)


GOALS = [
    *_goals_at(
        "conv-photo",
        "CBSD68 at {}, told, dB",
        {15: 33.90, 25: 31.25, 50: 28.00},
        partial(Measurements.gaussian, set_name="CBSD68"),
    ),
    *_goals_at(
        "conv-photo",
        "guessing costs, CBSD68 at {}, dB",
        {15: 0.2, 25: 0.2, 50: 0.2},
        Measurements.guessing_costs,
        is_ceiling=True,
    ),
    Goal(
        "conv-photo",
        "8 bits, auto, every fourth of CBSD68 at 25, dB",
        31.15,
        lambda m: m.gaussian("CBSD68", 25, told=False, eight_bit=True, every=4),
    ),
    Goal("conv-photo", "gray BSD68 at 25, told, dB", 29.10, lambda m: m.gaussian("BSD68", 25)),
    Goal("conv-photo", "salt and pepper 10%, auto, CBSD68, dB", 33.0, Measurements.impulses),
    Goal("conv-photo", "camera noise, auto, every fifth of PolyU, dB", 37.9, lambda m: m.camera(5)),
    Goal("conv-photo", "camera noise, auto, all of PolyU, dB", None, Measurements.camera),
    Goal(
        "conv-photo", "camera noise, gain of the worst pair, dB", -0.05, Measurements.camera_worst
    ),
    Goal(
        "conv-photo",
        "clean CID22-val back, auto, mean, dB",
        45.0,
        lambda m: statistics.mean(m.unharmed),
    ),
    Goal("conv-photo", "clean CID22-val back, auto, worst, dB", 40.0, lambda m: min(m.unharmed)),
    *(
        Goal(
            "conv-photo",
            f"JPEG of quality {quality}, auto, gain on CID22-val, dB",
            None,
            partial(Measurements.jpeg_gains, quality=quality),
        )
        for quality in (50, 75)
    ),
    _shift_goal("conv-photo"),
    Goal("conv-photo", "level chosen, gain on all of PolyU, dB", 1.5, Measurements.choice_gains),
    Goal(
        "conv-photo",
        "level chosen, behind the best, every fifth of PolyU, dB",
        None,
        lambda m: m.choice_costs_camera(5),
        is_ceiling=True,
    ),
    *_goals_at(
        "conv-photo",
        "level chosen, behind the best, 8 bits, every fourth of CBSD68 at {}, dB",
        {15: 0.15, 25: 0.15, 50: 0.15},
        partial(Measurements.choice_costs, every=4),
        is_ceiling=True,
    ),
    Goal("conv-photo", "GMAC per Mpixel", 100, Measurements.gmac, is_ceiling=True),
    _size_goal("conv-photo"),
    Goal("dense-photo", "gray BSD68 at 25, told, dB", 28.3, lambda m: m.gaussian("BSD68", 25)),
    _shift_goal("dense-photo"),
    Goal("dense-photo", "parameters, M", 10, Measurements.parameters_m, is_ceiling=True),
    _size_goal("dense-photo"),
    *_goals_at(
        "gan-photo",
        "fine power regained, CBSD68 at {}, told, share",
        {25: 0.5, 50: 0.5},
        Measurements.texture_closed,
    ),
    *_goals_at(
        "gan-photo",
        f"behind {REFERENCE}, CBSD68 at {{}}, told, dB",
        {25: 1.0, 50: 1.0},
        Measurements.behind_reference,
        is_ceiling=True,
    ),
    _shift_goal("gan-photo"),
    _size_goal("gan-photo"),
]


def training_words(denoiser: Denoiser) -> str:
    """Says how long a network was trained, and what the last third of the steps brought.

    What more of the same would bring, that third lets one judge. It tells nothing of a network
    without curve.csv, as one from the Hub may be.
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
        f"{words}; the last third of the steps brought the best PSNR on held-out pictures from "
        f"{max(before):.2f} to {best:.2f} dB."
    )


class GoalResult(NamedTuple):
    """What was measured for a goal; None and the reason where it could not be."""

    goal: Goal
    figure: float | None
    reason: str = ""


def measure_goals(
    sets: Path, denoisers: Mapping[str, Denoiser], goals: Sequence[Goal] = GOALS
) -> Iterator[GoalResult]:
    """Measures goals, one after another.

    Args:
        sets: folder that the folders CBSD68, BSD68, CID22-val and PolyU lie in or below.
        denoisers: the models that ship, by name.
        goals: what to measure.
    """
    reference = Measurements(denoisers[REFERENCE], sets) if REFERENCE in denoisers else None
    measured = {
        name: Measurements(denoiser, sets, reference) for name, denoiser in denoisers.items()
    }
    if reference is not None:
        measured[REFERENCE] = reference  # what was measured for the others is not measured again
    for goal in goals:
        if goal.model not in measured:
            yield GoalResult(goal, None, "not shipped")
            continue
        try:
            yield GoalResult(goal, goal.measure(measured[goal.model]))
        except DenoiseError as error:
            yield GoalResult(goal, None, str(error))
