"""Files in huggingface_hub's cache: check them, delete them, watch them arrive."""

import hashlib
import re
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tqdm import tqdm

from denoise.progress import OnBytes

_SHA256, _SHA1 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{40}")


def is_intact(file: Path, content: bytes) -> bool:
    """Tell whether the content of a file in the cache is what the Hub had.

    The cache names it by the Hub's ETag: the sha256 of a large file, git's hash of another one.
    """
    name = file.resolve().name
    if _SHA256.fullmatch(name):
        return hashlib.sha256(content).hexdigest() == name
    if _SHA1.fullmatch(name):
        head = f"blob {len(content)}\0".encode()
        return hashlib.sha1(head + content, usedforsecurity=False).hexdigest() == name
    return True  # a cache without links does not say


def forget(file: Path) -> None:
    """Delete a file from the cache, and what it points to."""
    blob = file.resolve()
    file.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def meter(on_bytes: OnBytes) -> type[Any]:
    """Return a progress bar that draws nothing and calls `on_bytes`."""

    class Meter(tqdm):  # type: ignore[misc]
        def __init__(self, *_: Any, total: int | None = None, initial: int = 0, **__: Any) -> None:
            super().__init__(disable=True)
            self.bytes_done, self.bytes_in_all = initial, total or 0

        def update(self, n: float | None = 1) -> None:
            self.bytes_done += int(n or 0)
            on_bytes(self.bytes_done, max(self.bytes_done, self.bytes_in_all))

    return Meter


def folder_of(cache: Path, repo: str) -> Path:
    """Return the folder of a repository in the cache."""
    return cache / f"models--{repo.replace('/', '--')}"


def sweep(cache: Path, repo: str) -> None:
    """Delete what killed downloads of a repository left; a running one holds a lock."""
    folder = folder_of(cache, repo)
    for part in (folder / "blobs").glob("*.incomplete"):
        lock = cache / ".locks" / folder.name / f"{part.name.partition('.')[0]}.lock"
        try:
            with FileLock(lock, timeout=0):
                part.unlink(missing_ok=True)
        except (Timeout, OSError):
            continue
