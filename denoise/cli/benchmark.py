"""The command that measures networks; it returns its exit code."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from denoise.cli.console import FAILED_INPUT
from denoise.cli.options import Command, Several, device_option, flag, open_zoo, zoo_option
from denoise.defaults import DEFAULT_MODEL, DTYPES
from denoise.errors import SettingError

if TYPE_CHECKING:
    from denoise.evaluation.benchmark import Row
    from denoise.evaluation.scorecard import Goal
    from denoise.inference.denoiser import Denoiser
    from denoise.zoo.zoo import Zoo

BENCHMARK_HELP = (
    "PSNR and SSIM of networks on a folder of clean pictures: Gaussian noise added as float, "
    "unclipped; the result rounded to 8 bits; the mean over the pictures. Told sigma, left to "
    "guess, and left to guess from a picture clipped and rounded to 8 bits."
)
TABLE_HEAD = (
    "| model | set | pictures | sigma/255 | told | noise | noisy dB | PSNR dB | SSIM |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
SILENT_AT = 0.3  # noise factor that the silent units of a code are counted at

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class Bench:
    """Where networks are taken from, what they run on, and whether figures are recorded."""

    zoo: "Zoo"
    device: str
    dtype: str
    is_recording: bool

    def denoiser(self, name: str) -> "Denoiser":
        """Return the network of that name, one with a folder where figures are recorded."""
        from denoise.evaluation.record import check_recordable
        from denoise.inference.denoiser import Denoiser

        denoiser = Denoiser(name, device=self.device, dtype=self.dtype, zoo=self.zoo)
        if self.is_recording:
            check_recordable(denoiser)
        return denoiser


@click.command(cls=Command, short_help="measure networks", help=BENCHMARK_HELP)
@click.option(
    "--set",
    "folder",
    type=Path,
    metavar="DIR",
    help="folder of clean pictures, or mnist or fashion-mnist: their test pictures",
)
@click.option(
    "--model",
    "names",
    cls=Several,
    metavar="NAME...",
    help=f"(--all: each that has targets; 28x28: all of the set; else {DEFAULT_MODEL})",
)
@zoo_option
@click.option(
    "--data",
    type=Path,
    multiple=True,
    metavar="DIR",
    help="for mnist and fashion-mnist: folder of their files; none: they are downloaded",
)
@click.option(
    "--sigma-255",
    "sigmas_255",
    cls=Several,
    type=float,
    default=(15.0, 25.0, 50.0),
    metavar="S...",
    help="noise levels in steps of 1/255 (15 25 50)",
)
@flag("--all", "has_targets", help="every figure that has a target")
@flag("--kinds", "has_kinds", help="every kind of picture at auto, against the best single setting")
@click.option(
    "--sets",
    envvar="DENOISE_SETS",
    type=Path,
    default="data",
    metavar="DIR",
    help="for --all: what CBSD68, BSD68, CID22-val and PolyU lie in (DENOISE_SETS, else data)",
)
@flag("--speed", "has_speed", help="seconds per Mpixel, too")
@flag("--record", "is_recording", help="write the figures into the model's config, too")
@click.option("--dtype", type=click.Choice(DTYPES), default="auto", help="(auto)")
@device_option
def benchmark(
    folder: Path | None,
    names: tuple[str, ...],
    zoo: Path | None,
    data: tuple[Path, ...],
    sigmas_255: tuple[float, ...],
    has_targets: bool,
    has_kinds: bool,
    sets: Path,
    has_speed: bool,
    is_recording: bool,
    dtype: str,
    device: str,
) -> int:
    """Print the tables that networks are measured by."""
    from denoise.datasets.mnist import SMALL_IMAGE_SETS

    bench = Bench(open_zoo(zoo), device, dtype, is_recording)
    if has_targets:
        return _print_scorecard(bench, names, sets)
    if has_kinds:
        return _print_kinds(bench, names)
    if str(folder) in SMALL_IMAGE_SETS:
        return _print_small_tables(bench, names, str(folder), list(data))
    denoisers = [bench.denoiser(name) for name in names or [DEFAULT_MODEL]]
    if is_recording and folder is None:
        raise SettingError("--record writes the figures of a set; name it with --set.")
    speeds = _print_speeds(denoisers) if has_speed or is_recording else []
    if folder is not None:
        rows = _print_table(denoisers, folder, sigmas_255)
        if is_recording:
            _record(denoisers, rows, speeds)
    elif not has_speed:
        raise SettingError(
            "Name a folder of clean pictures, mnist or fashion-mnist with --set, or ask for "
            "--speed, --kinds or --all."
        )
    return 0


def _print_speeds(denoisers: Sequence["Denoiser"]) -> list[float]:
    from denoise.evaluation.benchmark import measure_speed

    speeds = []
    for denoiser in denoisers:
        speeds.append(measure_speed(denoiser))
        print(f"{denoiser.facts.name}: {speeds[-1]:.3f} s/Mpixel")
    return speeds


def _print_table(
    denoisers: list["Denoiser"], folder: Path, sigmas_255: Sequence[float]
) -> list["Row"]:
    from denoise.evaluation.benchmark import measure_table

    rows: list[Row] = []
    for row in measure_table(denoisers, folder, list(sigmas_255)):
        if not rows:
            print(TABLE_HEAD)
        rows.append(row)
        noise = "8 bits" if row.eight_bit else "float"
        print(
            f"| {row.model} | {row.set_name} | {row.pictures} | {row.sigma_255:g} | "
            f"{'yes' if row.told else 'no'} | {noise} | {row.psnr_noisy:.2f} | {row.psnr:.2f} | "
            f"{row.ssim:.4f} |",
            flush=True,
        )
    return rows


def _record(denoisers: list["Denoiser"], rows: list["Row"], speeds: list[float]) -> None:
    from denoise.evaluation.record import record

    for denoiser, seconds in zip(denoisers, speeds, strict=True):
        table = [asdict(row) for row in rows if row.model == denoiser.facts.name]
        record(denoiser, table=table, seconds_per_mpixel=seconds)


def _print_scorecard(bench: Bench, names: Sequence[str], sets: Path) -> int:
    """Print every figure that has a target; return 1 if one is missed or was not measured."""
    from denoise.evaluation.measurements import REFERENCE
    from denoise.evaluation.record import record
    from denoise.evaluation.scorecard import measure_goals, training_words

    code = 0
    goals = _goals(names)
    here = {facts.name for facts in bench.zoo.list_models()}
    asked = {goal.model for goal in goals} | {REFERENCE}
    denoisers = {name: bench.denoiser(name) for name in sorted(here & asked)}
    results: dict[str, list[list[str]]] = {}
    print("| model | measurement | result | target | |\n|---|---|---|---|---|")
    for goal, figure, reason in measure_goals(sets, denoisers, goals):
        shown = reason if figure is None else f"{figure:.2f}"
        word = "not measured" if figure is None else goal.word(figure)
        print(f"| {goal.model} | {goal.what} | {shown} | {goal.limit} | {word} |", flush=True)
        code = code if word in ("met", "") else FAILED_INPUT
        if figure is not None:
            results.setdefault(goal.model, []).append([goal.what, shown, goal.limit, word])
    for name, figures in results.items():
        if missed := sum(word == "missed" for *_, word in figures):
            targets = "1 target" if missed == 1 else f"{missed} targets"
            print(f"\n{name} missed {targets} after {training_words(denoisers[name])}")
    for name, figures in results.items() if bench.is_recording else []:
        record(denoisers[name], figures=figures)
    return code


def _print_kinds(bench: Bench, names: Sequence[str]) -> int:
    """Print how every situation comes out at auto; return 1 if one comes out wrong."""
    from denoise.evaluation.kinds import judge_kinds

    code = 0
    for name in names or [DEFAULT_MODEL]:
        print(f"{name}\n\n| situation | in | auto | best | setting | |\n|---|---|---|---|---|---|")
        for judged in judge_kinds(bench.denoiser(name)):
            word = "; ".join(judged.faults) or "right"
            code = FAILED_INPUT if judged.faults else code
            figures = " | ".join(f"{x:.2f}" for x in (judged.given, judged.auto, judged.best))
            shown = f"{judged.situation.name} | {figures} | {judged.setting} | {word}"
            print(f"| {shown} |", flush=True)
    return code


def _goals(names: Sequence[str]) -> list["Goal"]:
    """Return the goals of some networks; of all where none is named."""
    from denoise.evaluation.scorecard import GOALS

    held = {goal.model for goal in GOALS}
    if strangers := set(names) - held:
        raise SettingError(
            f"No targets are defined for {', '.join(sorted(strangers))}; choose one of: "
            f"{', '.join(sorted(held))}."
        )
    return [goal for goal in GOALS if goal.model in (names or held)]


def _print_small_tables(bench: Bench, names: Sequence[str], set_name: str, data: list[Path]) -> int:
    """Print error and readability by noise factor on the test pictures of MNIST or the like."""
    import numpy as np

    from denoise.datasets.mnist import SMALL_IMAGE_SETS, load_labels, load_small_images
    from denoise.evaluation.benchmark_28x28 import (
        add_clipped_noise,
        find_training_set,
        measure_accuracy,
        measure_errors,
        measure_sparsity,
    )
    from denoise.evaluation.classifier import Classifier
    from denoise.evaluation.record import record

    clean = load_small_images(set_name, data, is_test=True)[:, 0].numpy() / np.float32(255)
    labels = load_labels(set_name, data, is_test=True)
    classifier = Classifier(SMALL_IMAGE_SETS[set_name].classifier, device=bench.device)
    lessons = [facts for facts in bench.zoo.list_models() if facts.needs.domain == "28x28"]
    made_for = [facts.name for facts in lessons if find_training_set(facts) == set_name]
    if not (names or made_for):
        raise SettingError(f"No network in {bench.zoo} was trained on {set_name}.")
    for name in names or made_for:
        denoiser = bench.denoiser(name)
        errors = list(_printed(measure_errors(denoiser, clean, set_name)))
        reading = list(_printed(measure_accuracy(denoiser, classifier, clean, labels, set_name)))
        silent = measure_sparsity(denoiser, add_clipped_noise(clean, SILENT_AT))
        print(f"{name}: {silent:.1%} of the code is at zero at noise {SILENT_AT:g}.\n")
        if bench.is_recording:
            by_factor, read = [asdict(row) for row in errors], [asdict(row) for row in reading]
            record(denoiser, errors=by_factor, reading=read, silent_share=silent)
    return 0


def _printed(rows: Iterator[RowT]) -> Iterator[RowT]:
    """Yield the rows, each printed as a line of a table as it comes."""
    for number, row in enumerate(rows):
        values = asdict(row)  # type: ignore[call-overload]
        if number == 0:
            print(f"| {' | '.join(values)} |\n|{'---|' * len(values)}", flush=True)
        shown = (f"{v:.4f}" if isinstance(v, float) else str(v) for v in values.values())
        print(f"| {' | '.join(shown)} |", flush=True)
        yield row
