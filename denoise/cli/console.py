"""What a command says and how it ends: sentences on standard error, exit codes, signals."""

import json
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from denoise.errors import why_not_written

FAILED_INPUT, MISUSE = 1, 2


class Terminated(KeyboardInterrupt):
    """SIGTERM has come."""


def complain(sentence: str, code: int) -> int:
    """Print a sentence on standard error, above any progress bar, and return the code."""
    from tqdm import tqdm  # no `--help` waits for it

    tqdm.write(sentence, file=sys.stderr)
    return code


def about(file: Path, sentence: str) -> str:
    """Return the sentence with the file it is about, named once."""
    is_named = sentence.startswith(f"{file.name} ")
    return f"{file}{sentence.removeprefix(file.name)}" if is_named else f"{file}: {sentence}"


def reason(error: Exception) -> str:
    """Return why a picture failed, in a sentence."""
    if isinstance(error, OSError):
        return f"The output cannot be written: {why_not_written(error)}."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this picture; make it smaller."
    return str(error)


def tell_closed(closed: Mapping[Path, str], *, as_json: bool) -> None:
    """Say which folders cannot be read."""
    for folder, why in closed.items():
        complain(why, FAILED_INPUT)
        if as_json:
            print(json.dumps({"input": str(folder), "error": why}))


def tell_others(others: Mapping[str, int]) -> None:
    """Say which files below folders are left out, since they are no pictures by their suffix."""
    if others:
        kinds = ", ".join(sorted(others))
        complain(
            f"Left out, since their suffixes are of no picture: {sum(others.values())} ({kinds}).",
            0,
        )


class _Sentences(logging.Handler):
    """Print log messages, but not those of an exception: a sentence of its own follows it."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is None:
            complain(record.getMessage(), 0)


@contextmanager
def logging_in_sentences() -> Iterator[None]:
    """Print what the package logs on standard error, without tracebacks."""
    handler, log = _Sentences(logging.WARNING), logging.getLogger("denoise")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Raise `Terminated` when SIGTERM comes, unless the caller has a handler of its own.

    `kill` and containers send it: it stops the work as Ctrl-C does.
    """
    is_main = threading.current_thread() is threading.main_thread()  # which gets the signals
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def exit_code(stop: KeyboardInterrupt) -> int:
    """Return the code that shells know the signal by."""
    return 128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)


def _stop(*_: Any) -> None:
    raise Terminated
