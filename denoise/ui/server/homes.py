"""The temporary folder of one server, which goes with it, also when it is killed."""

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "denoise-server-"
DEAD_S = 24 * 3600  # a folder without a lock is of an older version, which touched it every minute


class Home:
    """A new temporary folder, held by a lock file beside it for as long as the process lives.

    Those of servers that were killed are deleted first.
    """

    def __init__(self) -> None:
        _delete_left()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = FileLock(_lock_of(self.folder))
        self._lock.acquire()

    def remove(self) -> None:
        """Delete the folder and its lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        _lock_of(self.folder).unlink(missing_ok=True)


def _delete_left() -> None:
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}????????"):
        lock = _lock_of(home)
        with contextlib.suppress(OSError, Timeout):  # another's, or at work
            if lock.is_symlink():
                continue
            if lock.exists():
                with FileLock(lock, timeout=0):
                    shutil.rmtree(home)
                    lock.unlink(missing_ok=True)
            elif home.lstat().st_mtime < time.time() - DEAD_S:
                shutil.rmtree(home)


def _lock_of(home: Path) -> Path:
    return home.with_name(f"{home.name}.lock")
