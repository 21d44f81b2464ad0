"""Files in huggingface_hub's cache: check them, delete them, watch them arrive."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout
from tqdm import tqdm

from denoise.progress import OnBytes

_SHA256, _SHA1 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{40}")


class CachedFile(NamedTuple):
    """A file in the cache, its content, and the sha256 of that."""

    file: Path
    content: bytes
    sha256: str


def is_intact(cached: CachedFile) -> bool:
    """Tell whether a file in the cache has the content that the Hub had.

    It is a link to the Hub's ETag: the sha256 of a large file, git's hash of another one.
    """
    etag = cached.file.readlink().name if cached.file.is_symlink() else ""
    if _SHA1.fullmatch(etag):
        blob = f"blob {len(cached.content)}\0".encode() + cached.content
        return hashlib.sha1(blob, usedforsecurity=False).hexdigest() == etag
    return etag == cached.sha256 or not _SHA256.fullmatch(etag)  # a cache without links says none


def forget(file: Path) -> None:
    """Delete a file from the cache, and what it points to, even if repositories share that."""
    while file.is_symlink():
        link, file = file, file.parent / file.readlink()
        link.unlink()
    file.unlink(missing_ok=True)


def meter(on_bytes: OnBytes) -> type[Any]:
    """Return a progress bar that draws nothing and calls `on_bytes`."""

    class Meter(tqdm):  # type: ignore[misc]
        def __init__(self, *_: Any, total: int | None = None, initial: int = 0, **__: Any) -> None:
            super().__init__(disable=True, total=total or 0, initial=initial)

        def update(self, n: float | None = 1) -> None:
            self.n += int(n or 0)
            on_bytes(self.n, max(self.n, self.total))

    return Meter


def sweep(cache: Path, repo: str) -> None:
    """Delete what killed downloads of a repository left; a running one holds a lock."""
    name = f"models--{repo.replace('/', '--')}"
    for part in (cache / name / "blobs").glob("*.incomplete"):
        lock = cache / ".locks" / name / f"{part.name.partition('.')[0]}.lock"
        with suppress(Timeout, OSError), FileLock(lock, timeout=0):
            part.unlink(missing_ok=True)
