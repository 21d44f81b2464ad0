"""A repository of networks on the Hugging Face Hub, read through huggingface_hub's cache."""

import logging
import re
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import HfHubHTTPError

from denoise.errors import WeightsError
from denoise.hub.address import HERE
from denoise.hub.cache import (
    fetched_names,
    forget,
    is_intact,
    keep_names,
    kept_names,
    last_commit,
    meter,
    sha256_of,
    sweep,
)
from denoise.hub.errors import HubError, NotThereError, UnreachableError, explained, unreachable
from denoise.hub.timeout import ANSWER_S, Asking
from denoise.models import ARCHITECTURES
from denoise.progress import OnBytes
from denoise.weights.checkpoints import PICKLED, SAFE, is_checkpoint
from denoise.weights.facts import ModelFacts, read_facts
from denoise.weights.manifest import CONFIG_FILE, MANIFEST_FILE, WEIGHTS_FILE, Entry, parse_manifest

MAX_BYTES = 4_000_000_000  # of a file; a hundred times what any network here needs

_NAME = re.compile(r"\w[\w.-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_log = logging.getLogger(__name__)
MAX_NAMED = 8  # files that a sentence lists


class ForeignError(HubError):
    """What lies at the root of a repository is no network of ours."""


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
        self._asking = Asking(repo)

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
            raise HubError(f"The file {MANIFEST_FILE} of {self} is damaged.") from error

    def facts(self, place: str) -> ModelFacts:
        """Gives the facts about the model at a place.

        Raises:
            HubError: its config cannot be had, is damaged or of an unknown architecture;
                ForeignError where it is another library's.
        """
        facts = self._read(place)
        if not _NAME.fullmatch(facts.name) or place not in (HERE, facts.name):
            config = _join(place, CONFIG_FILE)
            raise HubError(f"The file {config} of {self} is that of another model.")
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

    def names(self) -> list[str]:
        """Gives the names of all files; of those that are here, where the Hub does not answer.

        Raises:
            HubError: they cannot be had.
        """
        with explained(self.repo, self.commit or self.revision, "the list of files"):
            kept = kept_names(self._cache, self.repo, self.commit) if self.commit else None
            return self._list() if kept is None else kept

    def _list(self) -> list[str]:
        revision, api = self.commit or self.revision, HfApi(endpoint=self._endpoint)
        try:
            found = self._asking.ask(
                lambda: api.model_info(self.repo, revision=revision, timeout=ANSWER_S)
            )
        except UnreachableError:
            return self._list_here()
        names = [file.rfilename for file in found.siblings or []]
        self.commit = self.commit or found.sha
        if self.commit:
            keep_names(self._cache, self.repo, self.commit, names)
        return names

    def _list_here(self) -> list[str]:
        """Gives the names of what was fetched of the commit, or else of the last known one."""
        commit = self.commit or last_commit(self._cache, self.repo, self.revision)
        names = commit and (
            kept_names(self._cache, self.repo, commit)
            or fetched_names(self._cache, self.repo, commit)
        )
        if not names:
            raise unreachable(self.repo)
        self.commit, self.is_stale = commit, self.is_stale or self.commit is None
        return names

    def _read(self, place: str, *, is_fetched_anew: bool = False) -> ModelFacts:
        """Gives what a config says; a damaged one is deleted and fetched once more."""
        config = self.file(_join(place, CONFIG_FILE))
        try:
            return read_facts(config.parent.name, config.parent.parent)
        except WeightsError as error:
            if place == HERE and _is_foreign(config):
                raise ForeignError(
                    f"{self} holds no network of this project: its {CONFIG_FILE} is another "
                    "library's."
                ) from error
            if is_fetched_anew:
                path = _join(place, CONFIG_FILE)
                raise HubError(f"The file {path} of {self} is damaged.") from error
        forget(config)
        return self._read(place, is_fetched_anew=True)

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
            commit = self._check_answer(path)
        except UnreachableError:
            last = None if self.commit else self._find(path)
            if last is None:
                raise
            self.commit, self.is_stale = _commit_of(last, path), True
            return last
        if not self.commit and commit == last_commit(self._cache, self.repo, self.revision):
            self.commit = commit
            if (known := self._find(path)) is not None:
                return known
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

    def _check_answer(self, path: str) -> str | None:
        """Sees that the Hub is there, and gives the commit that it names, if it does.

        Raises:
            UnreachableError: it is not.
            HubError: the file is far too large.
        """
        revision = self.commit or self.revision
        url = hf_hub_url(self.repo, path, revision=revision, endpoint=self._endpoint)
        try:
            found = self._asking.ask(
                lambda: get_hf_file_metadata(url, timeout=ANSWER_S, endpoint=self._endpoint)
            )
        except HfHubHTTPError as error:  # which the download explains; a 404 names the commit
            return error.response.headers.get("X-Repo-Commit")
        if (found.size or 0) > MAX_BYTES:
            raise HubError(
                f"{path} of {self} has {found.size:,} bytes; at most {MAX_BYTES:,} can be."
            )
        return found.commit_hash


def _join(place: str, file: str) -> str:
    return file if place == HERE else f"{place}/{file}"


def _is_foreign(config: Path) -> bool:
    """Tells whether a config that cannot be read is another library's rather than damaged."""
    return b'"needs"' not in config.read_bytes() and is_intact(config)


def _commit_of(file: Path, path: str) -> str:
    """Gives the commit that a cached file belongs to: the folder its path begins at."""
    return file.parents[path.count("/")].name


def find_checkpoint(repository: Repository, place: str) -> str | None:
    """Gives the path of the checkpoint that a place stands for; None where a model of ours is.

    The root of a repository stands for its only checkpoint; a safe one goes before pickled ones.

    Raises:
        HubError: the repository cannot be had, or holds no checkpoint or several.
    """
    if is_checkpoint(place):
        return place
    if place != HERE:
        return None
    try:
        repository.facts(HERE)
    except (NotThereError, ForeignError, UnreachableError):
        return _only_one(repository)
    return None


def fetch_checkpoint(repository: Repository, path: str, on_bytes: OnBytes | None = None) -> Path:
    """Gives a checkpoint, from the cache if it is there.

    One that is not what the Hub says is deleted and fetched once more.

    Raises:
        HubError: it cannot be had, or is not that one either.
    """
    for _ in range(2):
        file = repository.file(path, on_bytes)
        if is_intact(file):
            return file
        forget(file)
    raise HubError(
        f"{path} of {repository} is not the file that the Hub says it is (its hash differs), also "
        "when fetched anew. Tell its owner, or choose another revision."
    )


def _only_one(repository: Repository) -> str:
    names = repository.names()
    if MANIFEST_FILE in names and (ours := _names_of_ours(repository)):
        raise HubError(
            f"{repository} holds {', '.join(ours)}; name one as {repository.repo}/{ours[0]}."
        )
    found = sorted(name for name in names if is_checkpoint(name))
    found = [name for name in found if name.lower().endswith(SAFE)] or found
    if not found:
        endings = ", ".join((SAFE, *PICKLED))
        raise HubError(
            f"{repository} holds no network that can be used here: neither one with a config of "
            f"this project nor a checkpoint ({endings}); see on the Hub what it holds."
        )
    if len(found) > 1:
        more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
        raise HubError(
            f"{repository} holds several checkpoints: {', '.join(found[:MAX_NAMED])}{more}; name "
            f"one as {repository.repo}/{found[0]}."
        )
    return found[0]


def _names_of_ours(repository: Repository) -> list[str]:
    """Gives the names in the manifest, where that is one of ours."""
    try:
        return sorted(parse_manifest(repository.file(MANIFEST_FILE).read_bytes()))
    except WeightsError:
        return []
