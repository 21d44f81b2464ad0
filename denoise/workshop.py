"""The commands that make networks and their cards; each gives its exit code."""

import argparse
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from denoise.training.loop import Progress


def train_command(options: argparse.Namespace) -> int:
    """Trains a network, with a progress bar."""
    from denoise.training.loop import Budget
    from denoise.training.recipes.registry import OURS
    from denoise.training.train import TrainingRun, train

    runs = options.runs / ("smoke" if options.smoke else "")
    runs = runs / ("" if options.recipe == OURS else options.recipe)
    out = options.out or runs
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
        compiled=options.compile,
        is_distributed=options.distributed,
        is_smoke=options.smoke,
    )
    with tqdm(unit="step", desc=options.name, delay=0.5) as bar:  # misuse is told before it
        for progress in train(run):
            bar.total = progress.steps
            bar.set_postfix_str(_progress_text(progress), refresh=False)
            bar.update(progress.step - bar.n)
        is_new = bar.n > 0
    print(f"Wrote {out / options.name}.")
    if not is_new:
        print(f"Nothing was left to train: {runs / options.name} holds as many steps already.")
    return 0


def _progress_text(progress: "Progress") -> str:
    left = f"{(progress.seconds_left or 0) / 60:.0f} min left"
    watched = f", held out {progress.psnr:.2f}" if progress.psnr is not None else ""
    return f"loss {progress.loss:.4f}{watched}, {left}"


def card_command(options: argparse.Namespace) -> int:
    """Draws the pictures and writes the cards of networks."""
    from denoise.evaluation.cards import write_card

    for name in options.names:
        print(f"Wrote {write_card(name, baselines=options.baseline)}.")
    return 0
