"""Files written whole or not at all: as a hidden draft, which then takes the file's name."""

import hashlib
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from denoise.errors import ImageError, why_not_written

if sys.platform != "win32":
    import fcntl

TRIES = 3  # another process may finish the draft just when this one has opened it


def write_file(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        ImageError: it cannot be written.
    """
    try:
        with _open_draft(path) as file:
            _fill(file, content, path)
    except OSError as error:
        raise ImageError(f"{path.name} cannot be written: {why_not_written(error)}.") from error


def _fill(file: BinaryIO, content: bytes, path: Path) -> None:
    draft = Path(file.name)
    try:
        file.write(content)
        file.flush()
        if sys.platform == "win32":  # where no open file is renamed
            file.close()
        draft.replace(path)
    except BaseException:  # Ctrl-C, too
        with suppress(OSError):
            draft.unlink()
        raise


def _open_draft(path: Path) -> BinaryIO:
    """Gives an empty draft of a file: that which a killed process has left, if there is one."""
    stem = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]  # the name may be long
    draft = path.parent / f".{stem}.part"
    return _take(draft) or draft.with_suffix(f".{secrets.token_hex(4)}.part").open("xb")


def _take(draft: Path) -> BinaryIO | None:
    """Opens a draft, empty, and keeps others from it; None: another process is at it."""
    for _ in range(TRIES if sys.platform != "win32" else 0):
        try:
            file = draft.open("ab")
        except OSError:  # of another user; or the folder is the trouble, which `open` will tell
            return None
        if _is_locked(file) and _is_still(file, draft):
            file.truncate(0)
            return file
        file.close()
    return None


def _is_locked(file: BinaryIO) -> bool:
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until it is closed, or the process ends
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        with suppress(OSError):
            Path(file.name).unlink()
        return False
    return True


def _is_still(file: BinaryIO, draft: Path) -> bool:
    """Tells whether an open file still has its name, and is no link to another."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), draft.lstat())
    except FileNotFoundError:
        return False
