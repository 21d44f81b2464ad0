"""The commands that make and measure networks; each gives its exit code."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from denoise.commands import FAILED_INPUT
from denoise.denoiser import Denoiser
from denoise.errors import SettingError

if TYPE_CHECKING:
    from denoise.training.loop import Progress

TABLE_HEAD = (
    "| model | set | pictures | sigma/255 | told | noise | noisy dB | PSNR dB | SSIM |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def train_command(options: argparse.Namespace) -> int:
    """Trains a network, with a progress bar."""
    from denoise.training.loop import Budget
    from denoise.training.recipes import OURS
    from denoise.training.train import TrainingRun, train

    runs = options.runs / ("smoke" if options.smoke else "")
    runs = runs / ("" if options.recipe == OURS else options.recipe)
    out = options.out or (Path("weights") if runs == options.runs else runs)
    is_told = options.steps is not None or options.minutes is not None
    run = TrainingRun(
        name=options.name,
        folders=tuple(options.data),
        budget=Budget(steps=options.steps, minutes=options.minutes) if is_told else None,
        seed=options.seed,
        device=options.device,
        runs=runs,
        weights=out,
        recipe=options.recipe,
        start_from=options.start_from,
        is_distributed=options.distributed,
        is_smoke=options.smoke,
    )
    with tqdm(unit="step", desc=options.name) as bar:
        for progress in train(run):
            bar.total = progress.steps
            bar.set_postfix_str(_progress_text(progress), refresh=False)
            bar.update(progress.step - bar.n)
    print(f"Wrote {out / options.name}.")
    return 0


def _progress_text(progress: "Progress") -> str:
    left = f"{(progress.seconds_left or 0) / 60:.0f} min left"
    watched = f", {progress.psnr:.2f} dB" if progress.psnr is not None else ""
    return f"loss {progress.loss:.4f}{watched}, {left}"


def benchmark_command(options: argparse.Namespace) -> int:
    """Prints the tables that networks are judged by."""
    from denoise.benchmark import Row, measure_speed, measure_table, record

    if options.all:
        return _print_scorecard(options)
    denoisers = [
        Denoiser(name, device=options.device, dtype=options.dtype) for name in options.model
    ]
    if options.record and options.set is None:
        raise SettingError("--record writes the figures of a set; name it with --set.")
    speeds = {}
    for denoiser in denoisers if options.speed or options.record else []:
        speeds[denoiser] = measure_speed(denoiser)
        print(f"{denoiser.facts.name}: {speeds[denoiser]:.3f} s/Mpixel")
    if options.set is None and not options.speed:
        raise SettingError("Name a folder of clean pictures with --set, or ask for --speed.")
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


def card_command(options: argparse.Namespace) -> int:
    """Draws the pictures and writes the cards of networks."""
    from denoise.cards import write_card

    for name in options.names:
        print(f"Wrote {write_card(name)}.")
    return 0


def _print_scorecard(options: argparse.Namespace) -> int:
    """Prints every figure that the zoo is held to; 1 where one is missed or was not measured."""
    from denoise.benchmark import record
    from denoise.scorecard import judge

    code = 0
    denoisers: dict[str, Denoiser] = {}
    judged: dict[str, list[list[str]]] = {}

    def make(name: str) -> Denoiser:
        denoisers[name] = Denoiser(name, device=options.device, dtype=options.dtype)
        return denoisers[name]

    print("| model | figure | measured | bar | |\n|---|---|---|---|---|")
    for verdict in judge(options.sets, make):
        goal, figure = verdict.goal, verdict.figure
        is_met = figure is not None and goal.is_met(figure)
        shown = verdict.reason if figure is None else f"{figure:.2f}"
        limit = f"{'at most' if goal.is_ceiling else 'at least'} {goal.bar:g}"
        word = "met" if is_met else "not measured" if figure is None else "missed"
        print(f"| {goal.model} | {goal.what} | {shown} | {limit} | {word} |", flush=True)
        code = code if is_met else FAILED_INPUT
        if figure is not None:
            judged.setdefault(goal.model, []).append([goal.what, shown, limit])
    for name, figures in judged.items() if options.record else []:
        record(denoisers[name], figures=figures)
    return code
