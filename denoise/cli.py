"""The command line: `python -m denoise run | noise | estimate | models | train | benchmark`."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from denoise.denoiser import DEFAULT_MODEL, Denoiser
from denoise.devices import DEVICES, DTYPES
from denoise.errors import DenoiseError, ImageError, SettingError
from denoise.estimate import estimate_sigma
from denoise.images import Picture, load_picture, save_picture
from denoise.noise import KINDS, check_level, find_kind, seeded_generator
from denoise.pipeline import denoise_picture, noise_picture
from denoise.sigma import check_share, check_sigma
from denoise.weights import list_models

if TYPE_CHECKING:
    from denoise.training.loop import Progress

FORMAT_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "TIFF": ".tif"}
WRITABLE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
READABLE_SUFFIXES = (*WRITABLE_SUFFIXES, ".bmp", ".gif")
FAILED_INPUT, MISUSE = 1, 2

Work = Callable[[Picture], tuple[Picture, dict[str, Any]]]


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0, 1 for a failed input, 2 for misuse."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except DenoiseError as error:
        return _complain(str(error), MISUSE)
    except KeyboardInterrupt:
        return _complain("Stopped.", 130)
    return code


def _run(options: argparse.Namespace) -> int:
    if options.sigma is not None:
        check_sigma(options.sigma)
    check_share("strength", options.strength)
    denoiser = Denoiser(options.model, device=options.device)
    return _convert(
        options,
        lambda picture: denoise_picture(
            picture, denoiser, options.sigma, options.strength, ensemble=options.ensemble
        ),
    )


def _noise(options: argparse.Namespace) -> int:
    check_level(find_kind(options.kind), options.level)
    seeded_generator(options.seed)
    return _convert(
        options,
        lambda picture: noise_picture(picture, options.kind, options.level, seed=options.seed),
    )


def _estimate(options: argparse.Namespace) -> int:
    failed = 0
    for file, _ in _find_inputs(options):
        try:
            sigma = estimate_sigma(load_picture(file).pixels)
        except DenoiseError as error:
            failed = _complain(f"{file}: {error}", FAILED_INPUT)
        else:
            print(f"{file}\t{sigma:.4f}\t{sigma * 255:.1f}/255")
    return failed


def _models(options: argparse.Namespace) -> int:
    models = list_models()
    if options.json:
        print(json.dumps([asdict(facts) for facts in models], indent=2))
        return 0
    width = max((len(facts.name) for facts in models), default=0)
    for facts in models:
        print(f"{facts.name:{width}}  {facts.parameters / 1e6:5.2f} M parameters  {facts.summary}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from denoise.training.loop import Budget
    from denoise.training.train import TrainingRun, train

    is_told = options.steps is not None or options.minutes is not None
    run = TrainingRun(
        name=options.name,
        folders=tuple(options.data),
        budget=Budget(steps=options.steps, minutes=options.minutes) if is_told else None,
        seed=options.seed,
        device=options.device,
        runs=options.runs,
        weights=options.out,
    )
    with tqdm(unit="step", desc=options.name) as bar:
        for progress in train(run):
            bar.total = progress.steps
            bar.set_postfix_str(_progress_text(progress), refresh=False)
            bar.update(progress.step - bar.n)
    print(f"Wrote {options.out / options.name}.")
    return 0


def _progress_text(progress: "Progress") -> str:
    left = f"{(progress.seconds_left or 0) / 60:.0f} min left"
    watched = f", {progress.psnr:.2f} dB" if progress.psnr is not None else ""
    return f"loss {progress.loss:.4f}{watched}, {left}"


def _benchmark(options: argparse.Namespace) -> int:
    from denoise.benchmark import measure_speed, measure_table

    denoisers = [
        Denoiser(name, device=options.device, dtype=options.dtype) for name in options.model
    ]
    if options.speed:
        for denoiser in denoisers:
            print(f"{denoiser.facts.name}: {measure_speed(denoiser):.3f} s/Mpixel")
    if options.set is None:
        return 0
    print("| model | set | pictures | sigma/255 | told | noise | noisy dB | PSNR dB | SSIM |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in measure_table(denoisers, options.set, options.sigma_255):
        noise = "8 bits" if row.eight_bit else "float"
        print(
            f"| {row.model} | {row.set_name} | {row.pictures} | {row.sigma_255:g} | "
            f"{'yes' if row.told else 'no'} | {noise} | {row.psnr_noisy:.2f} | {row.psnr:.2f} | "
            f"{row.ssim:.4f} |",
            flush=True,
        )
    return 0


def _convert(options: argparse.Namespace, work: Work) -> int:
    """Takes every input through `work` to its output; one that fails stops no other."""
    jobs = _name_outputs(_find_inputs(options), options)
    failed = 0
    for file, output in tqdm(jobs, disable=len(jobs) < 2, unit="picture"):
        try:
            result, report = work(load_picture(file))
            output.parent.mkdir(parents=True, exist_ok=True)
            save_picture(result, output)
        except (DenoiseError, OSError) as error:
            failed = _complain(f"{file}: {_reason(error)}", FAILED_INPUT)
            continue
        if options.json:
            tqdm.write(json.dumps({"input": str(file), "output": str(output), **report}))
        for warning in report["warnings"]:
            _complain(f"{file}: {warning}", 0)
    return failed


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
    if is_file and out.suffix.lower() not in WRITABLE_SUFFIXES:
        raise SettingError(
            f"A picture is written as {', '.join(WRITABLE_SUFFIXES)}; {out.name} is none of them."
        )
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


def _with_suffix(name: Path, image_format: str | None) -> Path:
    if image_format is not None:
        return name.with_suffix(FORMAT_SUFFIXES[image_format])
    return name if name.suffix.lower() in WRITABLE_SUFFIXES else name.with_suffix(".png")


def _complain(sentence: str, code: int) -> int:
    tqdm.write(sentence, file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m denoise", description="Take noise out of pictures, and see how it is done."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="denoise pictures", description=RUN_HELP)
    _add_files(run)
    run.add_argument("--model", default=DEFAULT_MODEL, help="a name from `models` (%(default)s)")
    run.add_argument("--sigma", type=_sigma, default=None, metavar="S", help=SIGMA_HELP)
    run.add_argument(
        "--strength", type=float, default=1.0, help="share of the change, 0 to 1 (%(default)s)"
    )
    run.add_argument(
        "--ensemble", action="store_true", help="best quality: mean of eight orientations, 8x time"
    )
    _add_device(run)
    run.set_defaults(command=_run)

    noise = commands.add_parser("noise", help="add noise to pictures", description=NOISE_HELP)
    _add_files(noise)
    noise.add_argument("--kind", default="gaussian", help=f"{', '.join(KINDS)} (%(default)s)")
    noise.add_argument("--level", type=float, default=0.1, help="0: none (%(default)s)")
    noise.add_argument("--seed", type=int, default=0, help="0 or more (%(default)s)")
    noise.set_defaults(command=_noise)

    estimate = commands.add_parser("estimate", help="say how noisy pictures are")
    _add_inputs(estimate)
    estimate.set_defaults(command=_estimate)

    models = commands.add_parser("models", help="list the networks")
    models.add_argument("--json", action="store_true", help="every fact, as JSON")
    models.set_defaults(command=_models)
    _add_training(commands)
    _add_benchmark(commands)
    return parser


def _add_training(commands: Any) -> None:
    train = commands.add_parser("train", help="train a network", description=TRAIN_HELP)
    train.add_argument("name", help="the network, such as conv-photo")
    train.add_argument(
        "--data",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder of training pictures; may be given several times",
    )
    train.add_argument("--minutes", type=float, help="how long to train")
    train.add_argument("--steps", type=int, help="how long to train, repeatable to the bit")
    train.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    train.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints (%(default)s)")
    train.add_argument("--out", type=Path, default=Path("weights"), help="result (%(default)s)")
    _add_device(train)
    train.set_defaults(command=_train)


def _add_benchmark(commands: Any) -> None:
    benchmark = commands.add_parser(
        "benchmark", help="measure networks", description=BENCHMARK_HELP
    )
    benchmark.add_argument("--set", type=Path, metavar="DIR", help="folder of clean pictures")
    benchmark.add_argument("--model", nargs="+", default=[DEFAULT_MODEL], help="(%(default)s)")
    benchmark.add_argument(
        "--sigma-255",
        type=float,
        nargs="+",
        default=[15.0, 25.0, 50.0],
        metavar="S",
        help="noise levels in steps of 1/255 (15 25 50)",
    )
    benchmark.add_argument("--speed", action="store_true", help="seconds per Mpixel, too")
    benchmark.add_argument("--dtype", choices=list(DTYPES), default="auto", help="(%(default)s)")
    _add_device(benchmark)
    benchmark.set_defaults(command=_benchmark)


def _add_inputs(command: argparse.ArgumentParser) -> None:
    command.add_argument("inputs", type=Path, nargs="+", metavar="IN", help="files or folders")
    command.add_argument("--recursive", action="store_true", help="folders with all below them")


def _add_files(command: argparse.ArgumentParser) -> None:
    _add_inputs(command)
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="a file for one input, else a folder (made if need be)",
    )
    command.add_argument(
        "--format", type=str.upper, choices=list(FORMAT_SUFFIXES), help="(the input's)"
    )
    command.add_argument("--json", action="store_true", help="print a report a line")


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device",
        default=os.environ.get("DENOISE_DEVICE", "auto"),
        help=f"{', '.join(DEVICES)} (DENOISE_DEVICE, else auto)",
    )


def _sigma(text: str) -> float | None:
    try:
        return None if text == "auto" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1, or auto") from None


RUN_HELP = "Denoise pictures. Format, bit depth, transparency, ICC profile and EXIF are kept."
NOISE_HELP = (
    "Add seeded noise to pictures. The level means: "
    + "; ".join(f"{kind.name}: {kind.meaning}, 0 to {kind.max_level:g}" for kind in KINDS.values())
    + "."
)
SIGMA_HELP = "noise level as a standard deviation, 0 to 1 (25/255 is 0.098), or auto (auto)"
TRAIN_HELP = (
    "Train a network. A run that was stopped goes on where it was; one that is asked to last "
    "longer is extended from before its rate fell."
)
BENCHMARK_HELP = (
    "PSNR and SSIM of networks on a folder of clean pictures: Gaussian noise added as float, "
    "unclipped; the result rounded to 8 bits; the mean over the pictures. Told sigma, left to "
    "guess, and left to guess from a picture clipped and rounded to 8 bits."
)
