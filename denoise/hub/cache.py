"""What is done to files in huggingface_hub's cache, and watching them come."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tqdm import tqdm

from denoise.progress import OnBytes

_SHA256, _SHA1 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{40}")


def sha256_of(file: Path) -> str:
    """Gives the sha256 of a file in hex digits."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_intact(file: Path) -> bool:
    """Tells whether a file in the cache is what the Hub said when it was fetched.

    The cache names it by the Hub's ETag: the sha256 of a large file, git's hash of another one.
    """
    named = file.resolve().name
    if _SHA256.fullmatch(named):
        return sha256_of(file) == named
    if _SHA1.fullmatch(named):
        content = file.read_bytes()
        head = f"blob {len(content)}\0".encode()
        return hashlib.sha1(head + content, usedforsecurity=False).hexdigest() == named
    return True  # nothing says it


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


def folder_of(cache: Path, repo: str) -> Path:
    """Gives the folder that a repository has in the cache."""
    return cache / f"models--{repo.replace('/', '--')}"


def last_commit(cache: Path, repo: str, revision: str) -> str | None:
    """Gives the commit that a branch or tag had when the Hub was last asked."""
    try:
        return (folder_of(cache, repo) / "refs" / revision).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def keep_names(cache: Path, repo: str, commit: str, names: Sequence[str]) -> None:
    """Keeps the names of all files of a commit, where the cache may be written."""
    file = _names_file(cache, repo, commit)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(list(names)), encoding="utf-8")
        unfinished.replace(file)


def kept_names(cache: Path, repo: str, commit: str) -> list[str] | None:
    """Gives what `keep_names` has kept."""
    try:
        names = json.loads(_names_file(cache, repo, commit).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def fetched_names(cache: Path, repo: str, commit: str) -> list[str]:
    """Gives the names of the files of a commit that were fetched."""
    snapshot = folder_of(cache, repo) / "snapshots" / commit
    return [file.relative_to(snapshot).as_posix() for file in snapshot.rglob("*") if file.is_file()]


def _names_file(cache: Path, repo: str, commit: str) -> Path:
    return folder_of(cache, repo) / "names" / f"{commit}.json"


def sweep(cache: Path, repo: str) -> None:
    """Deletes what killed downloads of a repository have left; those that run hold a lock."""
    folder = folder_of(cache, repo)
    for part in (folder / "blobs").glob("*.incomplete"):
        lock = cache / ".locks" / folder.name / f"{part.name.partition('.')[0]}.lock"
        try:
            with FileLock(lock, timeout=0):
                part.unlink(missing_ok=True)
        except (Timeout, OSError):
            continue
