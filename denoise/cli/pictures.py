"""The commands for pictures, and the list of networks; each returns its exit code."""

import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from denoise.cli.console import FAILED_INPUT, about, complain, tell_closed, tell_others
from denoise.cli.inputs import Files, find_inputs
from denoise.cli.options import (
    Command,
    device_option,
    file_options,
    flag,
    gathered,
    input_options,
    level_option,
    noise_options,
    open_zoo,
    parse_sigma,
    zoo_option,
)
from denoise.defaults import DEFAULT_MODEL
from denoise.errors import DenoiseError
from denoise.noise.kinds import KINDS

RUN_HELP = (
    "Denoise pictures. Bit depth, transparency, ICC profile, EXIF and resolution are kept, and so "
    "is the format where it can be written: HEIC becomes JPEG, a camera's raw file a TIFF of 16 "
    "bits, BMP and GIF become PNG."
)
MODEL_HELP = (
    "a name from `models`, or org/repo/name@revision on the Hub; with the extra [community] also "
    "anyone's checkpoint (.safetensors, .pth) of an architecture that spandrel knows: its path, on "
    f"the Hub org/repo/file, or org/repo where it is the only one ({DEFAULT_MODEL})"
)
SIGMA_HELP = "noise level as a standard deviation, 0 to 1, such as 0.1 or 25/255, or auto (auto)"
NOISE_HELP = (
    "Add seeded noise to pictures. The level means: "
    + "; ".join(f"{kind.name}: {kind.meaning}, 0 to {kind.max_level:g}" for kind in KINDS.values())
    + "."
)
ESTIMATE_HELP = (
    "Print the noise level of pictures, judged without the clean ones, and the correlation of "
    "neighbouring pixels' noise: 0 is white noise, 0.5 a camera's; of what was a JPEG, also the "
    "steps that it was rounded to. With --model, also the noise level to tell it, and the error "
    "that is estimated for each that was tried; a level other than auto must be better by a "
    "twentieth."
)


@click.command(cls=Command, short_help="denoise pictures", help=RUN_HELP)
@file_options
@click.option("--model", default=DEFAULT_MODEL, metavar="MODEL", help=MODEL_HELP)
@click.option("--sigma", type=parse_sigma, metavar="S", help=SIGMA_HELP)
@click.option("--strength", type=float, default=1.0, help="share of the change, 0 to 1 (1.0)")
@flag("--ensemble", help="best quality: mean of eight orientations, 8x time")
@click.option(
    "--texture", type=float, default=0.0, help="0: faithful, to 1: all of gan-photo's texture (0.0)"
)
@click.option("--detail", type=float, default=0.0, help="share of removed detail given back (0.0)")
@zoo_option
@device_option
@gathered("files", Files)
def run(
    files: Files,
    model: str,
    sigma: float | None,
    strength: float,
    ensemble: bool,
    texture: float,
    detail: float,
    zoo: Path | None,
    device: str,
) -> int:
    """Denoise pictures."""
    from denoise.cli.batch import convert
    from denoise.inference.denoiser import Denoiser
    from denoise.inference.pipeline import denoise_picture
    from denoise.inference.settings import Settings

    settings = Settings(
        sigma=sigma,
        strength=strength,
        ensemble=ensemble,
        texture=texture,
        detail=detail,
    )
    denoiser = Denoiser(model, device=device, zoo=open_zoo(zoo))
    denoiser.check(settings)
    work = partial(denoise_picture, denoiser=denoiser, settings=settings)
    return convert(files, work)


@click.command(cls=Command, short_help="add noise to pictures", help=NOISE_HELP)
@file_options
@noise_options
@level_option
@gathered("files", Files)
def noise(
    files: Files, kind: str, seed: int, gray: bool, without: tuple[str, ...], level: float
) -> int:
    """Add noise to pictures."""
    from denoise.cli.batch import convert
    from denoise.inference.pipeline import noise_picture
    from denoise.noise.synthesis import NoiseSpec

    spec = NoiseSpec(kind=kind, level=level, seed=seed, gray=gray, without=without)
    return convert(files, partial(noise_picture, spec=spec))


@click.command(cls=Command, short_help="say how noisy pictures are", help=ESTIMATE_HELP)
@input_options
@flag("--json", "as_json", help="a report for each, as JSON")
def estimate(
    inputs: tuple[Path, ...],
    is_recursive: bool,
    as_json: bool,
) -> int:
    """Print how noisy pictures are."""
    from denoise.cli.batch import read
    from denoise.inference.pipeline import estimate_picture

    files, closed, others = find_inputs(inputs, is_recursive=is_recursive)
    tell_closed(closed, as_json=as_json)
    tell_others(others)
    failed = FAILED_INPUT if closed else 0
    for file, _ in files:
        try:
            report = estimate_picture(read(file)).to_dict()
        except DenoiseError as error:
            failed = complain(about(file, str(error)), FAILED_INPUT)
        else:
            print(_estimate_words(str(file), report, as_json=as_json))
    return failed


def _estimate_words(file: str, report: dict[str, Any], *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"input": file} | report)
    level = f"{report['sigma']:.4f}\t{report['sigma_255']:.1f}/255"
    step = report["jpeg_step"]
    jpeg = "" if step is None else f"\tJPEG, steps of {255 * step:.1f}/255"
    return f"{file}\t{level}\tcorrelation {report['correlation']:.2f}{jpeg}"


@click.command(cls=Command, short_help="list the networks", help="List the networks.")
@flag("--json", "as_json", help="every fact, as JSON")
@zoo_option
def models(as_json: bool, zoo: Path | None) -> int:
    """List the networks."""
    networks = open_zoo(zoo)
    listed = networks.list_models()
    if as_json:
        print(json.dumps([asdict(facts) for facts in listed], indent=2))
        return 0
    if not listed:
        print(f"There are no networks in {networks}.", file=sys.stderr)
    width = max((len(facts.name) for facts in listed), default=0)
    for facts in listed:
        print(f"{facts.name:{width}}  {facts.parameters:>9,} parameters  {facts.summary}")
    return 0
