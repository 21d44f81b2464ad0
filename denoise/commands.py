"""What the commands of the command line do; each gives its exit code."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from denoise.denoiser import Denoiser
from denoise.errors import DenoiseError, ImageError, SettingError
from denoise.estimate import estimate_sigma
from denoise.images import FORMAT_SUFFIXES, SUFFIX_FORMATS, Picture, load_picture, save_picture
from denoise.noise import check_level, find_kind, seeded_generator
from denoise.pipeline import denoise_picture, noise_picture
from denoise.settings import Settings
from denoise.weights import list_models

if TYPE_CHECKING:
    from denoise.training.loop import Progress

READABLE_SUFFIXES = (*SUFFIX_FORMATS, ".bmp", ".gif")
TABLE_HEAD = (
    "| model | set | pictures | sigma/255 | told | noise | noisy dB | PSNR dB | SSIM |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
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
    check_level(find_kind(options.kind), options.level)
    seeded_generator(options.seed)
    return _convert(
        options,
        lambda picture: noise_picture(picture, options.kind, options.level, seed=options.seed),
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
        record(denoiser, rows, seconds)
    return 0


def _print_scorecard(options: argparse.Namespace) -> int:
    """Prints every figure that the zoo is held to; 1 where one is missed or was not measured."""
    from denoise.scorecard import judge

    code = 0
    print("| model | figure | measured | bar | |\n|---|---|---|---|---|")
    verdicts = judge(
        options.sets, lambda name: Denoiser(name, device=options.device, dtype=options.dtype)
    )
    for verdict in verdicts:
        goal, figure = verdict.goal, verdict.figure
        is_met = figure is not None and goal.is_met(figure)
        shown = verdict.reason if figure is None else f"{figure:.2f}"
        limit = f"{'at most' if goal.is_ceiling else 'at least'} {goal.bar:g}"
        word = "met" if is_met else "not measured" if figure is None else "missed"
        print(f"| {goal.model} | {goal.what} | {shown} | {limit} | {word} |", flush=True)
        code = code if is_met else FAILED_INPUT
    return code


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
