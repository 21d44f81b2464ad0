"""Places that networks come from: a folder, the Hub, anyone's checkpoints."""

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from torch import nn

from denoise.defaults import BUNDLED
from denoise.errors import DenoiseError, UnknownModelError, WeightsError
from denoise.hub.address import HERE, parse_address
from denoise.hub.errors import HubError
from denoise.hub.repository import Repository
from denoise.progress import OnBytes
from denoise.weights.checkpoints import is_checkpoint, load_checkpoint, read_checkpoint
from denoise.weights.facts import ModelFacts, model_names, read_facts
from denoise.weights.manifest import read_manifest
from denoise.weights.tensors import build_verified, read_weights

FILE = "file"  # the source of a checkpoint that has no address
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A model that is here, and where it is from."""

    folder: Path  # with its config and, if they were asked for, its weights
    source: str  # "folder", FILE, or org/repo@commit
    warnings: tuple[str, ...] = ()
    checkpoint: Path | None = None  # in that folder; None: the network is this project's
    name: str | None = None  # of the checkpoint; None: the file's
    told: ModelFacts | None = None  # None: only loading the checkpoint tells
    content: bytes | None = field(default=None, repr=False)  # verified weights; None: in the folder
    sha256: str = ""  # of the content, if it is known

    @property
    def facts(self) -> ModelFacts:
        """The facts about it."""
        return self.told or self.load()[1]

    def load(self) -> tuple[nn.Module, ModelFacts]:
        """Return the network in float32, ready for inference, and the facts about it.

        Raises:
            UnknownModelError: the checkpoint is not there any more.
            WeightsError: weights that are missing, altered or do not fit.
        """
        if self.checkpoint is not None:
            content = self.content or read_checkpoint(self.checkpoint)
            return load_checkpoint(content, self.checkpoint.name, self.name, sha256=self.sha256)
        content = self.content or read_weights(self.facts, self.folder)
        return build_verified(self.facts, content), self.facts


class FolderSource:
    """A folder of the models' folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def models(self) -> dict[str, ModelFacts]:
        """Return the facts about the folder's models by name."""
        return self._read()[0]

    def damaged(self) -> dict[str, str]:
        """Return what is wrong with those whose config cannot be read, by name."""
        return self._read()[1]

    def _read(self) -> tuple[dict[str, ModelFacts], dict[str, str]]:
        facts: dict[str, ModelFacts] = {}
        damaged: dict[str, str] = {}
        for name in model_names(self.folder):
            try:
                facts[name] = read_facts(name, self.folder)
            except WeightsError as error:
                damaged[name] = str(error)
        return facts, damaged

    def find(self, model: str, **_: object) -> Found | None:
        """Return the model of a name, if it is in the folder."""
        with suppress(UnknownModelError):
            return Found(self.folder / model, "folder", told=read_facts(model, self.folder))
        return None


class FileSource:
    """Anyone's checkpoints: some by their files' names, and any by its path if that is allowed.

    One that cannot be loaded or has a name that is taken is left out, with a warning in the log.
    """

    def __init__(self, files: Sequence[Path], taken: Collection[str], takes_paths: bool) -> None:
        self._takes_paths = takes_paths
        self._named: dict[str, Found] = {}
        for file in files:
            if file.stem in {*taken, *self._named}:
                _log.warning("%s is left out: another network is called so.", file.name)
                continue
            found = Found(file.parent, FILE, checkpoint=file)
            try:
                self._named[file.stem] = replace(found, told=found.facts)
            except DenoiseError as error:
                _log.warning("%s is left out: %s", file.name, error)

    def models(self) -> dict[str, ModelFacts]:
        """Return the facts about the checkpoints with a name."""
        return {name: found.facts for name, found in self._named.items()}

    def find(self, model: str, **_: object) -> Found | None:
        """Return the checkpoint of a name or a path; a path that may be an address must exist."""
        if not (self._takes_paths and is_checkpoint(model)):
            return self._named.get(model)
        address, file = parse_address(model), Path(model)
        if address is not None and address.place != HERE and not file.exists():
            return None
        return Found(file.parent, FILE, checkpoint=file)


class HubSource:
    """Models on the Hub: those of one repository by name, those of any by address.

    Args:
        repository: its models have names; None: none has.
        folder: its manifest, or else the bundled one, says which weights known models have.
        open_repository: opens any by name and revision; None: addresses are not taken.
    """

    def __init__(
        self,
        repository: Repository | None,
        folder: Path,
        open_repository: Callable[[str, str | None], Repository] | None,
    ) -> None:
        self._repository, self._folder = repository, folder
        self._open = cache(open_repository) if open_repository else None

    def models(self) -> dict[str, ModelFacts]:
        """Return the facts about the repository's models by name, as far as they can be had."""
        found: dict[str, ModelFacts] = {}
        with suppress(HubError):
            for name in self._repository.entries() if self._repository else ():
                with suppress(WeightsError):
                    if one := self.find(name, with_weights=False, on_bytes=None):
                        found[name] = one.facts
        return found

    def find(self, model: str, *, with_weights: bool, on_bytes: OnBytes | None) -> Found | None:
        """Return the model of a name in the repository, or at an address."""
        address = parse_address(model)
        if address is None and self._repository:
            repository, place = self._repository, self._repository.place_of(model)
            at: ModelFacts | str = repository.facts(place)
        elif address is not None and self._open:
            repository, place = self._open(address.repo, address.revision), address.place
            at = repository.resolve(place)
        else:
            return None
        if isinstance(at, str):
            file, content, sha256 = repository.checkpoint(at, on_bytes)
            name = repository.repo.partition("/")[2] if place == HERE else file.stem
            return Found(file.parent, str(repository), (), file, name, None, content, sha256)
        self._check(repository, at)
        weights = repository.weights(place, at, on_bytes) if with_weights else None
        return Found(repository.folder(place), str(repository), told=at, content=weights)

    def _check(self, repository: Repository, facts: ModelFacts) -> None:
        """Refuse other weights under the name of a known model, unless they are pinned."""
        known = (read_manifest(self._folder) or read_manifest(BUNDLED)).get(facts.name)
        if known and known.sha256 != facts.sha256 and not repository.is_pinned:
            raise HubError(
                f"{repository} has other weights than the known ones under the name {facts.name}; "
                f"to use them all the same, pin the revision: {repository.commit}."
            )


Source = FileSource | HubSource | FolderSource
