"""How options are written, and those that several commands share."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from denoise.cli.console import logging_in_sentences, stopping_on_sigterm
from denoise.defaults import BUNDLED, DEVICES
from denoise.errors import SettingError
from denoise.images.picture import OUTPUT_FORMATS
from denoise.noise.kinds import KINDS
from denoise.noise.numbers import parse_number
from denoise.noise.typical_camera import STAGES

if TYPE_CHECKING:
    from denoise.zoo.zoo import Zoo

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
LEVEL_HELP = "0 means no noise; ignored for a mixture (0.1)"


class Several(click.Option):
    """An option that takes one or more values after one flag: `--levels 0.1 0.2`."""

    def __init__(self, names: Sequence[str] | None = None, **attributes: Any) -> None:
        super().__init__(names, multiple=True, **attributes)


class Command(click.Command):
    """A command that may have options of the class `Several`; SIGTERM stops it in order."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse words, among them several values after one flag."""
        flags = [flag for one in self.params if isinstance(one, Several) for flag in one.opts]
        try:
            return super().parse_args(ctx, list(_repeat_flags(args, flags)))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # that of a missing value has none, and so no usage
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Call the function; what it logs is printed in sentences."""
        with stopping_on_sigterm(), logging_in_sentences():
            return super().invoke(ctx)


def _repeat_flags(words: Sequence[str], flags: Sequence[str]) -> Iterator[str]:
    """Yield the words, with each of these flags before every value: click's form of them."""
    flag = last = ""
    for word in words:
        if word.startswith("-") and word != "-":
            flag = word if word in flags else ""
        elif flag and last != flag:
            yield flag
        yield word
        last = word


def together(*options: Callable[[FunctionT], FunctionT]) -> Callable[[FunctionT], FunctionT]:
    """Return one decorator for several options."""

    def decorate(function: FunctionT) -> FunctionT:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def gathered(name: str, kind: type) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return a decorator that hands the options that a dataclass names on as one object of it."""
    names = [field.name for field in fields(kind)]

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @wraps(function)
        def command(**options: Any) -> int:
            made = kind(**{one: options.pop(one) for one in names})
            return function(**{name: made}, **options)

        return command

    return decorate


def parse_level(text: str) -> float:
    """Return a noise level such as 0.1 or 25/255."""
    try:
        return parse_number(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a number such as 0.1 or a fraction such as 25/255."
        ) from None


def parse_sigma(text: str) -> float | None:
    """Return sigma; None: auto."""
    try:
        return None if text == "auto" else parse_number(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a number from 0 to 1, a fraction such as 25/255, or auto."
        ) from None


def flag(*names: str, help: str) -> Callable[[FunctionT], FunctionT]:  # noqa: A002
    """Return an option without a value."""
    return click.option(*names, is_flag=True, help=help)


input_options = together(
    click.argument(
        "inputs",
        type=Path,
        nargs=-1,
        required=True,
        metavar="IN...",
        help="files, folders or patterns; - is standard input",
    ),
    flag("--recursive", "is_recursive", help="folders with all below them"),
)
file_options = together(
    input_options,
    click.option(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="a file for one input, else a folder (made if need be); - is standard output",
    ),
    flag("--overwrite", "is_replacing", help="replace what is there; otherwise it is left"),
    click.option(
        "--format",
        "image_format",
        type=click.Choice(list(OUTPUT_FORMATS), case_sensitive=False),
        help="(the input's)",
    ),
    flag("--no-exif", help="leave the photo's details out of the output: camera, date, place"),
    flag("--json", "as_json", help="print one JSON report per picture"),
)
noise_options = together(
    click.option(
        "--kind",
        default="gaussian",
        metavar="KIND",
        help=f"{', '.join(KINDS)}, or a mixture such as gaussian:0.1+jpeg:0.4 (gaussian)",
    ),
    click.option("--seed", type=int, default=0, help="0 or more (0)"),
    flag("--gray", help="the same noise in all channels"),
    click.option(
        "--without",
        cls=Several,
        metavar="STAGE...",
        help=f"stages that a camera lacks: {', '.join(STAGES)}",
    ),
)
zoo_option = click.option(
    "--zoo",
    type=Path,
    metavar="DIR",
    help="folder of networks, such as what train wrote (DENOISE_HUB_REPO, else the bundled ones)",
)
device_option = click.option(
    "--device",
    envvar="DENOISE_DEVICE",
    default="auto",
    metavar="DEVICE",
    help=f"{', '.join(DEVICES)} (DENOISE_DEVICE, else auto)",
)
level_option = click.option(
    "--level", type=parse_level, default="0.1", metavar="LEVEL", help=LEVEL_HELP
)


def open_zoo(folder: Path | None = None) -> "Zoo":
    """Return a folder's networks; None: the environment's; SettingError: it is not there."""
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
