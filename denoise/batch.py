"""Many pictures, taken through the same work and written where they belong.

While one is worked on, the next ones are read and the last ones are written.
"""

import argparse
import json
import logging
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from tqdm import tqdm

from denoise.errors import DenoiseError, ImageError, why_not_written
from denoise.images.picture import Picture
from denoise.images.reading import MAX_BYTES, load_picture
from denoise.images.writing import encode_picture, save_picture
from denoise.inference.report import NoiseReport, Report
from denoise.inputs import PIPE, Job, Plan, is_so

FAILED_INPUT, MISUSE = 1, 2
BLOCK = 1 << 16  # bytes, of a pipe
THREADS = 2  # that read and write; the network takes all cores by itself

Reported = Report | NoiseReport
Work = Callable[[Picture], tuple[Picture, Reported]]
DoneT = TypeVar("DoneT")


@dataclass
class Count:
    """How many pictures there were, and what became of them."""

    pictures: int
    there: int  # already
    closed: int  # folders
    written: int = 0
    failed: int = 0


def convert(plan: Plan, work: Work, options: argparse.Namespace) -> int:
    """Takes every input through `work` to its output; one that fails stops no other.

    Outputs that are there already are left, unless `options.overwrite`. Ctrl-C ends it once what
    is being written is whole.

    Returns:
        The exit code.
    """
    is_there = [is_so(job.output.exists) and not options.overwrite for job in plan.jobs]
    for job, skip in zip(plan.jobs, is_there, strict=True):
        if skip and options.json:
            print(json.dumps({"input": str(job.file), "output": str(job.output), "skipped": True}))
    todo = [job for job, skip in zip(plan.jobs, is_there, strict=True) if not skip]
    tell_closed(plan.closed, is_json=options.json)
    count = Count(len(plan.jobs), sum(is_there), len(plan.closed))
    try:
        _do(todo, work, options, count)
    except KeyboardInterrupt:
        _sum_up(count, is_stopped=True)
        raise
    _sum_up(count)
    return FAILED_INPUT if count.failed or count.closed else 0


def tell_closed(closed: dict[Path, str], *, is_json: bool) -> None:
    """Says which folders cannot be read."""
    for folder, why in closed.items():
        complain(why, FAILED_INPUT)
        if is_json:
            print(json.dumps({"input": str(folder), "error": why}))


def read(file: Path) -> Picture:
    """Gives the picture in a file, or on standard input.

    Raises:
        ImageError: as `load_picture` does.
    """
    if file != PIPE:
        return load_picture(file)
    if sys.stdin is None:
        raise ImageError("Standard input is closed; pipe a picture into it, or name a file.")
    return load_picture(_read_pipe(sys.stdin.buffer))


def about(file: Path, sentence: str) -> str:
    """Gives the sentence with the file it is about, named once."""
    is_named = sentence.startswith(f"{file.name} ")
    return f"{file}{sentence.removeprefix(file.name)}" if is_named else f"{file}: {sentence}"


def complain(sentence: str, code: int) -> int:
    """Prints a sentence on standard error, above any progress bar, and gives the code back."""
    tqdm.write(sentence, file=sys.stderr)
    return code


class _Sentences(logging.Handler):
    """Says what is logged, but for causes, which the sentences that come of them stand for."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is None:
            complain(record.getMessage(), 0)


@contextmanager
def logging_in_sentences() -> Iterator[None]:
    """Has what the package logs said on standard error, without tracebacks."""
    handler, log = _Sentences(logging.WARNING), logging.getLogger("denoise")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def reason(error: Exception) -> str:
    """Gives why a picture failed, in a sentence."""
    if isinstance(error, OSError):
        return f"The output cannot be written: {why_not_written(error)}."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this picture; make it smaller."
    return str(error)


def _do(todo: list[Job], work: Work, options: argparse.Namespace, count: Count) -> None:
    """Takes pictures through `work`, tells of each, and counts."""
    written: list[Path] = []
    write = partial(_write, image_format=options.format, keep_exif=options.keep_exif)
    done = _overlapped(todo, work, write, written)
    # None: no bar where it would be written into a file
    is_off = None if len(todo) > 1 else True
    try:
        with tqdm(done, total=len(todo), disable=is_off, unit="picture") as bar:
            for job, outcome in bar:
                count.failed += isinstance(outcome, Exception)
                _tell(job, outcome, is_json=options.json)
    finally:
        done.close()  # which waits for what is being written
        count.written = len(written)


def _overlapped(
    jobs: list[Job], work: Work, write: Callable[[Picture, Job], None], written: list[Path]
) -> Generator[tuple[Job, Reported | Exception], None, None]:
    """Gives each job with its report or failure, in turn; reads ahead and writes behind.

    Adds each output to `written` as soon as it is there.
    """
    waiting = iter(jobs)
    writing: deque[tuple[Job, Reported, Future[None]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        reading = deque((job, _begin_to_read(pool, job)) for job in islice(waiting, THREADS))
        try:
            while reading:
                job, picture = reading.popleft()
                reading += [(after, _begin_to_read(pool, after)) for after in islice(waiting, 1)]
                try:
                    result, report = work(picture.result())
                except (DenoiseError, OSError, MemoryError) as error:
                    yield job, error
                    continue
                begun = _begin(pool, job.output, write, result, job)
                begun.add_done_callback(partial(_note, job.output, written))
                writing.append((job, report, begun))
                if len(writing) > THREADS:
                    yield _written(writing.popleft())
            yield from map(_written, writing)
        finally:  # what is done is written, whatever came
            for _, picture in reading:
                picture.cancel()


def _begin_to_read(pool: ThreadPoolExecutor, job: Job) -> "Future[Picture]":
    return _begin(pool, job.file, read, job.file)


def _begin(
    pool: ThreadPoolExecutor, file: Path, work: Callable[..., DoneT], *arguments: Any
) -> "Future[DoneT]":
    """Begins work on a file in a thread; on a pipe it is done here, where signals end a wait."""
    if file != PIPE:
        return pool.submit(work, *arguments)
    done: Future[DoneT] = Future()
    try:
        done.set_result(work(*arguments))
    except Exception as error:
        done.set_exception(error)
    return done


def _note(output: Path, written: list[Path], writing: "Future[None]") -> None:
    if not writing.cancelled() and writing.exception() is None:
        written.append(output)


def _write(picture: Picture, job: Job, *, image_format: str | None, keep_exif: bool) -> None:
    if job.output == PIPE:
        if sys.stdout is None:
            raise ImageError("Standard output is closed; pipe it on, or name a file with -o.")
        content = encode_picture(picture, format=image_format, keep_exif=keep_exif)
        _write_pipe(sys.stdout.buffer, content)
        return
    job.output.parent.mkdir(parents=True, exist_ok=True)
    save_picture(picture, job.output, keep_exif=keep_exif)


def _read_pipe(pipe: BinaryIO) -> bytes:
    """Gives all that comes, up to more than is allowed; between blocks signals are heeded."""
    content = bytearray()
    while len(content) <= MAX_BYTES and (block := pipe.read(BLOCK)):
        content += block
    return bytes(content)


def _write_pipe(pipe: BinaryIO, content: bytes) -> None:
    for start in range(0, len(content), BLOCK):
        pipe.write(content[start : start + BLOCK])
        pipe.flush()


def _written(one: tuple[Job, Reported, "Future[None]"]) -> tuple[Job, Reported | Exception]:
    job, report, writing = one
    error = writing.exception()
    if error is None or isinstance(error, (DenoiseError, OSError, MemoryError)):
        return job, report if error is None else error
    raise error


def _tell(job: Job, outcome: Reported | Exception, *, is_json: bool) -> None:
    files = {"input": str(job.file), "output": str(job.output)}
    if isinstance(outcome, Exception):
        why = reason(outcome)
        complain(about(job.file, why), FAILED_INPUT)
        if is_json:
            tqdm.write(json.dumps({**files, "error": why}))
        return
    if is_json:
        tqdm.write(json.dumps({**files, **outcome.to_dict()}))
    for warning in outcome.warnings:
        complain(about(job.file, warning), 0)


def _sum_up(count: Count, *, is_stopped: bool = False) -> None:
    """Says how it went, where that is not plain already."""
    if count.there == count.pictures == 1 and not count.closed:
        complain("The output is there already and was left; --overwrite replaces it.", 0)
    elif count.there or count.closed or (count.pictures > 1 and (count.failed or is_stopped)):
        words = [f"{count.written} of {count.pictures} pictures written"]
        words += [f"{count.there} there already (--overwrite replaces)"] if count.there else []
        words += [f"{count.failed} failed"] if count.failed else []
        words += [f"folders left out: {count.closed}"] if count.closed else []
        complain(f"{', '.join(words)}.", 0)
