"""What is done to files in huggingface_hub's cache, and watching them come."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tqdm import tqdm

OnBytes = Callable[[int, int], None]  # done, in all


def sha256_of(file: Path) -> str:
    """Gives the sha256 of a file in hex digits."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def forget(file: Path) -> None:
    """Deletes a file from the cache, and what it points to."""
    blob = file.resolve()
    file.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def meter(on_bytes: OnBytes) -> type[Any]:
    """Gives a progress bar that draws nothing and calls `on_bytes`."""

    class Meter(tqdm):  # type: ignore[misc]
        def __init__(self, *_: Any, total: int | None = None, initial: int = 0, **__: Any) -> None:
            super().__init__(disable=True)
            self.bytes_done, self.bytes_in_all = initial, total or 0

        def update(self, n: float | None = 1) -> None:
            self.bytes_done += int(n or 0)
            on_bytes(self.bytes_done, max(self.bytes_done, self.bytes_in_all))

    return Meter


def sweep(cache: Path, repo: str) -> None:
    """Deletes what killed downloads of a repository have left; those that run hold a lock."""
    folder = f"models--{repo.replace('/', '--')}"
    for part in (cache / folder / "blobs").glob("*.incomplete"):
        lock = cache / ".locks" / folder / f"{part.name.partition('.')[0]}.lock"
        try:
            with FileLock(lock, timeout=0):
                part.unlink(missing_ok=True)
        except (Timeout, OSError):
            continue
