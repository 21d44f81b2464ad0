"""Files of a repository on the Hugging Face Hub, read through huggingface_hub's cache."""

import hashlib
import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from huggingface_hub import (
    HfApi,
    constants,
    get_cached_repo_tree,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import CachedRepoTreeNotFoundError, HfHubHTTPError

from denoise.hub import errors
from denoise.hub.cache import CachedFile, forget, is_intact, meter, sweep
from denoise.hub.errors import HubError, NotThereError, UnreachableError, explained
from denoise.progress import OnBytes

MAX_BYTES = 4_000_000_000  # of a file; a hundred times what any network here needs
ANSWER_S = 2.5  # that the Hub may take to answer; huggingface_hub tries for half a minute
RETRY_S = 60  # for which a Hub that did not answer is not asked again
_COMMIT = re.compile(r"[0-9a-f]{40}")

AnswerT = TypeVar("AnswerT")
_log = logging.getLogger(__name__)


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
        self._resolving = threading.Lock()
        self._silent_until = 0.0  # monotonic

    def __str__(self) -> str:
        return f"{self.repo}@{self.commit or self.revision}"

    def file(self, path: str, on_bytes: OnBytes | None = None) -> Path:
        """Return a file from the cache or from the Hub; all who ask share one download."""
        with explained(self.repo, self.commit or self.revision, path), self._locks[path]:
            commit = self._resolve()
            known: Any = try_to_load_from_cache(self.repo, path, self._cache, commit)
            if isinstance(known, str):
                return Path(known)
            if known is not None:
                raise NotThereError(f"{self} has no {path}; see on the Hub what it holds.")
            self._check_size(path, commit)
            sweep(self._cache, self.repo)
            downloaded = hf_hub_download(
                self.repo,
                path,
                revision=commit,
                cache_dir=self._cache,
                endpoint=self._endpoint,
                etag_timeout=ANSWER_S,
                tqdm_class=None if on_bytes is None else meter(on_bytes),
            )
            return Path(downloaded)

    def read(
        self, path: str, wrong: HubError, *, on_bytes: OnBytes | None = None, sha256: str = ""
    ) -> CachedFile:
        """Return a file that has this sha256 or, without one, the hash that the Hub states.

        A damaged file is deleted and fetched once more; if that is damaged, too, `wrong` is raised.
        """
        for _ in range(2):
            file = self.file(path, on_bytes)
            content = file.read_bytes()
            cached = CachedFile(file, content, hashlib.sha256(content).hexdigest())
            if cached.sha256 == sha256 if sha256 else is_intact(cached):
                return cached
            _log.warning("The file %s of %s was damaged, and deleted.", path, self)
            forget(file)
        raise wrong

    def names(self) -> list[str]:
        """Return the names of all files, or of those in the cache if the Hub does not answer."""
        with explained(self.repo, self.commit or self.revision, "the list of files"):
            commit = self._resolve()
            list_files = partial(
                snapshot_download,
                self.repo,
                revision=commit,
                cache_dir=self._cache,
                endpoint=self._endpoint,
                allow_patterns=[],  # so that none is fetched
                tqdm_class=meter(lambda *_: None),
            )
            logging.getLogger("huggingface_hub._snapshot_download").addFilter(_is_news)
            try:
                folder = Path(self._ask(list_files))
            except UnreachableError:
                folder = Path(list_files(local_files_only=True))
            try:
                tree = get_cached_repo_tree(self.repo, revision=commit, cache_dir=self._cache)
            except CachedRepoTreeNotFoundError:
                here = (file for file in folder.rglob("*") if file.is_file())
                return [file.relative_to(folder).as_posix() for file in here]
            return [file.path for file in tree]

    def _resolve(self) -> str:
        """Return the commit of the revision, or the last known one if the Hub does not answer."""
        with self._resolving:
            if self.commit is not None:
                return self.commit
            api = HfApi(endpoint=self._endpoint)
            info = partial(api.repo_info, timeout=ANSWER_S)
            # Else resolve_revision gives the last known commit, and does not say so.
            api.repo_info = lambda **asked: self._ask(partial(info, **asked))  # type: ignore[method-assign]
            find = partial(
                api.resolve_revision, self.repo, revision=self.revision, cache_dir=self._cache
            )
            try:
                self.commit = find().resolved
            except UnreachableError:
                self.commit, self.is_stale = find(local_files_only=True).resolved, True
            return self.commit

    def _check_size(self, path: str, commit: str) -> None:
        """Refuse a file that is far too large; UnreachableError: the Hub does not answer."""
        url = hf_hub_url(self.repo, path, revision=commit, endpoint=self._endpoint)
        look = partial(get_hf_file_metadata, url, timeout=ANSWER_S, endpoint=self._endpoint)
        with suppress(HfHubHTTPError):  # which the download explains
            size = self._ask(look).size or 0
            if size > MAX_BYTES:
                raise HubError(
                    f"{path} of {self} has {size:,} bytes; at most {MAX_BYTES:,} can be."
                )

    def _ask(self, question: Callable[[], AnswerT]) -> AnswerT:
        """Return the Hub's answer; a Hub that gave none is left alone for a while.

        Raises:
            UnreachableError: there is none within ANSWER_S, or the Hub is out of order.
            HfHubHTTPError: the answer is no.
        """
        if time.monotonic() < self._silent_until:
            raise errors.unreachable(self.repo)
        answer: Future[AnswerT] = Future()

        def run() -> None:
            try:
                answer.set_result(question())
            except Exception as error:  # httpx's or httpx2's, as huggingface_hub has it
                answer.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        try:
            return answer.result(ANSWER_S)  # looking a name up knows no timeout
        except Exception as error:
            if isinstance(error, HfHubHTTPError) and error.response.status_code not in errors.DOWN:
                raise
            self._silent_until = time.monotonic() + RETRY_S
            _log.info("The Hub does not answer.", exc_info=error)
            raise errors.unreachable(self.repo) from error


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a message of huggingface_hub is not that it downloads nothing, as wanted."""
    return not record.getMessage().startswith("No files matched allow_patterns=[]")
