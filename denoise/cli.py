"""The command line: `python -m denoise run | noise | estimate | models | train | ...`."""

import argparse
import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoise import batch, space_commands
from denoise.defaults import BUNDLED, DEFAULT_MODEL, DEVICES, DTYPES, LEVELS, __version__
from denoise.errors import DenoiseError, SettingError
from denoise.evaluation.baselines import BASELINES
from denoise.images.picture import OUTPUT_FORMATS
from denoise.noise.kinds import KINDS
from denoise.noise.numbers import parse_number
from denoise.stopping import exit_code, stopping_on_sigterm

if TYPE_CHECKING:
    from denoise.zoo.zoo import Zoo

Command = Callable[[argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0, 1 for a failed input, 2 for misuse."""
    options = _parser().parse_args(arguments)
    try:
        with stopping_on_sigterm(), batch.logging_in_sentences():
            return _run(options)
    except DenoiseError as error:
        return batch.complain(str(error), batch.MISUSE)
    except KeyboardInterrupt as stop:
        return batch.complain("Stopped.", exit_code(stop))
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        _drop_output()
        return batch.complain(batch.reason(error), batch.FAILED_INPUT)


def _run(options: argparse.Namespace) -> int:
    if hasattr(options, "zoo"):
        options.zoo = _open_zoo(options.zoo)
    code: int = options.command(options)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _drop_output() -> None:
    """Leaves what was printed in vain, so that Python does not try again as it ends."""
    with suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m denoise", description="Take noise out of pictures, and see how it is done."
    )
    parser.add_argument("--version", action="version", version=f"denoise {__version__}")
    sub = parser.add_subparsers(required=True, metavar="COMMAND")
    run = sub.add_parser("run", help="denoise pictures", description=RUN_HELP)
    _add_files(run)
    run.add_argument("--model", default=DEFAULT_MODEL, help=MODEL_HELP)
    run.add_argument("--sigma", type=_sigma, default=None, metavar="S", help=SIGMA_HELP)
    run.add_argument(
        "--choose", action="store_true", help="try several noise levels and use the best"
    )
    run.add_argument(
        "--strength", type=float, default=1.0, help="share of the change, 0 to 1 (%(default)s)"
    )
    run.add_argument(
        "--ensemble", action="store_true", help="best quality: mean of eight orientations, 8x time"
    )
    run.add_argument(
        "--texture",
        type=float,
        default=0.0,
        help="0: faithful, to 1: all of gan-photo's texture (%(default)s)",
    )
    run.add_argument(
        "--detail", type=float, default=0.0, help="share of removed detail given back (%(default)s)"
    )
    _add_zoo(run)
    _add_device(run)
    run.set_defaults(command=_late("commands", "run_command"))

    noise = sub.add_parser("noise", help="add noise to pictures", description=NOISE_HELP)
    _add_files(noise)
    _add_noise(noise)
    noise.add_argument("--level", type=_level, default=0.1, help=LEVEL_HELP)
    noise.set_defaults(command=_late("commands", "noise_command"))

    estimate = sub.add_parser(
        "estimate", help="say how noisy pictures are", description=ESTIMATE_HELP
    )
    estimate.add_argument("--json", action="store_true", help="a report for each, as JSON")
    estimate.add_argument("--model", help="say which noise level to tell this network, too")
    _add_inputs(estimate)
    _add_zoo(estimate)
    _add_device(estimate)
    estimate.set_defaults(command=_late("commands", "estimate_command"))

    _add_lab(sub)
    models = sub.add_parser("models", help="list the networks")
    models.add_argument("--json", action="store_true", help="every fact, as JSON")
    _add_zoo(models)
    models.set_defaults(command=_late("commands", "models_command"))
    _add_training(sub)
    _add_benchmark(sub)
    _add_card(sub)
    space_commands.add_deploy(sub)
    _add_hub(sub)
    return parser


def _late(module: str, name: str) -> Command:
    """Gives a command that is imported when it runs: PyTorch takes seconds to import."""

    def command(options: argparse.Namespace) -> int:
        code: int = getattr(import_module(f"denoise.{module}"), name)(options)
        return code

    return command


def _add_lab(sub: Any) -> None:
    compare = sub.add_parser(
        "compare", help="spoil a picture and see what each method saves", description=COMPARE_HELP
    )
    compare.add_argument("--level", type=_level, default=0.1, help=LEVEL_HELP)
    compare.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the pictures and table.csv"
    )
    compare.set_defaults(command=_late("lab_commands", "compare_command"))
    sweep = sub.add_parser("sweep", help="the same over many noise levels", description=SWEEP_HELP)
    sweep.add_argument(
        "--levels",
        type=_level,
        nargs="+",
        metavar="LEVEL",
        help=f"({' '.join(map(str, LEVELS))}, as far as the kind of noise goes)",
    )
    sweep.set_defaults(command=_late("lab_commands", "sweep_command"))
    for command in (compare, sweep):
        command.add_argument("input", type=Path, metavar="IN", help="a clean picture")
        _add_noise(command)
        command.add_argument(
            "--float", action="store_true", help="noise neither clipped nor rounded to 8 bits"
        )
        command.add_argument(
            "--clip", action="store_true", help="with --float: clipped all the same, not rounded"
        )
        command.add_argument(
            "--told", action="store_true", help="tell networks the level; classics always are"
        )
        command.add_argument(
            "--model",
            nargs="+",
            metavar="NAME",
            help=f"networks and {', '.join(BASELINES)} (all for such a picture that are quick)",
        )
        command.add_argument("--json", action="store_true", help="print one report as JSON")
        command.set_defaults(zoo=None)
        _add_device(command)


def _add_training(sub: Any) -> None:
    train = sub.add_parser("train", help="train a network", description=TRAIN_HELP)
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
    train.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="checkpoints (%(default)s)"
    )
    train.add_argument(
        "--recipe",
        default="ours",
        help="ours, or tutorial: as published, to compare (dense-mnist: tutorial-32, too; "
        "%(default)s)",
    )
    train.add_argument(
        "--start-from", metavar="MODEL", help="begin with the weights of a model of the zoo"
    )
    train.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="zoo that the network goes to (RUNS; RUNS/smoke of a smoke run, RUNS/RECIPE of "
        "another recipe); weights is the bundled one",
    )
    train.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        help="compile the network first (where it pays, and there is a C++ compiler)",
    )
    train.add_argument(
        "--distributed",
        action="store_true",
        help="several GPUs: `accelerate launch -m denoise train`",
    )
    train.add_argument(
        "--smoke", action="store_true", help="a few steps on made pictures, to see that it works"
    )
    _add_device(train)
    train.set_defaults(command=_late("workshop", "train_command"))


def _add_benchmark(sub: Any) -> None:
    benchmark = sub.add_parser("benchmark", help="measure networks", description=BENCHMARK_HELP)
    benchmark.add_argument(
        "--set",
        type=Path,
        metavar="DIR",
        help="folder of clean pictures, or mnist or fashion-mnist: their test pictures",
    )
    benchmark.add_argument(
        "--model",
        nargs="+",
        metavar="NAME",
        help=f"(--all: each that has bars; 28x28: all of the set; else {DEFAULT_MODEL})",
    )
    _add_zoo(benchmark)
    benchmark.add_argument(
        "--data",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="for mnist and fashion-mnist: folder of their files; none: they are downloaded",
    )
    benchmark.add_argument(
        "--sigma-255",
        type=float,
        nargs="+",
        default=[15.0, 25.0, 50.0],
        metavar="S",
        help="noise levels in steps of 1/255 (15 25 50)",
    )
    benchmark.add_argument(
        "--all", action="store_true", help="every figure that the zoo is held to, with its bar"
    )
    benchmark.add_argument(
        "--sets",
        type=Path,
        default=Path(os.environ.get("DENOISE_SETS", "data")),
        metavar="DIR",
        help="for --all: what CBSD68, BSD68, CID22-val and PolyU lie in (DENOISE_SETS, else data)",
    )
    benchmark.add_argument("--speed", action="store_true", help="seconds per Mpixel, too")
    benchmark.add_argument(
        "--record", action="store_true", help="write the figures into the model's config, too"
    )
    benchmark.add_argument("--dtype", choices=DTYPES, default="auto", help="(%(default)s)")
    _add_device(benchmark)
    benchmark.set_defaults(command=_late("benchmark_commands", "benchmark_command"))


def _add_card(sub: Any) -> None:
    card = sub.add_parser("card", help="write the cards of networks", description=CARD_HELP)
    card.add_argument("names", nargs="+", metavar="NAME", help="of bundled networks")
    card.add_argument(
        "--baseline",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="folders of what --recipe tutorial trained and benchmark --zoo DIR --record measured",
    )
    card.set_defaults(command=_late("workshop", "card_command"))


def _add_hub(sub: Any) -> None:
    publish = sub.add_parser("publish", help="upload networks to the Hub", description=PUBLISH_HELP)
    publish.add_argument("names", nargs="+", metavar="NAME", help="of networks in the folder")
    publish.add_argument("--private", action="store_true", help="of a repository made for this")
    publish.add_argument("--dry-run", action="store_true", help="only list what would be uploaded")
    publish.add_argument(
        "--zoo",
        dest="folder",
        type=Path,
        default=BUNDLED,
        metavar="DIR",
        help="folder of networks, such as runs (the bundled ones)",
    )
    publish.set_defaults(command=_late("hub_commands", "publish_command"))
    pull = sub.add_parser("pull", help="fetch networks from the Hub", description=PULL_HELP)
    pull.add_argument("names", nargs="*", metavar="NAME", help="(all of the repository)")
    pull.add_argument("--revision", help="branch, tag or 40 hex digits of a commit (main)")
    pull.add_argument(
        "-o",
        "--output",
        type=Path,
        default=BUNDLED,
        metavar="DIR",
        help="folder that they go to (that of the bundled ones)",
    )
    pull.add_argument(
        "--overwrite", action="store_true", help="replace another network of the same name"
    )
    pull.set_defaults(command=_late("hub_commands", "pull_command"))
    for command in (publish, pull):
        repo = os.environ.get("DENOISE_HUB_REPO")
        command.add_argument(
            "--repo",
            default=repo,
            required=not repo,
            metavar="ORG/NAME",
            help="on the Hub (DENOISE_HUB_REPO)",
        )


def _add_inputs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "inputs",
        type=Path,
        nargs="+",
        metavar="IN",
        help="files, folders or patterns; - is standard input",
    )
    command.add_argument("--recursive", action="store_true", help="folders with all below them")


def _add_files(command: argparse.ArgumentParser) -> None:
    _add_inputs(command)
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="a file for one input, else a folder (made if need be); - is standard output",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="replace what is there; otherwise it is left"
    )
    command.add_argument(
        "--format", type=str.upper, choices=list(OUTPUT_FORMATS), help="(the input's)"
    )
    command.add_argument(
        "--no-exif",
        dest="keep_exif",
        action="store_false",
        help="leave the photo's details out of the output: camera, date, place",
    )
    command.add_argument("--json", action="store_true", help="print a report a line")


def _add_noise(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--kind",
        default="gaussian",
        help=f"{', '.join(KINDS)}, or a mixture such as gaussian:0.1+jpeg:0.4 (%(default)s)",
    )
    command.add_argument("--seed", type=int, default=0, help="0 or more (%(default)s)")
    command.add_argument("--gray", action="store_true", help="the same noise in all channels")


def _add_zoo(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--zoo",
        type=Path,
        metavar="DIR",
        help="folder of networks, such as what train wrote (DENOISE_HUB_REPO, else the bundled "
        "ones)",
    )


def _open_zoo(folder: Path | None) -> "Zoo":
    """Gives the networks in a folder; None: those that the environment says.

    Raises:
        SettingError: a folder that is not there.
    """
    if folder is not None and not folder.is_dir():
        raise SettingError(f"There is no folder {folder} to take networks from.")
    from denoise.hub.repository import Repository
    from denoise.zoo.zoo import Zoo

    repo = os.environ.get("DENOISE_HUB_REPO")
    if folder is not None or not repo:
        return Zoo(folder or BUNDLED, takes_files=True)
    repository = Repository(repo, os.environ.get("DENOISE_HUB_REVISION") or None)
    zoo = Zoo(repository=repository, takes_files=True)
    zoo.warnings()  # which says them
    return zoo


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device",
        default=os.environ.get("DENOISE_DEVICE", "auto"),
        help=f"{', '.join(DEVICES)} (DENOISE_DEVICE, else auto)",
    )


def _sigma(text: str) -> float | None:
    try:
        return None if text == "auto" else parse_number(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number from 0 to 1, a fraction such as 25/255, or auto"
        ) from None


def _level(text: str) -> float:
    try:
        return parse_number(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number such as 0.1 or a fraction such as 25/255"
        ) from None


RUN_HELP = (
    "Denoise pictures. Bit depth, transparency, ICC profile, EXIF and resolution are kept, and so "
    "is the format; BMP and GIF are read only and become PNG."
)
MODEL_HELP = (
    "a name from `models`, or org/repo/name@revision on the Hub; with the extra [community] also "
    "anyone's checkpoint (.safetensors, .pth) of an architecture that spandrel knows: its path, on "
    "the Hub org/repo/file, or org/repo where it is the only one (%(default)s)"
)
NOISE_HELP = (
    "Add seeded noise to pictures. The level means: "
    + "; ".join(f"{kind.name}: {kind.meaning}, 0 to {kind.max_level:g}" for kind in KINDS.values())
    + "."
)
LEVEL_HELP = "0: none; the parts of a mixture have their own (%(default)s)"
ESTIMATE_HELP = (
    "Print the noise level of pictures, judged without the clean ones, and the correlation of "
    "neighbouring pixels' noise: 0 is white noise, 0.5 a camera's; of what was a JPEG, also the "
    "steps that it was rounded to. With --model, also the noise level to tell it, and the error "
    "that is estimated for each that was tried; a level other than auto must be better by a "
    "twentieth."
)
COMPARE_HELP = (
    "Add seeded noise to a clean picture, take it through networks and classical methods, and "
    "print how near each comes: PSNR, SSIM and HaarPSI of the results in 8 bits. Pictures above "
    "1 Mpixel are shrunk first."
)
SWEEP_HELP = "What compare prints, at one noise level after another: CSV, or JSON with --json."
SIGMA_HELP = "noise level as a standard deviation, 0 to 1, such as 0.1 or 25/255, or auto (auto)"
PUBLISH_HELP = (
    "Upload networks with their cards, and the manifest, in one commit, which is printed. The "
    "repository is made if need be. The token is that of `hf auth login` or HF_TOKEN."
)
PULL_HELP = (
    "Fetch networks, verified, and their cards into a folder. Another network of the same name "
    "that is there already stays, unless --overwrite is given."
)
TRAIN_HELP = (
    "Train a network. A run that was stopped goes on where it was; one that is asked to last "
    "longer is extended from before its rate fell."
)
CARD_HELP = (
    "Write README.md and its pictures into the folders of networks, from their configs; what "
    "`benchmark --record` measured stands in it. Wants matplotlib: the extra [figures]."
)
BENCHMARK_HELP = (
    "PSNR and SSIM of networks on a folder of clean pictures: Gaussian noise added as float, "
    "unclipped; the result rounded to 8 bits; the mean over the pictures. Told sigma, left to "
    "guess, and left to guess from a picture clipped and rounded to 8 bits."
)
