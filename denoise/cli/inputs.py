"""What the command line names, as files: those to read, and those to write."""

import glob
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from denoise.errors import ImageError, SettingError
from denoise.images.picture import FORMAT_SUFFIXES, READ_ONLY, SUFFIX_FORMATS

READABLE_SUFFIXES = (*SUFFIX_FORMATS, *READ_ONLY)
OF_SYSTEMS = ("thumbs.db", "desktop.ini", ".ds_store")  # that they put beside pictures
PIPE = Path("-")  # standard input or output


@dataclass(frozen=True)
class Files:
    """The pictures to read, and how their outputs are written."""

    inputs: Sequence[Path]  # files, folders, patterns
    is_recursive: bool
    output: Path  # a file or a folder
    is_replacing: bool  # outputs that are there already
    image_format: str | None  # of the outputs; None: each input's
    no_exif: bool  # in the outputs
    as_json: bool  # whether to print reports


class Job(NamedTuple):
    """A picture to read, and where to write what becomes of it."""

    file: Path
    output: Path


class Plan(NamedTuple):
    """What there is to do, and what is left out."""

    jobs: list[Job]
    renamed: list[Job]  # those of them whose outputs had the name of another
    closed: dict[Path, str]  # folders that cannot be read, with a sentence on each
    others: Counter[str]  # files of other kinds, by suffix


class Inputs(NamedTuple):
    """What was named."""

    files: list[tuple[Path, Path]]  # each with its path below the folder or pattern
    closed: dict[Path, str]  # folders that cannot be read, with a sentence on each
    others: Counter[str]  # files of other kinds, by suffix


def find_jobs(wanted: Files) -> Plan:
    """Return every input with an output of its own; DenoiseError: one is not there or cannot be."""
    output = None if wanted.output == PIPE else wanted.output
    found = find_inputs(wanted.inputs, is_recursive=wanted.is_recursive, output=output)
    files = found.files
    if wanted.output == PIPE:
        if len(files) > 1:
            raise SettingError("Standard output takes one picture; name a folder with -o.")
        if wanted.as_json:
            raise SettingError("--json prints where the picture would go; name a file with -o.")
        return Plan([Job(files[0][0], PIPE)], [], found.closed, found.others)
    jobs, renamed = _name_outputs(files, wanted.output, wanted.image_format)
    return Plan(jobs, renamed, found.closed, found.others)


def find_inputs(
    inputs: Sequence[Path], *, is_recursive: bool, output: Path | None = None
) -> Inputs:
    """Return each input file, and what is left out below what was named.

    Links to folders are followed. A folder for the output that lies in another one is no input.

    Raises:
        ImageError: a folder or pattern without pictures, or nothing that can be read.
    """
    found = Inputs([], {}, Counter())
    own = None if output is None else output.resolve()
    for named in inputs:
        if named == PIPE:
            found.files.append((named, Path("picture")))
        elif is_so(named.is_dir):
            _add_folder(found, named, own, is_recursive=is_recursive)
        elif not is_so(named.exists) and glob.has_magic(str(named)):
            _add_matching(found, named, own, is_recursive=is_recursive)
        else:
            found.files.append((named, Path(named.name)))
    if not found.files:
        raise ImageError(" ".join(found.closed.values()))
    return found


def is_so(check: Callable[[], bool]) -> bool:
    """Return what a check of a path finds; False where the path may not be looked at.

    Reading or writing it says why.
    """
    try:
        return check()
    except PermissionError:
        return False


def _add_folder(found: Inputs, folder: Path, own: Path | None, *, is_recursive: bool) -> None:
    closed: dict[Path, str] = {}
    below = _files_below(folder, closed, own, depth=None if is_recursive else 1)
    files = [file for file in below if file.suffix.lower() in READABLE_SUFFIXES]
    found.others.update(
        file.suffix.lower() or "no suffix"
        for file in below
        if file.suffix.lower() not in READABLE_SUFFIXES
    )
    if not files and not closed:
        raise ImageError(f"There are no pictures in the folder {folder}.")
    found.files.extend((file, file.relative_to(folder)) for file in files)
    found.closed.update(closed)


def _files_below(
    folder: Path, closed: dict[Path, str], own: Path | None, *, depth: int | None
) -> list[Path]:
    """Return the files in a folder and below it; note the folders that cannot be read.

    What systems put beside pictures is ignored, and so is the folder `own`, unless it is the first.
    """

    def note(error: OSError) -> None:
        place = Path(error.filename)
        closed[place] = (
            f"You may not read the folder {place}; ask its owner, or choose another."
            if isinstance(error, PermissionError)
            else f"The folder {place} cannot be read: {error.strerror}."
        )

    files: list[Path] = []
    seen: set[Path] = set()
    for place, folders, names in islice(os.walk(folder, onerror=note, followlinks=True), depth):
        real = Path(place).resolve()
        if real in seen:
            folders.clear()  # a link has led here before
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if Path(place, name).resolve() != own)
        files += [Path(place, name) for name in names if not _is_of_system(name)]
    return sorted(files)


def _is_of_system(name: str) -> bool:
    return name.startswith("._") or name.lower() in OF_SYSTEMS


def _add_matching(found: Inputs, pattern: Path, own: Path | None, *, is_recursive: bool) -> None:
    """Add the files of a pattern that the shell did not expand, with their paths below its root."""
    files = sorted(map(Path, glob.glob(str(pattern), recursive=is_recursive)))  # noqa: PTH207
    files = [
        file
        for file in files
        if is_so(file.is_file)
        and not _is_of_system(file.name)
        and (own is None or own not in file.resolve().parents)
    ]
    closed: dict[Path, str] = {}
    parts = pattern.parts
    if is_recursive and "**" in parts:  # which says nothing of folders that it cannot read
        for root in glob.glob(str(Path(*parts[: parts.index("**")]))):  # noqa: PTH207
            if is_so(Path(root).is_dir):
                _files_below(Path(root), closed, own, depth=None)
    if not files and not closed:
        raise ImageError(f"No file matches {pattern}.")
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    found.files.extend((file, Path(*file.parts[fixed:])) for file in files)
    found.closed.update(closed)


def _name_outputs(
    inputs: list[tuple[Path, Path]], out: Path, image_format: str | None
) -> tuple[list[Job], list[Job]]:
    """Return a job for each input file, and those whose outputs got another name: photo-2.png."""
    is_file = len(inputs) == 1 and not is_so(out.is_dir) and out.suffix != ""
    _check_suffix(out, is_file=is_file, image_format=image_format)
    jobs: dict[Path, Job] = {}  # by output
    renamed = []
    for file, below in inputs:
        output = out if is_file else out / _with_suffix(below, image_format)
        name, number = output, 2
        while (taken := jobs.get(name.resolve())) is not None and not _are_same(taken.file, file):
            name = output.with_name(f"{output.stem}-{number}{output.suffix}")
            number += 1
        if taken is None:
            jobs[name.resolve()] = Job(file, name)
            renamed += [] if name == output else [Job(file, name)]
    if set(jobs) & {job.file.resolve() for job in jobs.values()}:
        raise SettingError("An output would replace its input; choose another -o.")
    return list(jobs.values()), renamed


def _are_same(one: Path, other: Path) -> bool:
    return one == other or one.resolve() == other.resolve()


def _check_suffix(out: Path, *, is_file: bool, image_format: str | None) -> None:
    suffix = out.suffix.lower()
    if is_file and suffix not in SUFFIX_FORMATS:
        raise SettingError(
            f"A picture is written as {', '.join(SUFFIX_FORMATS)}; {out.name} is none of them."
        )
    if is_file and image_format is not None and SUFFIX_FORMATS[suffix] != image_format:
        raise SettingError(f"{out.name} and --format {image_format.lower()} name two formats.")
    if not is_file and not is_so(out.is_dir) and suffix in READABLE_SUFFIXES:
        raise SettingError(f"Several pictures go into a folder; {out.name} names one file.")


def _with_suffix(name: Path, image_format: str | None) -> Path:
    if image_format is not None:
        return name.with_suffix(FORMAT_SUFFIXES[image_format])
    if name.suffix.lower() in SUFFIX_FORMATS:
        return name
    return name.with_suffix(FORMAT_SUFFIXES[READ_ONLY.get(name.suffix.lower(), "PNG")])
