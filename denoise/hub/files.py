"""Files of a repository on the Hugging Face Hub, read through huggingface_hub's cache."""

import json
import re
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import HfHubHTTPError

from denoise.errors import DenoiseError
from denoise.files import write_atomically
from denoise.hub.cache import folder_of, meter, sweep
from denoise.hub.errors import HubError, NotThereError, UnreachableError, explained
from denoise.hub.timeout import ANSWER_S, Asking
from denoise.progress import OnBytes

MAX_BYTES = 4_000_000_000  # of a file; a hundred times what any network here needs
_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubFiles:
    """The files of a repository at one commit; one object serves many threads.

    The revision is resolved to a commit once, and the Hub is not asked for what the cache holds:
    with a warm cache, a revision that is a commit already, and so pinned, needs no request at all.
    What cannot be had raises a HubError: NotThereError if the repository has no such file,
    UnreachableError if the Hub does not answer.

    Args:
        repo: organisation/name.
        revision: branch, tag or the 40 hex digits of a commit; None: main.
        endpoint: address of the Hub; None: huggingface_hub's setting.
        cache: folder of the cache; None: huggingface_hub's setting.
    """

    def __init__(
        self,
        repo: str,
        revision: str | None = None,
        *,
        endpoint: str | None = None,
        cache: Path | None = None,
    ) -> None:
        self.repo, self.revision = repo, revision or constants.DEFAULT_REVISION
        self.is_pinned = _COMMIT.fullmatch(self.revision) is not None
        self.commit = self.revision if self.is_pinned else None  # None: not resolved yet
        self.is_stale = False  # the Hub did not answer, so the commit is the last known one
        self._endpoint, self._cache = endpoint, cache or Path(constants.HF_HUB_CACHE)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._asking = Asking(repo)

    def __str__(self) -> str:
        return f"{self.repo}@{self._at}"

    @property
    def _at(self) -> str:
        return self.commit or self.revision

    def file(self, path: str, on_bytes: OnBytes | None = None) -> Path:
        """Return a file from the cache or from the Hub; all who ask share one download."""
        with explained(self.repo, self._at, path), self._locks[path]:
            known = self._recall(path, self.commit) if self.commit else None
            return known or self._ask(path, on_bytes)

    def names(self) -> list[str]:
        """Return the names of all files, or of those in the cache if the Hub does not answer."""
        with explained(self.repo, self._at, "the list of files"):
            if self.commit and (kept := self._kept_names(self.commit)):
                return kept
            api, revision = HfApi(endpoint=self._endpoint), self._at
            try:
                found = self._asking.ask(
                    lambda: api.model_info(self.repo, revision=revision, timeout=ANSWER_S)
                )
            except UnreachableError:
                return self._names_here()
        names = [file.rfilename for file in found.siblings or []]
        self.commit = self.commit or found.sha
        with suppress(OSError, DenoiseError):  # a cache that may only be read
            file = self._names_file(self._at)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, json.dumps(names).encode())
        return names

    def _names_here(self) -> list[str]:
        """Return the names of the last known commit: all if they were kept, or those fetched."""
        last = snapshot_download(  # with no pattern it need not be whole
            self.repo,
            revision=self._at,
            cache_dir=self._cache,
            local_files_only=True,
            allow_patterns=[],
        )
        folder = Path(last)
        self.commit, self.is_stale = folder.name, self.is_stale or self.commit is None
        fetched = (file for file in folder.rglob("*") if file.is_file())
        here = [file.relative_to(folder).as_posix() for file in fetched]
        return self._kept_names(folder.name) or here

    def _kept_names(self, commit: str) -> list[str]:
        with suppress(OSError, ValueError, TypeError):
            return [str(name) for name in json.loads(self._names_file(commit).read_bytes())]
        return []

    def _names_file(self, commit: str) -> Path:
        return folder_of(self._cache, self.repo) / "names" / f"{commit}.json"

    def _recall(self, path: str, revision: str) -> Path | None:
        """Return a file if the cache has it, which resolves a revision that is a commit."""
        found: Any = try_to_load_from_cache(self.repo, path, self._cache, revision)
        if found is not None and _COMMIT.fullmatch(revision):
            self.commit = revision
        if found is None or isinstance(found, str):
            return Path(found) if found else None
        raise NotThereError(f"{self} has no {path}; see on the Hub what it holds.")

    def _ask(self, path: str, on_bytes: OnBytes | None) -> Path:
        """Return a file from the Hub or, if that does not answer, of the last known commit."""
        try:
            commit = self._look(path)
        except UnreachableError:
            last = None if self.commit else self._recall(path, self.revision)
            if last is None:
                raise
            self.commit, self.is_stale = _commit_of(last, path), True
            return last
        if commit and not self.commit and (known := self._recall(path, commit)):
            return known
        sweep(self._cache, self.repo)
        try:
            downloaded = hf_hub_download(
                self.repo,
                path,
                revision=self._at,  # a branch, too, so that the cache notes its commit
                cache_dir=self._cache,
                endpoint=self._endpoint,
                etag_timeout=ANSWER_S,
                tqdm_class=None if on_bytes is None else meter(on_bytes),
            )
        except HfHubHTTPError as error:  # a 404 names the commit, too
            self.commit = self.commit or error.response.headers.get("X-Repo-Commit")
            raise
        self.commit = self.commit or _commit_of(Path(downloaded), path)
        return Path(downloaded)

    def _look(self, path: str) -> str | None:
        """Return the commit that the Hub names for a file; refuse one that is far too large."""
        url = hf_hub_url(self.repo, path, revision=self._at, endpoint=self._endpoint)
        try:
            found = self._asking.ask(
                lambda: get_hf_file_metadata(url, timeout=ANSWER_S, endpoint=self._endpoint)
            )
        except HfHubHTTPError as error:  # the download explains it
            return error.response.headers.get("X-Repo-Commit")
        if (found.size or 0) > MAX_BYTES:
            raise HubError(
                f"{path} of {self} has {found.size:,} bytes; at most {MAX_BYTES:,} can be."
            )
        return found.commit_hash


def _commit_of(file: Path, path: str) -> str:
    """Return the commit of a cached file: the name of the folder that its path begins in."""
    return file.parents[path.count("/")].name
