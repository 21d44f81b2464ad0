"""Take many pictures through the same work and write each to its place.

While one is worked on, the next ones are read and the last ones are written.
"""

import json
import sys
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from tqdm import tqdm

from denoise.cli.console import FAILED_INPUT, about, complain, reason, tell_closed, tell_others
from denoise.cli.inputs import PIPE, Files, Job, find_jobs, is_so
from denoise.errors import DenoiseError, ImageError
from denoise.images.picture import READ_ONLY, Picture
from denoise.images.reading import MAX_BYTES, load_picture
from denoise.images.writing import encode_picture, losses, save_picture
from denoise.inference.report import NoiseReport, Report

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


def convert(files: Files, work: Work) -> int:
    """Take every input through `work` to its output; one that fails stops no other.

    Ctrl-C ends it once what is being written is whole.

    Returns:
        The exit code.
    """
    plan = find_jobs(files)
    is_there = [is_so(job.output.exists) and not files.is_replacing for job in plan.jobs]
    for job, skip in zip(plan.jobs, is_there, strict=True):
        if skip and files.as_json:
            print(json.dumps({"input": str(job.file), "output": str(job.output), "skipped": True}))
    todo = [job for job, skip in zip(plan.jobs, is_there, strict=True) if not skip]
    tell_closed(plan.closed, as_json=files.as_json)
    tell_others(plan.others)
    _tell_changed_kinds(todo, files.image_format)
    count = Count(len(plan.jobs), sum(is_there), len(plan.closed))
    try:
        _do(todo, work, files, count)
    except KeyboardInterrupt:
        _sum_up(count, is_stopped=True)
        raise
    _sum_up(count)
    for job in plan.renamed:
        complain(f"{job.file} goes to {job.output.name}: another picture has its name.", 0)
    return FAILED_INPUT if count.failed or count.closed else 0


def read(file: Path) -> Picture:
    """Return the picture in a file, or on standard input; errors as `load_picture`."""
    if file != PIPE:
        return load_picture(file)
    if sys.stdin is None:
        raise ImageError("Standard input is closed; pipe a picture into it, or name a file.")
    return load_picture(_read_pipe(sys.stdin.buffer))


def _do(todo: list[Job], work: Work, files: Files, count: Count) -> None:
    """Take pictures through `work`, report each, and count."""
    written: list[Path] = []
    write = partial(_write, image_format=files.image_format, keep_exif=not files.no_exif)
    done = _overlapped(todo, work, write, written)
    # None: no bar where it would be written into a file
    is_off = None if len(todo) > 1 else True
    try:
        with tqdm(done, total=len(todo), disable=is_off, unit="picture") as bar:
            for job, outcome in bar:
                count.failed += isinstance(outcome, Exception)
                _tell(job, outcome, as_json=files.as_json)
    finally:
        done.close()  # which waits for what is being written
        count.written = len(written)


def _overlapped(
    jobs: list[Job], work: Work, write: Callable[[Picture, Job], None], written: list[Path]
) -> Generator[tuple[Job, Reported | Exception], None, None]:
    """Yield each job with its report or failure, in turn; read ahead and write behind.

    Add each output to `written` as soon as it is there.
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
                    lost = losses(result, job.output.suffix or None)
                    report = replace(report, warnings=(*report.warnings, *lost))
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
    """Begin work on a file in a thread; do that on a pipe here, where signals end a wait."""
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
    """Return all that comes, up to more than is allowed; between blocks signals are heeded."""
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


def _tell(job: Job, outcome: Reported | Exception, *, as_json: bool) -> None:
    files = {"input": str(job.file), "output": str(job.output)}
    if isinstance(outcome, Exception):
        why = reason(outcome)
        complain(about(job.file, why), FAILED_INPUT)
        if as_json:
            tqdm.write(json.dumps({**files, "error": why}))
        return
    if as_json:
        tqdm.write(json.dumps({**files, **outcome.to_dict()}))
    for warning in outcome.warnings:
        complain(about(job.file, warning), 0)


def _tell_changed_kinds(jobs: list[Job], image_format: str | None) -> None:
    """Say before the work what becomes of pictures of kinds that are not written."""
    found = {job.file.suffix.lower() for job in jobs if job.output != PIPE}
    for suffix in sorted(found & set(READ_ONLY)) if image_format is None else ():
        becomes = READ_ONLY[suffix]
        complain(f"{suffix} cannot be written: it becomes {becomes}; --format names another.", 0)


def _sum_up(count: Count, *, is_stopped: bool = False) -> None:
    """Say how it went, where that is not plain already."""
    if count.there == count.pictures == 1 and not count.closed:
        complain("The output exists and was not changed; --overwrite replaces it.", 0)
    elif count.there or count.closed or (count.pictures > 1 and (count.failed or is_stopped)):
        words = [f"{count.written} of {count.pictures} pictures written"]
        there = f"{count.there} there already, perhaps by other settings (--overwrite replaces)"
        words += [there] if count.there else []
        words += [f"{count.failed} failed"] if count.failed else []
        words += [f"folders left out: {count.closed}"] if count.closed else []
        complain(f"{', '.join(words)}.", 0)
