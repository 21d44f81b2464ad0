"""The commands that show what noise does, and what each method does about it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from denoise.cli.options import (
    Command,
    Several,
    device_option,
    flag,
    gathered,
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
    from denoise.noise.synthesis import NoiseSpec
    from denoise.zoo.zoo import Zoo

COMPARE_HELP = (
    "Add seeded noise to a clean picture, take it through networks and classical methods, and "
    "print how near each comes: PSNR, SSIM and HaarPSI of the results in 8 bits. Pictures above "
    "1 Mpixel are shrunk first."
)
SWEEP_HELP = "What compare prints, at one noise level after another: CSV, or JSON with --json."
COLUMNS = {  # width and format by figure
    "psnr": (8, ".2f"),
    "ssim": (7, ".4f"),
    "haarpsi": (8, ".4f"),
    "seconds_per_mpixel": (9, ".2f"),
    "parameters": (11, ","),
}
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


@dataclass(frozen=True)
class Lab:
    """The options that both commands have."""

    file: Path
    kind: str
    seed: int
    gray: bool
    without: tuple[str, ...]
    as_float: bool
    clip: bool
    told: bool
    methods: tuple[str, ...]
    as_json: bool
    device: str

    def spec(self, level: float) -> "NoiseSpec":
        """Return the noise of a level."""
        from denoise.noise.synthesis import NoiseSpec

        return NoiseSpec(
            kind=self.kind,
            level=level,
            seed=self.seed,
            gray=self.gray,
            eight_bit=not self.as_float,
            clip=self.clip,
            without=self.without,
        )


@click.command(
    cls=Command, short_help="add noise to a picture and compare methods", help=COMPARE_HELP
)
@level_option
@click.option(
    "-o", "--output", type=Path, metavar="DIR", help="folder for the pictures and table.csv"
)
@lab_options
@gathered("lab", Lab)
def compare(lab: Lab, level: float, output: Path | None) -> int:
    """Print what every method makes of a noisy picture; write pictures and table if asked."""
    from denoise.evaluation.comparison import compare as compare_methods
    from denoise.evaluation.results import encode_files, make_report
    from denoise.files import write_atomically
    from denoise.inference.denoiser import Denoiser

    zoo = open_zoo()
    if output is not None:
        _make_folder(output)
    image, spec = _load(lab, zoo), lab.spec(level)
    find_denoiser = partial(Denoiser, device=lab.device, zoo=zoo)
    found = compare_methods(image, spec, find_denoiser, is_told=lab.told)
    results = list(found if lab.as_json else _printed(found))
    if output is not None:
        for name, content in encode_files(image.clean, results):
            write_atomically(output / name, content)
    if lab.as_json:
        rows = [result.to_dict() for result in results]
        print(json.dumps(make_report(image, spec, rows, is_told=lab.told)))
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
@gathered("lab", Lab)
def sweep(lab: Lab, levels: tuple[float, ...]) -> int:
    """Print how good every method is at one noise level after another, as CSV or JSON."""
    from denoise.evaluation.comparison import levels_for
    from denoise.evaluation.comparison import sweep as sweep_levels
    from denoise.evaluation.results import make_report, write_table
    from denoise.inference.denoiser import Denoiser

    zoo = open_zoo()
    image = _load(lab, zoo)
    chosen = list(levels) or levels_for(lab.kind)
    spec, find_denoiser = lab.spec(chosen[0]), partial(Denoiser, device=lab.device, zoo=zoo)
    found = sweep_levels(image, spec, chosen, find_denoiser, is_told=lab.told)
    rows = [{"level": level, **result.to_dict()} for level, result in found]
    if lab.as_json:
        print(json.dumps(make_report(image, spec, rows, is_told=lab.told, levels=chosen)))
    else:
        print(write_table(rows), end="")
    return 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"There can be no folder {folder}: {error.strerror}.") from error


def _load(lab: Lab, zoo: "Zoo") -> "CleanImage":
    from denoise.evaluation.methods import prepare
    from denoise.images.reading import load_picture

    image = prepare(load_picture(lab.file), lab.methods, zoo=zoo)
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
    figures = [
        f"{'-' if row[name] is None else format(row[name], form):>{width}}"
        for name, (width, form) in COLUMNS.items()
    ]
    return " ".join([f"{result.method:14}", *figures, result.note]).rstrip()
