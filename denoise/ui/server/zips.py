"""Many results in one zip, each under a name of its own."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

from denoise.errors import SettingError

MAX_MANY = 100  # pictures of one request


def check_many(pictures: int) -> None:
    """Raise a SettingError for no pictures, and for too many of them."""
    if not 0 < pictures <= MAX_MANY:
        raise SettingError(f"images are 1 to {MAX_MANY} files; these are {pictures}.")


def add_to(pack: ZipFile, file: Path) -> str:
    """Add a file to a zip and return its name there: photo-2.png where photo.png is taken."""
    name = file.name
    for number in itertools.count(2):
        if name not in pack.namelist():
            break
        name = f"{file.stem}-{number}{file.suffix}"
    pack.write(file, name)
    return name


def pack_files(files: Iterable[Path], packed: Path) -> None:
    """Write a zip of files."""
    with ZipFile(packed, "w") as pack:
        for file in files:
            add_to(pack, file)
