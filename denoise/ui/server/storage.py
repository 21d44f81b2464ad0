"""Uploads and results: written where they are served from, deleted when they are old."""

import contextlib
import os
import re
import secrets
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from denoise.files import write_atomically
from denoise.images.picture import FORMAT_SUFFIXES, Picture
from denoise.images.writing import encode_quickly, save_picture
from denoise.ui.server.homes import Home
from denoise.ui.server.limits import Limits

ABORTED_S = 120  # that an upload may stand still; Gradio leaves what was broken off
MAX_STEM = 60  # characters of at most 4 bytes; file systems hold 255 bytes a name


class Storage:
    """The folder of one server.

    Args:
        folder: Gradio must be allowed to serve it; None: a new temporary one.
        limits: of uploads.
    """

    def __init__(self, folder: Path | None, limits: Limits) -> None:
        self._home = None
        if folder is None:
            self._home = Home()
            folder = self._home.folder
        self.folder = folder
        self._limits = limits
        self._seen: dict[Path, tuple[float, float]] = {}  # when it was changed, and first seen so

    def new_file(self, name: str) -> Path:
        """Return a path for a file of that name in a new folder, whose name nobody can guess."""
        folder = self.folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700, parents=True)
        return folder / name

    def write(
        self, picture: Picture, name: str, image_format: str = "PNG", *, keep_exif: bool = True
    ) -> Path:
        """Write a picture into a new folder and return the file: photo.jpg becomes photo.png.

        Folders in the name are ignored. The format is one of `OUTPUT_FORMATS`.

        Raises:
            ImageError: the picture is too large for the format, or the disk is full.
        """
        file = self.new_file(safe_stem(name) + FORMAT_SUFFIXES[image_format])
        save_picture(picture, file, keep_exif=keep_exif)
        return file

    def write_quickly(self, pixels: NDArray[np.uint8], name: str) -> Path:
        """Write pixels as `write` does, as a larger PNG that is written sooner, for display."""
        file = self.new_file(f"{safe_stem(name)}.png")
        write_atomically(file, encode_quickly(pixels))
        return file

    def clean_up(self, in_use: Collection[Path] = ()) -> None:
        """Delete what has been here for longer than the limit, since it came or was last in use.

        Called now and then: a file's time runs from the first call that sees it, by a clock that
        nobody sets. Folders go when they have been empty for as long.
        """
        now, seen = time.monotonic(), self._seen
        self._seen = {}
        for path in _deepest_first(self.folder):
            with contextlib.suppress(OSError):  # gone meanwhile, or a folder that is not empty
                changed = path.lstat().st_mtime
                before, since = seen.get(path, (None, now))
                since = now if changed != before or path in in_use else since
                self._seen[path] = changed, since
                is_aborted = path.parent == self.folder and path.name.startswith("tmp")
                if now - since < (ABORTED_S if is_aborted else self._limits.keep_s):
                    continue
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                else:
                    path.unlink()

    def remove(self) -> None:
        """Delete everything, where the folder is a temporary one."""
        if self._home is not None:
            self._home.remove()


def _deepest_first(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder; what vanishes meanwhile may be missing."""
    for place, folders, files in os.walk(folder, topdown=False):
        yield from (Path(place) / name for name in (*files, *folders))


def safe_stem(name: str) -> str:
    """Return the name of an upload without folders and ending, safe as the name of a file."""
    return re.sub(r"[^\w .()+-]", "_", Path(name).stem).strip(" .")[:MAX_STEM] or "picture"
