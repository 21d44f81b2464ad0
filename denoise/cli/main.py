"""The command line: `python -m denoise run | noise | estimate | models | train | ...`."""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from denoise.cli.benchmark import benchmark
from denoise.cli.console import FAILED_INPUT, MISUSE, complain, exit_code, reason
from denoise.cli.hub import deploy, publish, pull
from denoise.cli.lab import compare, sweep
from denoise.cli.pictures import estimate, models, noise, run
from denoise.cli.train import card, train
from denoise.defaults import __version__
from denoise.errors import DenoiseError

PROGRAM = "python -m denoise"


class Commands(click.Group):
    """A group of commands in the order of their use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order that they were added in, not by letter."""
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="denoise %(version)s")
def denoise() -> None:
    """Take noise out of pictures, and see how it is done."""


for _command in (run, noise, estimate, compare, sweep, models):
    denoise.add_command(_command)
for _command in (train, benchmark, card, deploy, publish, pull):
    denoise.add_command(_command)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for a failed input, 2 for misuse."""
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except click.exceptions.Exit as end:  # of --help and --version
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except DenoiseError as error:
        return complain(str(error), MISUSE)
    except KeyboardInterrupt as stop:
        return complain("Stopped.", exit_code(stop))
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        _drop_output()
        return complain(reason(error), FAILED_INPUT)


def _run(words: list[str]) -> int:
    # Not `denoise.main()`, which would have pipes and signals end in ways of its own.
    with denoise.make_context(PROGRAM, words) as context:
        code: int = denoise.invoke(context)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _drop_output() -> None:
    """Leave what was printed in vain, so that Python does not try again as it ends."""
    with suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
