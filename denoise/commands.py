"""The commands for pictures; each gives its exit code."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from denoise.denoiser import Denoiser
from denoise.errors import DenoiseError, ImageError, SettingError
from denoise.estimate import estimate_sigma
from denoise.images import FORMAT_SUFFIXES, SUFFIX_FORMATS, Picture, load_picture, save_picture
from denoise.noise import find_stages, seeded_generator
from denoise.pipeline import denoise_picture, noise_picture
from denoise.settings import Settings
from denoise.weights import list_models

READABLE_SUFFIXES = (*SUFFIX_FORMATS, ".bmp", ".gif")
FAILED_INPUT, MISUSE = 1, 2

Work = Callable[[Picture], tuple[Picture, dict[str, Any]]]


def run_command(options: argparse.Namespace) -> int:
    """Denoises pictures."""
    settings = Settings(
        options.sigma, options.strength, options.ensemble, options.texture, options.detail
    )
    denoiser = Denoiser(options.model, device=options.device)
    return _convert(options, lambda picture: denoise_picture(picture, denoiser, settings))


def noise_command(options: argparse.Namespace) -> int:
    """Adds noise to pictures."""
    find_stages(options.kind, options.level)
    seeded_generator(options.seed)
    return _convert(
        options,
        lambda picture: noise_picture(
            picture, options.kind, options.level, seed=options.seed, gray=options.gray
        ),
    )


def estimate_command(options: argparse.Namespace) -> int:
    """Prints how noisy pictures are."""
    failed = 0
    for file, _ in _find_inputs(options):
        try:
            sigma = estimate_sigma(load_picture(file).pixels)
        except DenoiseError as error:
            failed = complain(_about(file, str(error)), FAILED_INPUT)
        else:
            print(f"{file}\t{sigma:.4f}\t{sigma * 255:.1f}/255")
    return failed


def models_command(options: argparse.Namespace) -> int:
    """Lists the networks."""
    models = list_models()
    if options.json:
        print(json.dumps([asdict(facts) for facts in models], indent=2))
        return 0
    width = max((len(facts.name) for facts in models), default=0)
    for facts in models:
        print(f"{facts.name:{width}}  {facts.parameters / 1e6:5.2f} M parameters  {facts.summary}")
    return 0


def _convert(options: argparse.Namespace, work: Work) -> int:
    """Takes every input through `work` to its output; one that fails stops no other."""
    jobs = _name_outputs(_find_inputs(options), options)
    failed = 0
    # None: no bar where it would be written into a file
    for file, output in tqdm(jobs, disable=None if len(jobs) > 1 else True, unit="picture"):
        try:
            result, report = work(load_picture(file))
            output.parent.mkdir(parents=True, exist_ok=True)
            save_picture(result, output)
        except (DenoiseError, OSError) as error:
            complain(_about(file, _reason(error)), FAILED_INPUT)
            failed += 1
            continue
        if options.json:
            tqdm.write(json.dumps({"input": str(file), "output": str(output), **report}))
        for warning in report["warnings"]:
            complain(_about(file, warning), 0)
    if failed and len(jobs) > 1:
        complain(f"{len(jobs) - failed} of {len(jobs)} pictures were written.", FAILED_INPUT)
    return FAILED_INPUT if failed else 0


def _about(file: Path, sentence: str) -> str:
    """Gives the sentence with the file it is about, named once."""
    is_named = sentence.startswith(f"{file.name} ")
    return f"{file}{sentence.removeprefix(file.name)}" if is_named else f"{file}: {sentence}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The output cannot be written: {error.strerror or 'the disk refused it'}."
    return str(error)


def _find_inputs(options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Gives each input file with its path below the folder that was named."""
    found = []
    for named in options.inputs:
        if not named.is_dir():
            found.append((named, Path(named.name)))
            continue
        pattern = "**/*" if options.recursive else "*"
        files = sorted(
            file for file in named.glob(pattern) if file.suffix.lower() in READABLE_SUFFIXES
        )
        if not files:
            raise ImageError(f"There are no pictures in the folder {named}.")
        found += [(file, file.relative_to(named)) for file in files]
    return found


def _name_outputs(
    inputs: list[tuple[Path, Path]], options: argparse.Namespace
) -> list[tuple[Path, Path]]:
    """Gives each input file with the file it is written to; no two are the same."""
    out: Path = options.output
    is_file = len(inputs) == 1 and not out.is_dir() and out.suffix != ""
    _check_suffix(out, is_file=is_file, image_format=options.format)
    jobs = [
        (file, out if is_file else out / _with_suffix(below, options.format))
        for file, below in inputs
    ]
    outputs = [output.resolve() for _, output in jobs]
    if len(set(outputs)) < len(outputs):
        raise SettingError("Two of the inputs would be written to the same file; rename one.")
    if set(outputs) & {file.resolve() for file, _ in jobs}:
        raise SettingError("An output would replace its input; choose another -o.")
    return jobs


def _check_suffix(out: Path, *, is_file: bool, image_format: str | None) -> None:
    suffix = out.suffix.lower()
    if is_file and suffix not in SUFFIX_FORMATS:
        raise SettingError(
            f"A picture is written as {', '.join(SUFFIX_FORMATS)}; {out.name} is none of them."
        )
    if is_file and image_format is not None and SUFFIX_FORMATS[suffix] != image_format:
        raise SettingError(f"{out.name} and --format {image_format.lower()} name two formats.")
    if not is_file and not out.is_dir() and suffix in READABLE_SUFFIXES:
        raise SettingError(f"Several pictures go into a folder; {out.name} names one file.")


def _with_suffix(name: Path, image_format: str | None) -> Path:
    if image_format is not None:
        return name.with_suffix(FORMAT_SUFFIXES[image_format])
    return name if name.suffix.lower() in SUFFIX_FORMATS else name.with_suffix(".png")


def complain(sentence: str, code: int) -> int:
    """Prints a sentence on standard error, above any progress bar, and gives the code back."""
    tqdm.write(sentence, file=sys.stderr)
    return code
