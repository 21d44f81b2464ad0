"""Many pictures: found, taken through the same work, and written where they belong.

While one is worked on, the next ones are read and the last ones are written.
"""

import argparse
import glob
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from denoise.errors import DenoiseError, ImageError, SettingError, why_not_written
from denoise.images import (
    FORMAT_SUFFIXES,
    SUFFIX_FORMATS,
    Picture,
    encode_picture,
    load_picture,
    save_picture,
)

READABLE_SUFFIXES = (*SUFFIX_FORMATS, ".bmp", ".gif")
FAILED_INPUT, MISUSE = 1, 2
PIPE = Path("-")  # standard input or output
THREADS = 2  # that read and write; the network takes all cores by itself

Report = dict[str, Any]
Work = Callable[[Picture], tuple[Picture, Report]]


class Job(NamedTuple):
    """A picture to read, and where to write what becomes of it."""

    file: Path
    output: Path


def find_jobs(options: argparse.Namespace) -> list[Job]:
    """Gives every input with its output, no two of which are the same.

    Raises:
        DenoiseError: inputs that are not there, or outputs that cannot be.
    """
    inputs = find_inputs(options)
    if options.output == PIPE:
        if len(inputs) > 1:
            raise SettingError("Standard output takes one picture; name a folder with -o.")
        if options.json:
            raise SettingError("--json prints where the picture would go; name a file with -o.")
        return [Job(inputs[0][0], PIPE)]
    return _name_outputs(inputs, options)


def convert(jobs: list[Job], work: Work, options: argparse.Namespace) -> int:
    """Takes every input through `work` to its output; one that fails stops no other.

    Outputs that are there already are left, unless `options.overwrite`.

    Returns:
        The exit code.
    """
    is_there = [_is(job.output.exists) and not options.overwrite for job in jobs]
    for job, skip in zip(jobs, is_there, strict=True):
        if skip and options.json:
            print(json.dumps({"input": str(job.file), "output": str(job.output), "skipped": True}))
    todo = [job for job, skip in zip(jobs, is_there, strict=True) if not skip]
    failed = 0
    done = _overlapped(todo, work, options.format)
    # None: no bar where it would be written into a file
    bar = tqdm(done, total=len(todo), disable=None if len(todo) > 1 else True, unit="picture")
    for job, outcome in bar:
        failed += isinstance(outcome, Exception)
        _tell(job, outcome, is_json=options.json)
    _sum_up(len(todo) - failed, sum(is_there), failed)
    return FAILED_INPUT if failed else 0


def find_inputs(options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Gives each input file with its path below the folder or pattern that was named.

    Raises:
        ImageError: a folder or pattern without pictures.
    """
    found: list[tuple[Path, Path]] = []
    for named in options.inputs:
        if named == PIPE:
            found.append((named, Path("picture")))
        elif _is(named.is_dir):
            found += _in_folder(named, is_recursive=options.recursive)
        elif not _is(named.exists) and glob.has_magic(str(named)):
            found += _matching(named, is_recursive=options.recursive)
        else:
            found.append((named, Path(named.name)))
    return found


def read(file: Path) -> Picture:
    """Gives the picture in a file, or on standard input.

    Raises:
        ImageError: as `load_picture` does.
    """
    if file != PIPE:
        return load_picture(file)
    if sys.stdin is None:
        raise ImageError("Standard input is closed; pipe a picture into it, or name a file.")
    return load_picture(sys.stdin.buffer.read())


def about(file: Path, sentence: str) -> str:
    """Gives the sentence with the file it is about, named once."""
    is_named = sentence.startswith(f"{file.name} ")
    return f"{file}{sentence.removeprefix(file.name)}" if is_named else f"{file}: {sentence}"


def complain(sentence: str, code: int) -> int:
    """Prints a sentence on standard error, above any progress bar, and gives the code back."""
    tqdm.write(sentence, file=sys.stderr)
    return code


def reason(error: Exception) -> str:
    """Gives why a picture failed, in a sentence."""
    if isinstance(error, OSError):
        return f"The output cannot be written: {why_not_written(error)}."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this picture; make it smaller."
    return str(error)


def _overlapped(
    jobs: list[Job], work: Work, image_format: str | None
) -> Iterator[tuple[Job, Report | Exception]]:
    """Gives each job with its report or failure, in turn; reads ahead and writes behind."""
    waiting = iter(jobs)
    writing: deque[tuple[Job, Report, Future[None]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        reading = deque((job, pool.submit(read, job.file)) for job in islice(waiting, THREADS))
        try:
            while reading:
                job, picture = reading.popleft()
                reading += [(after, pool.submit(read, after.file)) for after in islice(waiting, 1)]
                try:
                    result, report = work(picture.result())
                except (DenoiseError, OSError, MemoryError) as error:
                    yield job, error
                    continue
                writing.append((job, report, pool.submit(_write, result, job, image_format)))
                if len(writing) > THREADS:
                    yield _written(writing.popleft())
            yield from map(_written, writing)
        finally:
            pool.shutdown(cancel_futures=True)


def _write(picture: Picture, job: Job, image_format: str | None) -> None:
    if job.output == PIPE:
        if sys.stdout is None:
            raise ImageError("Standard output is closed; pipe it on, or name a file with -o.")
        sys.stdout.buffer.write(encode_picture(picture, format=image_format))
        sys.stdout.buffer.flush()
        return
    job.output.parent.mkdir(parents=True, exist_ok=True)
    save_picture(picture, job.output)


def _written(one: tuple[Job, Report, "Future[None]"]) -> tuple[Job, Report | Exception]:
    job, report, writing = one
    error = writing.exception()
    if error is None or isinstance(error, (DenoiseError, OSError, MemoryError)):
        return job, report if error is None else error
    raise error


def _tell(job: Job, outcome: Report | Exception, *, is_json: bool) -> None:
    files = {"input": str(job.file), "output": str(job.output)}
    if isinstance(outcome, Exception):
        why = reason(outcome)
        complain(about(job.file, why), FAILED_INPUT)
        if is_json:
            tqdm.write(json.dumps({**files, "error": why}))
        return
    if is_json:
        tqdm.write(json.dumps({**files, **outcome}))
    for warning in outcome["warnings"]:
        complain(about(job.file, warning), 0)


def _sum_up(written: int, left: int, failed: int) -> None:
    """Says how it went, where that is not plain already."""
    if left == 1 and not written + failed:
        complain("The output is there already and was left; --overwrite replaces it.", 0)
    elif left or (failed and written + failed > 1):
        words = [f"{written} of {written + left + failed} pictures written"]
        words += [f"{left} there already (--overwrite replaces)"] if left else []
        words += [f"{failed} failed"] if failed else []
        complain(f"{', '.join(words)}.", 0)


def _is(check: Callable[[], bool]) -> bool:
    """Tells what a path is; reading or writing one that may not be looked at says why."""
    try:
        return check()
    except PermissionError:
        return False


def _in_folder(folder: Path, *, is_recursive: bool) -> list[tuple[Path, Path]]:
    if not os.access(
        folder, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids
    ):
        raise ImageError(f"You may not read the folder {folder}; ask its owner, or choose another.")
    pattern = "**/*" if is_recursive else "*"
    files = sorted(
        file for file in folder.glob(pattern) if file.suffix.lower() in READABLE_SUFFIXES
    )
    if not files:
        raise ImageError(f"There are no pictures in the folder {folder}.")
    return [(file, file.relative_to(folder)) for file in files]


def _matching(pattern: Path, *, is_recursive: bool) -> list[tuple[Path, Path]]:
    """Gives the files of a pattern that the shell left as it was, with what is below its root."""
    files = sorted(map(Path, glob.glob(str(pattern), recursive=is_recursive)))  # noqa: PTH207
    files = [file for file in files if file.is_file()]
    if not files:
        raise ImageError(f"No file matches {pattern}.")
    parts = pattern.parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return [(file, Path(*file.parts[fixed:])) for file in files]


def _name_outputs(inputs: list[tuple[Path, Path]], options: argparse.Namespace) -> list[Job]:
    """Gives each input file with the file it is written to; no two are the same."""
    out: Path = options.output
    is_file = len(inputs) == 1 and not _is(out.is_dir) and out.suffix != ""
    _check_suffix(out, is_file=is_file, image_format=options.format)
    jobs = [
        Job(file, out if is_file else out / _with_suffix(below, options.format))
        for file, below in inputs
    ]
    writers: dict[Path, Path] = {}  # input by output
    for job in jobs:
        other = writers.setdefault(job.output.resolve(), job.file)
        if other != job.file:
            raise SettingError(
                f"{other.name} and {job.file.name} would both be written to {job.output.name}; "
                "rename one."
            )
    if set(writers) & {job.file.resolve() for job in jobs}:
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
    if not is_file and not _is(out.is_dir) and suffix in READABLE_SUFFIXES:
        raise SettingError(f"Several pictures go into a folder; {out.name} names one file.")


def _with_suffix(name: Path, image_format: str | None) -> Path:
    if image_format is not None:
        return name.with_suffix(FORMAT_SUFFIXES[image_format])
    return name if name.suffix.lower() in SUFFIX_FORMATS else name.with_suffix(".png")
