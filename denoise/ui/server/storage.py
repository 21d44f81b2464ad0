"""Uploads and results: written where they are served from, deleted when they are old."""

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from denoise.files import write_atomically
from denoise.images.picture import FORMAT_SUFFIXES, Picture
from denoise.images.reading import load_picture
from denoise.images.writing import encode_quickly, save_picture
from denoise.ui.server.limits import Limits

PREFIX = "denoise-server-"
DEAD_S = 24 * 3600  # servers clean up every minute; one that did not for so long was killed
MAX_STEM = 60  # characters of at most 4 bytes; file systems hold 255 bytes a name


class Storage:
    """The folder of one server.

    Args:
        folder: Gradio must be allowed to serve it; None: a new temporary one.
        limits: of uploads.
    """

    def __init__(self, folder: Path | None, limits: Limits) -> None:
        self.folder = folder or new_home()
        self._limits = limits

    def read(self, file: str | Path) -> Picture:
        """Return the picture in an uploaded file.

        Raises:
            ImageError: no picture, a damaged or unsupported one, or one above the limits.
        """
        limits = self._limits
        return load_picture(file, max_pixels=limits.max_pixels, max_bytes=limits.max_bytes)

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
        file = self.new_file(_stem(name) + FORMAT_SUFFIXES[image_format])
        save_picture(picture, file, keep_exif=keep_exif)
        return file

    def write_quickly(self, pixels: NDArray[np.uint8], name: str) -> Path:
        """Write pixels as `write` does, as a larger PNG that is written sooner, for display."""
        file = self.new_file(f"{_stem(name)}.png")
        write_atomically(file, encode_quickly(pixels))
        return file

    def clean_up(self, keep: Collection[Path] = ()) -> None:
        """Delete uploads and results older than the limit, except the files in `keep`."""
        clean_folder(self.folder, self._limits.keep_s, keep=keep)


def new_home() -> Path:
    """Make a temporary folder for one server, and remove those of killed servers."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}????????"):
        with contextlib.suppress(OSError):
            if home.lstat().st_mtime < time.time() - DEAD_S:
                shutil.rmtree(home)
    return Path(tempfile.mkdtemp(prefix=PREFIX))


def clean_folder(
    folder: Path, keep_s: float, *, keep: Collection[Path] = (), now: float | None = None
) -> None:
    """Delete old files below a folder, and folders that have been empty for as long.

    Args:
        folder: to be cleaned; it stays, and its time is set to show that it is in use.
        keep_s: seconds after its last change at which a file goes.
        keep: files that stay.
        now: time of the cleaning; None: the present.
    """
    os.utime(folder)
    oldest = (time.time() if now is None else now) - keep_s
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies deeper comes first
        with contextlib.suppress(OSError):  # gone meanwhile, or a folder that is not empty
            if path in keep or path.lstat().st_mtime >= oldest:
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()


def _stem(name: str) -> str:
    """Return the name of an upload without folders and ending, safe as the name of a file."""
    return re.sub(r"[^\w .()+-]", "_", Path(name).stem).strip(" .")[:MAX_STEM] or "picture"
