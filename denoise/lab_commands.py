"""The commands that show what noise does, and what each method does about it."""

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from denoise.errors import SettingError
from denoise.evaluation.comparison import compare, levels_for, sweep
from denoise.evaluation.methods import CleanImage, prepare
from denoise.evaluation.results import MethodResult, encode_files, make_report, write_table
from denoise.files import write_atomically
from denoise.images.reading import load_picture
from denoise.inference.denoiser import Denoiser
from denoise.noise.synthesis import NoiseSpec

HEAD = f"{'method':14} {'PSNR dB':>8} {'SSIM':>7} {'HaarPSI':>8} {'s/Mpixel':>9} {'parameters':>11}"


def compare_command(options: argparse.Namespace) -> int:
    """Prints what every method makes of one noisy picture; writes pictures and table if asked."""
    if options.output is not None:
        _make_folder(options.output)
    clean_image = _load(options)
    spec = _noise_spec(options, options.level)
    find_denoiser = partial(Denoiser, device=options.device, zoo=options.zoo)
    found = compare(clean_image, spec, find_denoiser, is_told=options.told)
    results = list(_printed(options, found))
    if options.output is not None:
        for name, content in encode_files(clean_image.clean, results):
            write_atomically(options.output / name, content)
    if options.json:
        rows = [result.to_dict() for result in results]
        print(json.dumps(make_report(clean_image, spec, rows, is_told=options.told)))
    return 0


def sweep_command(options: argparse.Namespace) -> int:
    """Prints how good every method is at one noise level after another, as CSV or JSON."""
    clean_image = _load(options)
    levels = options.levels or levels_for(options.kind)
    spec = _noise_spec(options, levels[0])
    find_denoiser = partial(Denoiser, device=options.device, zoo=options.zoo)
    found = sweep(clean_image, spec, levels, find_denoiser, is_told=options.told)
    rows = [{"level": level, **result.to_dict()} for level, result in found]
    if options.json:
        asked = {"is_told": options.told, "levels": levels}
        print(json.dumps(make_report(clean_image, spec, rows, **asked)))
    else:
        print(write_table(rows), end="")
    return 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"There can be no folder {folder}: {error.strerror}.") from error


def _load(options: argparse.Namespace) -> CleanImage:
    clean_image = prepare(load_picture(options.input), options.model or (), zoo=options.zoo)
    for sentence in clean_image.warnings:
        print(sentence, file=sys.stderr)
    return clean_image


def _noise_spec(options: argparse.Namespace, level: float) -> NoiseSpec:
    return NoiseSpec(
        kind=options.kind,
        level=level,
        seed=options.seed,
        gray=options.gray,
        eight_bit=not options.float,
        clip=options.clip,
    )


def _printed(
    options: argparse.Namespace, results: Iterator[MethodResult]
) -> Iterator[MethodResult]:
    """Yield the results, each printed as a line of a table as it comes."""
    for number, result in enumerate(results):
        if not options.json:
            print(f"{HEAD}\n" * (number == 0) + _line(result), flush=True)
        yield result


def _line(result: MethodResult) -> str:
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
