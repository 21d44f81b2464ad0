"""A repository of networks on the Hugging Face Hub, read through huggingface_hub's cache."""

import logging
import re
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from huggingface_hub import (
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import HfHubHTTPError

from denoise.address import HERE
from denoise.errors import WeightsError
from denoise.hub_cache import OnBytes, forget, meter, sha256_of, sweep
from denoise.hub_errors import (
    HubError,
    NotThereError,
    UnreachableError,
    explained,
    is_down,
    unreachable,
)
from denoise.manifest import CONFIG_FILE, MANIFEST_FILE, WEIGHTS_FILE, Entry, parse_manifest
from denoise.models import ARCHITECTURES
from denoise.weights import ModelFacts, read_facts

ANSWER_S = 2.5  # that the Hub may take to answer, so that a refusal comes within 3 s
RETRY_S = 60  # for which a Hub that did not answer is not asked again
MAX_BYTES = 4_000_000_000  # of a file; a hundred times what any network here needs

_NAME = re.compile(r"\w[\w.-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_log = logging.getLogger(__name__)


class Repository:
    """A repository on the Hub; one serves many threads.

    The revision is resolved to a commit once, and what the cache has is not asked for again: with
    a pinned revision, which is a commit already, and a warm cache there is no request at all.

    Args:
        repo: organisation/name.
        revision: branch, tag or the 40 hex digits of a commit, which pin it; None: main.
        endpoint: address of the Hub; None: as huggingface_hub is set.
        cache: folder of the cache; None: as huggingface_hub is set.
    """

    def __init__(
        self,
        repo: str,
        revision: str | None = None,
        *,
        endpoint: str | None = None,
        cache: Path | None = None,
    ) -> None:
        self.repo = repo
        self.revision = revision or constants.DEFAULT_REVISION
        self.is_pinned = _COMMIT.fullmatch(self.revision) is not None
        self.commit = self.revision if self.is_pinned else None  # None: not resolved yet
        self.is_stale = False  # the commit is the last known one, since the Hub did not answer
        self._endpoint = endpoint
        self._cache = cache or Path(constants.HF_HUB_CACHE)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._silent_until = 0.0  # monotonic

    def __str__(self) -> str:
        return f"{self.repo}@{self.commit or self.revision}"

    def entries(self) -> dict[str, Entry]:
        """Gives what the manifest says of the models in the repository, by name.

        Raises:
            HubError: it cannot be read, or holds no model.
        """
        try:
            content = self.file(MANIFEST_FILE).read_bytes()
        except NotThereError:
            facts = self.facts(HERE)
            return {facts.name: Entry(facts.sha256, 0, HERE)}
        try:
            return parse_manifest(content)
        except WeightsError as error:
            raise HubError(f"The {MANIFEST_FILE} of {self} is damaged.") from error

    def facts(self, place: str) -> ModelFacts:
        """Gives the facts about the model at a place.

        Raises:
            HubError: its config cannot be had, is damaged or of an unknown architecture.
        """
        config = self.file(_join(place, CONFIG_FILE))
        try:
            facts = _read(config)
        except WeightsError:
            forget(config)
            facts = self._read_anew(place)
        if not _NAME.fullmatch(facts.name) or place not in (HERE, facts.name):
            raise HubError(f"The {CONFIG_FILE} at {place} of {self} is that of another model.")
        if facts.architecture not in ARCHITECTURES:
            raise HubError(
                f"{facts.name} of {self} is a {facts.architecture!r}, which this version does not "
                f"know; it knows: {', '.join(ARCHITECTURES)}."
            )
        return facts

    def folder(self, place: str) -> Path:
        """Gives the folder that the config of the model at a place lies in.

        Raises:
            HubError: it cannot be had.
        """
        return self.file(_join(place, CONFIG_FILE)).parent

    def fetch(self, place: str, on_bytes: OnBytes | None = None) -> Path:
        """Gives the folder of the model at a place: its config, and its weights as that says.

        Weights that are not those are deleted and fetched once more.

        Raises:
            HubError: they cannot be had, or are not those either.
        """
        for _ in range(2):
            facts, config = self.facts(place), self.file(_join(place, CONFIG_FILE))
            weights = self.file(_join(place, WEIGHTS_FILE), on_bytes)
            if sha256_of(weights) == facts.sha256:
                return config.parent
            _log.warning("The weights of %s at %s were damaged, and deleted.", place, self)
            forget(weights)
            forget(config)
        raise HubError(
            f"The weights of {facts.name} at {self} are not the ones that its {CONFIG_FILE} names "
            "(sha256 differs), also when fetched anew. Tell its owner, or choose another revision."
        )

    def file(self, path: str, on_bytes: OnBytes | None = None) -> Path:
        """Gives a file from the cache or, once for all who ask, from the Hub.

        Raises:
            HubError: it cannot be had; NotThereError where the repository has none.
        """
        with explained(self.repo, self.commit or self.revision, path):
            found = self._find(path) if self.commit else None
            if found is None:
                with self._locks[path]:
                    found = (self._find(path) if self.commit else None) or self._ask(path, on_bytes)
        return found

    def _read_anew(self, place: str) -> ModelFacts:
        try:
            return _read(self.file(_join(place, CONFIG_FILE)))
        except HubError:
            raise
        except WeightsError as error:
            raise HubError(f"The {CONFIG_FILE} at {place} of {self} is damaged.") from error

    def _find(self, path: str) -> Path | None:
        """Gives a file from the cache, where it has that of the commit."""
        found: Any = try_to_load_from_cache(
            self.repo, path, self._cache, self.commit or self.revision
        )
        if found is None:
            return None
        if not isinstance(found, str):  # it is known that there is none
            raise NotThereError(f"{self} has no {path}; see on the Hub what it holds.")
        return Path(found)

    def _ask(self, path: str, on_bytes: OnBytes | None) -> Path:
        """Gives a file from the Hub or, where that does not answer, from the last known commit."""
        try:
            self._check_answer(path)
        except UnreachableError:
            last = None if self.commit else self._find(path)
            if last is None:
                raise
            self.commit, self.is_stale = _commit_of(last, path), True
            return last
        sweep(self._cache, self.repo)
        try:
            downloaded = self._download(path, on_bytes)
        except HfHubHTTPError as error:
            # A 404 tells the commit, too.
            self.commit = self.commit or error.response.headers.get("X-Repo-Commit")
            raise
        self.commit = self.commit or _commit_of(downloaded, path)
        return downloaded

    def _download(self, path: str, on_bytes: OnBytes | None) -> Path:
        return Path(
            hf_hub_download(
                self.repo,
                path,
                revision=self.commit or self.revision,
                cache_dir=self._cache,
                endpoint=self._endpoint,
                etag_timeout=ANSWER_S,
                tqdm_class=None if on_bytes is None else meter(on_bytes),
            )
        )

    def _check_answer(self, path: str) -> None:
        """Sees that the Hub is there, since huggingface_hub itself tries for half a minute.

        Raises:
            UnreachableError: it is not.
            HubError: the file is far too large.
        """
        if time.monotonic() < self._silent_until:
            raise unreachable(self.repo)
        revision = self.commit or self.revision
        url = hf_hub_url(self.repo, path, revision=revision, endpoint=self._endpoint)
        answers: list[Any] = []
        asking = threading.Thread(target=self._ask_size, args=(url, answers), daemon=True)
        asking.start()
        asking.join(ANSWER_S)  # looking a name up knows no timeout
        answer = answers[0] if answers else TimeoutError("no answer in time")
        if isinstance(answer, HfHubHTTPError) and not is_down(answer):
            return  # which the download explains
        if isinstance(answer, Exception):
            self._silent_until = time.monotonic() + RETRY_S
            _log.warning("The Hub does not answer.", exc_info=answer)
            raise unreachable(self.repo) from answer
        if answer is not None and answer > MAX_BYTES:
            raise HubError(f"{path} of {self} has {answer:,} bytes; at most {MAX_BYTES:,} can be.")

    def _ask_size(self, url: str, answers: list[Any]) -> None:
        try:
            found = get_hf_file_metadata(url, timeout=ANSWER_S, endpoint=self._endpoint)
        except Exception as error:  # httpx's or httpx2's, as huggingface_hub has it
            answers.append(error)
        else:
            answers.append(found.size)


def _join(place: str, file: str) -> str:
    return file if place == HERE else f"{place}/{file}"


def _read(config: Path) -> ModelFacts:
    return read_facts(config.parent.name, config.parent.parent)


def _commit_of(file: Path, path: str) -> str:
    """Gives the commit that a cached file belongs to: the folder its path begins at."""
    return file.parents[path.count("/")].name
