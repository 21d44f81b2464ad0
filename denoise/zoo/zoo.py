"""A name, an address or a path -> a network: an ordered list of sources."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from denoise.defaults import BUNDLED, ESTIMATOR
from denoise.errors import UnknownModelError, WeightsError
from denoise.hub.address import parse_address
from denoise.hub.errors import HubError
from denoise.hub.repository import NotHeldError, Repository
from denoise.progress import OnBytes
from denoise.weights.checkpoints import is_checkpoint
from denoise.weights.facts import ModelFacts, unknown_model
from denoise.weights.manifest import CONFIG_FILE, WEIGHTS_FILE, read_manifest
from denoise.zoo.sources import FILE, FileSource, FolderSource, Found, HubSource, Source

MAX_KNOWN = 64  # checkpoints on the Hub whose facts are remembered
_log = logging.getLogger(__name__)


class Zoo:
    """Finds networks in files, on the Hub and in a folder, in this order; serves many threads.

    Args:
        folder: of the models' folders.
        repository: on the Hub, whose models go before those of the folder; None: no repository.
        takes_addresses: whether `org/repo/name@revision` may be asked for.
        takes_files: whether anyone's checkpoint may be asked for by its path: never by strangers.
        checkpoints: anyone's, which are members of this zoo by their files' names without ending.
        open_repository: opens a repository by name and revision.
    """

    def __init__(
        self,
        folder: Path = BUNDLED,
        repository: Repository | None = None,
        *,
        takes_addresses: bool = True,
        takes_files: bool = False,
        checkpoints: Sequence[Path] = (),
        open_repository: Callable[[str, str | None], Repository] = Repository,
    ) -> None:
        self.folder, self.repository = folder, repository
        self.takes_addresses, self.takes_files = takes_addresses, takes_files
        self._folder = FolderSource(folder)
        taken = {*read_manifest(BUNDLED), *self._folder.models()} if checkpoints else ()
        self._sources: tuple[Source, ...] = (
            FileSource(checkpoints, taken, takes_files),
            HubSource(repository, folder, open_repository if takes_addresses else None),
            self._folder,
        )
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._failing: dict[str, str] = {}  # what is wrong now, by model or, of all, by ""
        self._known: dict[str, ModelFacts] = {}  # of checkpoints on the Hub, by address

    def __str__(self) -> str:
        return str(self.repository or self.folder)

    def list_models(self) -> list[ModelFacts]:
        """Return the facts about every model, by name; those that cannot be had are left out."""
        facts: dict[str, ModelFacts] = {}
        for source in self._sources:
            facts = source.models() | facts
        return [facts[name] for name in sorted(facts)]

    def is_elsewhere(self, model: str) -> bool:
        """Tell whether a model is given by its address or path rather than its name."""
        return parse_address(model) is not None or (self.takes_files and is_checkpoint(model))

    def read_facts(self, model: str, on_bytes: OnBytes | None = None) -> ModelFacts:
        """Return the facts about a model; only anyone's checkpoint is fetched for them.

        Args and errors are those of `fetch`.
        """
        if (known := self._known.get(model)) is not None:
            return known
        found = self.fetch(model, on_bytes, with_weights=False)
        if found.told is not None:
            return found.told
        with self._loading:  # several large checkpoints at the same time might be too much
            facts = found.facts
            if found.source != FILE:  # a file may change
                self._known[model] = facts
            for oldest in list(self._known)[:-MAX_KNOWN]:
                del self._known[oldest]
        return facts

    def fetch(
        self, model: str, on_bytes: OnBytes | None = None, *, with_weights: bool = True
    ) -> Found:
        """Return a model, with its weights verified if they are from the Hub.

        Args:
            model: its name, its address on the Hub, `org/repo/name@revision`, or, if files are
                taken, the path of a checkpoint.
            on_bytes: called with the bytes of the weights that are here and in all; None: a
                progress bar is shown.
            with_weights: False: those of this project's networks are not fetched.

        Raises:
            UnknownModelError: there is no such model.
            WeightsError: it cannot be had, or is another one under the name of a bundled model.
        """
        failure: HubError | None = None
        for source in self._sources:
            try:
                found = source.find(model, with_weights=with_weights, on_bytes=on_bytes)
            except HubError as error:
                failure = error
                continue
            if found and failure:
                instead = f"The bundled {model} serves instead."
                return replace(found, warnings=(self._say(model, str(failure), instead),))
            if found:
                self._failing.pop(model, None)  # if it fails again, that is news
                return found
        return self._refuse(model, failure)

    def weights_size(self, model: str) -> int | None:
        """Return the size of a model's weights in bytes; None: it is not known yet."""
        found = self.fetch(model, with_weights=False)
        file = found.checkpoint or found.folder / WEIGHTS_FILE
        if file.is_file():
            return file.stat().st_size
        entries = self.repository.entries() if self.repository else {}
        return (entries[model].size or None) if model in entries else None

    def warnings(self) -> tuple[str, ...]:
        """Return a sentence on everything that is not as it was set up, and log new ones."""
        repository, bundled = self.repository, self._folder.models()
        sentences = [self._say(name, wrong) for name, wrong in self._folder.damaged().items()]
        if repository is None:
            return tuple(sentences)
        try:
            names = repository.entries()
        except HubError as error:
            instead = "The bundled networks serve instead." if bundled else ""
            return (*sentences, self._say("", str(error), instead))
        self._failing.pop("", None)
        for name in names:
            try:
                sentences += self.fetch(name, with_weights=False).warnings
            except WeightsError as error:
                sentences.append(self._say(name, str(error)))
        if missing := ", ".join(sorted(bundled.keys() - names)):
            wrong = f"{repository} does not hold {missing}; bundled ones serve instead."
            sentences.append(self._say("missing", wrong))
        if repository.is_stale:
            wrong = f"The Hub cannot be reached; {repository} serves, the last one known here."
            sentences.append(self._say("stale", wrong))
        return tuple(dict.fromkeys(sentences))

    def _say(self, about: str, wrong: str, instead: str = "") -> str:
        """Return what is wrong and what serves instead; log it unless that is wrong already."""
        sentence = f"{wrong} {instead}".rstrip()
        with self._lock:
            if wrong not in self._failing.values():
                _log.warning(sentence)
            self._failing[about] = wrong
        return sentence

    def _refuse(self, model: str, failure: HubError | None) -> NoReturn:
        """Say why there is no such model, or why it cannot be had."""
        folder = Path(model)
        if self.takes_files and (folder / CONFIG_FILE).is_file():
            raise UnknownModelError(
                f"{model} is a network's folder; use --zoo {folder.parent} --model {folder.name}."
            ) from failure
        if self.takes_files and any(folder.glob(f"*/{CONFIG_FILE}")):
            raise UnknownModelError(
                f"{model} is a folder of networks; use --zoo {model} --model NAME."
            ) from failure
        if failure and self.takes_files and is_checkpoint(model):
            raise UnknownModelError(f"There is no file {model} here. {failure}") from failure
        if failure and not isinstance(failure, NotHeldError):
            raise failure
        names = [facts.name for facts in self.list_models()]
        if parse_address(model) is None:
            raise unknown_model(model, names, self.folder) from failure
        raise UnknownModelError(
            f"{model} is on the Hub, and only networks of this server may be chosen: "
            f"{', '.join(names)}. Its owner can allow others with DENOISE_ANY_MODEL=1."
        )


def find_estimator(zoo: Zoo | None, name: str = ESTIMATOR) -> Found:
    """Return a network that estimates noise: the zoo's, or else the bundled; errors as `fetch`."""
    has_one = zoo is not None and (zoo.repository or (zoo.folder / name).is_dir())
    return (zoo if zoo and has_one else Zoo()).fetch(name)


def partner_of(text: str, name: str) -> str:
    """Return the address of another model beside the one at an address, or its plain name."""
    address = parse_address(text)
    return str(address._replace(place=name)) if address else name
