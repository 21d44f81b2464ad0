"""The commands that make networks and their cards; each returns its exit code."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from denoise.cli.options import Command, Several, device_option, flag

if TYPE_CHECKING:
    from denoise.training.loop import Progress
    from denoise.training.train import TrainingRun

TRAIN_HELP = (
    "Train a network. A run that was stopped goes on where it was. A longer --minutes continues "
    "from before the learning rate fell."
)
CARD_HELP = (
    "Write README.md and its pictures into the folders of networks, from their configs; what "
    "`benchmark --record` measured stands in it. Wants matplotlib: the extra [figures]."
)


@click.command(cls=Command, short_help="train a network", help=TRAIN_HELP)
@click.argument("name", metavar="NAME", help="the network, such as conv-photo")
@click.option(
    "--data",
    "folders",
    type=Path,
    multiple=True,
    metavar="DIR",
    help="folder of training pictures; may be given several times",
)
@click.option("--minutes", type=float, help="how long to train")
@click.option("--steps", type=int, help="how long to train, repeatable to the bit")
@click.option("--seed", type=int, default=0, help="(0)")
@click.option("--runs", type=Path, default="runs", metavar="DIR", help="checkpoints (runs)")
@click.option(
    "--recipe",
    default="ours",
    metavar="RECIPE",
    help="ours, or tutorial: as published, to compare (dense-mnist: tutorial-32, too; ours)",
)
@click.option("--start-from", metavar="MODEL", help="begin with the weights of a model of the zoo")
@click.option(
    "--out",
    type=Path,
    metavar="DIR",
    help="zoo that the network goes to (RUNS; RUNS/smoke of a smoke run, RUNS/RECIPE of another "
    "recipe); weights is the bundled one",
)
@click.option(
    "--compile/--no-compile",
    "compiled",
    default=None,
    help="compile the network first (where it pays, and there is a C++ compiler)",
)
@flag("--distributed", "is_distributed", help="several GPUs: `accelerate launch -m denoise train`")
@flag("--smoke", "is_smoke", help="a few steps on made pictures, to see that it works")
@device_option
def train(
    name: str,
    folders: tuple[Path, ...],
    minutes: float | None,
    steps: int | None,
    seed: int,
    runs: Path,
    recipe: str,
    start_from: str | None,
    out: Path | None,
    compiled: bool | None,
    is_distributed: bool,
    is_smoke: bool,
    device: str,
) -> int:
    """Train a network, with a progress bar."""
    from denoise.training.loop import Budget
    from denoise.training.recipes.registry import OURS
    from denoise.training.train import TrainingRun

    runs = runs / ("smoke" if is_smoke else "") / ("" if recipe == OURS else recipe)
    is_told = steps is not None or minutes is not None
    run = TrainingRun(
        name=name,
        budget=Budget(steps=steps, minutes=minutes) if is_told else None,
        runs=runs,
        weights=out or runs,
        recipe=recipe,
        is_smoke=is_smoke,
        folders=folders,
        seed=seed,
        start_from=start_from,
        compiled=compiled,
        is_distributed=is_distributed,
        device=device,
    )
    is_new = _train(run)
    print(f"Wrote {run.weights / name}.")
    if not is_new:
        print(f"Nothing was left to train: {runs / name} holds as many steps already.")
    return 0


def _train(run: "TrainingRun") -> bool:
    """Train, with a progress bar, and return whether there was a step to do."""
    from tqdm import tqdm

    from denoise.training.train import train

    with tqdm(unit="step", desc=run.name, delay=0.5) as bar:  # misuse is told before it
        for progress in train(run):
            bar.total = progress.steps
            bar.set_postfix_str(_progress_text(progress), refresh=False)
            bar.update(progress.step - bar.n)
        return bool(bar.n > 0)


def _progress_text(progress: "Progress") -> str:
    left = f"{(progress.seconds_left or 0) / 60:.0f} min left"
    watched = f", held out {progress.psnr:.2f}" if progress.psnr is not None else ""
    return f"loss {progress.loss:.4f}{watched}, {left}"


@click.command(cls=Command, short_help="write the cards of networks", help=CARD_HELP)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", help="of bundled networks")
@click.option(
    "--baseline",
    "baselines",
    cls=Several,
    type=Path,
    metavar="DIR...",
    help="folders of what --recipe tutorial trained and benchmark --zoo DIR --record measured",
)
def card(names: tuple[str, ...], baselines: tuple[Path, ...]) -> int:
    """Draw the pictures and write the cards of networks."""
    from denoise.evaluation.cards import write_card

    for name in names:
        print(f"Wrote {write_card(name, baselines=baselines)}.")
    return 0
