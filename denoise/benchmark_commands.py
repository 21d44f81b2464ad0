"""The command that measures networks; it gives its exit code."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TypeVar

import numpy as np

from denoise.batch import FAILED_INPUT
from denoise.datasets.mnist import SMALL_IMAGE_SETS, load_labels, load_small_images
from denoise.defaults import DEFAULT_MODEL
from denoise.errors import SettingError
from denoise.evaluation.benchmark_28x28 import find_training_set
from denoise.evaluation.classifier import Classifier
from denoise.inference.denoiser import Denoiser

TABLE_HEAD = (
    "| model | set | pictures | sigma/255 | told | noise | noisy dB | PSNR dB | SSIM |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
SILENT_AT = 0.3  # noise factor that the silent units of a code are counted at

RowT = TypeVar("RowT")


def benchmark_command(options: argparse.Namespace) -> int:
    """Print the tables that networks are measured by."""
    from denoise.evaluation.benchmark import Row, measure_speed, measure_table
    from denoise.evaluation.record import record

    if options.all:
        return _print_scorecard(options)
    if str(options.set) in SMALL_IMAGE_SETS:
        return _print_small_tables(options)
    denoisers = [_make_denoiser(options, name) for name in options.model or [DEFAULT_MODEL]]
    if options.record and options.set is None:
        raise SettingError("--record writes the figures of a set; name it with --set.")
    speeds = {}
    for denoiser in denoisers if options.speed or options.record else []:
        speeds[denoiser] = measure_speed(denoiser)
        print(f"{denoiser.facts.name}: {speeds[denoiser]:.3f} s/Mpixel")
    if options.set is None and not options.speed:
        raise SettingError(
            "Name a folder of clean pictures, mnist or fashion-mnist with --set, or ask for "
            "--speed or --all."
        )
    if options.set is None:
        return 0
    rows: list[Row] = []
    for row in measure_table(denoisers, options.set, options.sigma_255):
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
    for denoiser, seconds in speeds.items() if options.record else []:
        table = [asdict(row) for row in rows if row.model == denoiser.facts.name]
        record(denoiser, table=table, seconds_per_mpixel=seconds)
    return 0


def _print_scorecard(options: argparse.Namespace) -> int:
    """Prints every figure that the zoo is held to; 1 where one is missed or was not measured."""
    from denoise.evaluation.measurements import REFERENCE
    from denoise.evaluation.record import record
    from denoise.evaluation.scorecard import GOALS, measure_goals, training_words

    code = 0
    held = {goal.model for goal in GOALS}
    if strangers := set(options.model or ()) - held:
        raise SettingError(
            f"No figures with a bar are known of {', '.join(sorted(strangers))}; choose among: "
            f"{', '.join(sorted(held))}."
        )
    goals = [goal for goal in GOALS if goal.model in (options.model or held)]
    here = {facts.name for facts in options.zoo.list_models()}
    asked = {goal.model for goal in goals} | {REFERENCE}
    denoisers = {name: _make_denoiser(options, name) for name in sorted(here & asked)}
    results: dict[str, list[list[str]]] = {}
    print("| model | figure | measured | bar | |\n|---|---|---|---|---|")
    for goal, figure, reason in measure_goals(options.sets, denoisers, goals):
        shown = reason if figure is None else f"{figure:.2f}"
        word = "not measured" if figure is None else goal.word(figure)
        print(f"| {goal.model} | {goal.what} | {shown} | {goal.limit} | {word} |", flush=True)
        code = code if word in ("met", "") else FAILED_INPUT
        if figure is not None:
            results.setdefault(goal.model, []).append([goal.what, shown, goal.limit, word])
    for name, figures in results.items():
        if missed := sum(word == "missed" for *_, word in figures):
            bars = "1 bar" if missed == 1 else f"{missed} bars"
            print(f"\n{name} missed {bars} after {training_words(denoisers[name])}")
    for name, figures in results.items() if options.record else []:
        record(denoisers[name], figures=figures)
    return code


def _print_small_tables(options: argparse.Namespace) -> int:
    """Prints error and readability by noise factor on the test pictures of MNIST or the like."""
    from denoise.evaluation.benchmark_28x28 import (
        add_clipped_noise,
        measure_accuracy,
        measure_errors,
        measure_sparsity,
    )
    from denoise.evaluation.record import record

    name = str(options.set)
    clean = load_small_images(name, options.data, is_test=True)[:, 0].numpy() / np.float32(255)
    labels = load_labels(name, options.data, is_test=True)
    classifier = Classifier(SMALL_IMAGE_SETS[name].classifier, device=options.device)
    lessons = [facts for facts in options.zoo.list_models() if facts.needs.domain == "28x28"]
    made_for = [facts.name for facts in lessons if find_training_set(facts) == name]
    if not (options.model or made_for):
        raise SettingError(f"No network in {options.zoo} was trained on {name}.")
    for model in options.model or made_for:
        denoiser = _make_denoiser(options, model)
        errors = list(_printed(measure_errors(denoiser, clean, name)))
        reading = list(_printed(measure_accuracy(denoiser, classifier, clean, labels, name)))
        silent = measure_sparsity(denoiser, add_clipped_noise(clean, SILENT_AT))
        print(f"{model}: {silent:.1%} of the code is at zero at noise {SILENT_AT:g}.\n")
        if options.record:
            by_factor, read = [asdict(row) for row in errors], [asdict(row) for row in reading]
            record(denoiser, errors=by_factor, reading=read, silent_share=silent)
    return 0


def _printed(rows: Iterator[RowT]) -> Iterator[RowT]:
    """Gives the rows on, each printed as a line of a table as it comes."""
    for number, row in enumerate(rows):
        values = asdict(row)  # type: ignore[call-overload]
        if number == 0:
            print(f"| {' | '.join(values)} |\n|{'---|' * len(values)}", flush=True)
        shown = (f"{v:.4f}" if isinstance(v, float) else str(v) for v in values.values())
        print(f"| {' | '.join(shown)} |", flush=True)
        yield row


def _make_denoiser(options: argparse.Namespace, name: str) -> Denoiser:
    from denoise.evaluation.record import check_recordable

    denoiser = Denoiser(name, device=options.device, dtype=options.dtype, zoo=options.zoo)
    if options.record:
        check_recordable(denoiser)
    return denoiser
