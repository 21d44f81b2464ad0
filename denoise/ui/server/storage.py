"""Temporary files that go by age."""

import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

PREFIX = "denoise-server-"
DEAD_S = 24 * 3600  # a server that has not cleaned up for so long was killed; they do every minute


def new_home() -> Path:
    """Makes a temporary folder for one server, and removes those of servers that were killed."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}????????"):
        with contextlib.suppress(OSError):
            if home.lstat().st_mtime < time.time() - DEAD_S:
                shutil.rmtree(home)
    return Path(tempfile.mkdtemp(prefix=PREFIX))


def new_folder(parent: Path) -> Path:
    """Makes a folder that nobody else has, and whose name nobody guesses."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / secrets.token_hex(16)
    folder.mkdir(mode=0o700)
    return folder


def clean_folder(
    folder: Path, keep_s: float, *, keep: Collection[Path] = (), now: float | None = None
) -> None:
    """Deletes the files below a folder that are older than that, and folders left empty as long.

    Args:
        folder: cleaned; it stays itself, and its time shows that it is in use.
        keep_s: age in seconds since a file was written.
        keep: files that stay.
        now: time of the cleaning; None is the present.
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
