"""The commands that show what noise does, and what each method does about it."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from denoise.cli.options import (
    Command,
    Several,
    device_option,
    flag,
    level_option,
    noise_options,
    open_zoo,
    parse_level,
    together,
)
from denoise.defaults import LEVELS
from denoise.errors import SettingError
from denoise.evaluation.baselines import BASELINES

if TYPE_CHECKING:
    from denoise.evaluation.methods import CleanImage
    from denoise.evaluation.results import MethodResult
    from denoise.zoo.zoo import Zoo

COMPARE_HELP = (
    "Add seeded noise to a clean picture, take it through networks and classical methods, and "
    "print how near each comes: PSNR, SSIM and HaarPSI of the results in 8 bits. Pictures above "
    "1 Mpixel are shrunk first."
)
SWEEP_HELP = "What compare prints, at one noise level after another: CSV, or JSON with --json."
HEAD = f"{'method':14} {'PSNR dB':>8} {'SSIM':>7} {'HaarPSI':>8} {'s/Mpixel':>9} {'parameters':>11}"

lab_options = together(
    click.argument("file", type=Path, metavar="IN", help="a clean picture"),
    noise_options,
    flag("--float", "as_float", help="noise neither clipped nor rounded to 8 bits"),
    flag("--clip", help="with --float: clipped all the same, not rounded"),
    flag("--told", help="tell networks the level; classics always are"),
    click.option(
        "--model",
        "methods",
        cls=Several,
        metavar="NAME...",
        help=f"networks and {', '.join(BASELINES)} (all for such a picture that are quick)",
    ),
    flag("--json", "as_json", help="print one report as JSON"),
    device_option,
)


@click.command(
    cls=Command, short_help="spoil a picture and see what each method saves", help=COMPARE_HELP
)
@level_option
@click.option(
    "-o", "--output", type=Path, metavar="DIR", help="folder for the pictures and table.csv"
)
@lab_options
def compare(
    file: Path,
    level: float,
    output: Path | None,
    kind: str,
    seed: int,
    gray: bool,
    as_float: bool,
    clip: bool,
    told: bool,
    methods: tuple[str, ...],
    as_json: bool,
    device: str,
) -> int:
    """Print what every method makes of a noisy picture; write pictures and table if asked."""
    from denoise.evaluation.comparison import compare as compare_methods
    from denoise.evaluation.results import encode_files, make_report
    from denoise.files import write_atomically
    from denoise.inference.denoiser import Denoiser
    from denoise.noise.synthesis import NoiseSpec

    zoo = open_zoo()
    if output is not None:
        _make_folder(output)
    image = _load(file, methods, zoo)
    spec = NoiseSpec(
        kind=kind, level=level, seed=seed, gray=gray, eight_bit=not as_float, clip=clip
    )
    found = compare_methods(image, spec, partial(Denoiser, device=device, zoo=zoo), is_told=told)
    results = list(found if as_json else _printed(found))
    if output is not None:
        for name, content in encode_files(image.clean, results):
            write_atomically(output / name, content)
    if as_json:
        rows = [result.to_dict() for result in results]
        print(json.dumps(make_report(image, spec, rows, is_told=told)))
    return 0


@click.command(cls=Command, short_help="the same over many noise levels", help=SWEEP_HELP)
@click.option(
    "--levels",
    cls=Several,
    type=parse_level,
    metavar="LEVEL...",
    help=f"({' '.join(map(str, LEVELS))}, as far as the kind of noise goes)",
)
@lab_options
def sweep(
    file: Path,
    levels: tuple[float, ...],
    kind: str,
    seed: int,
    gray: bool,
    as_float: bool,
    clip: bool,
    told: bool,
    methods: tuple[str, ...],
    as_json: bool,
    device: str,
) -> int:
    """Print how good every method is at one noise level after another, as CSV or JSON."""
    from denoise.evaluation.comparison import levels_for
    from denoise.evaluation.comparison import sweep as sweep_levels
    from denoise.evaluation.results import make_report, write_table
    from denoise.inference.denoiser import Denoiser
    from denoise.noise.synthesis import NoiseSpec

    zoo = open_zoo()
    image = _load(file, methods, zoo)
    chosen = list(levels) or levels_for(kind)
    spec = NoiseSpec(
        kind=kind, level=chosen[0], seed=seed, gray=gray, eight_bit=not as_float, clip=clip
    )
    find_denoiser = partial(Denoiser, device=device, zoo=zoo)
    found = sweep_levels(image, spec, chosen, find_denoiser, is_told=told)
    rows = [{"level": level, **result.to_dict()} for level, result in found]
    if as_json:
        print(json.dumps(make_report(image, spec, rows, is_told=told, levels=chosen)))
    else:
        print(write_table(rows), end="")
    return 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"There can be no folder {folder}: {error.strerror}.") from error


def _load(file: Path, methods: tuple[str, ...], zoo: "Zoo") -> "CleanImage":
    from denoise.evaluation.methods import prepare
    from denoise.images.reading import load_picture

    image = prepare(load_picture(file), methods, zoo=zoo)
    for sentence in image.warnings:
        print(sentence, file=sys.stderr)
    return image


def _printed(results: Iterator["MethodResult"]) -> Iterator["MethodResult"]:
    """Yield the results, each printed as a line of a table as it comes."""
    for number, result in enumerate(results):
        print(f"{HEAD}\n" * (number == 0) + _line(result), flush=True)
        yield result


def _line(result: "MethodResult") -> str:
    row = result.to_dict()
    figures = (
        _shown(row["psnr"], 8, ".2f"),
        _shown(row["ssim"], 7, ".4f"),
        _shown(row["haarpsi"], 8, ".4f"),
        _shown(row["seconds_per_mpixel"], 9, ".2f"),
        _shown(row["parameters"], 11, ","),
    )
    return " ".join([f"{result.method:14}", *figures, result.note]).rstrip()


def _shown(figure: float | None, width: int, form: str) -> str:
    return f"{'-' if figure is None else format(figure, form):>{width}}"
