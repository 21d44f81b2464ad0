"""Where networks are looked for: a folder, before it a repository on the Hub, and checkpoints."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from denoise.defaults import BUNDLED, JUDGE
from denoise.errors import UnknownModelError, WeightsError
from denoise.hub.address import HERE, Address, parse_address
from denoise.hub.errors import HubError
from denoise.hub.repository import Repository, fetch_checkpoint, find_checkpoint
from denoise.progress import OnBytes
from denoise.weights.checkpoints import is_checkpoint
from denoise.weights.facts import ModelFacts, list_models, read_facts, weights_size
from denoise.weights.manifest import read_manifest
from denoise.zoo.checkpoints import FILE, Found, Shelf

_log = logging.getLogger(__name__)


class Zoo:
    """Where networks are looked for by name or address; one serves many threads.

    Args:
        folder: of the models' folders, where they are looked for last.
        repository: on the Hub, where they are looked for first; None: nowhere else.
        takes_addresses: whether `org/repo/name@revision` may be asked for, too.
        takes_files: whether anyone's checkpoint may be asked for by its path: never where
            strangers ask.
        checkpoints: files of anyone's that are members of this zoo, by their names without
            ending; one that cannot be loaded is left out.
        open_repository: opens those, by repository and revision.
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
        self.folder = folder
        self.repository = repository
        self.takes_addresses = takes_addresses
        self.takes_files = takes_files
        self._open = open_repository
        self._others: dict[tuple[str, str | None], Repository] = {}
        self._lock = threading.Lock()
        self._failing: dict[str, str] = {}  # what is wrong now, by model or, of all, by ""
        self._shelf = Shelf(checkpoints, self._own_names()) if checkpoints else Shelf()

    def list_models(self) -> list[ModelFacts]:
        """Gives the facts about every model, by name; what cannot be had is left out.

        Raises:
            WeightsError: a config of the folder that cannot be read.
        """
        facts = {one.name: one for one in list_models(self.folder)}
        for name in self._places():
            try:
                facts[name] = self.read_facts(name)
            except WeightsError as error:
                self._log_once(name, str(error), f"{name} is left out.")
        facts |= self._shelf.facts
        return [facts[name] for name in sorted(facts)]

    def is_elsewhere(self, model: str) -> bool:
        """Tells whether a model is named by its address or path, and not by a name in the zoo."""
        return parse_address(model) is not None or (self.takes_files and is_checkpoint(model))

    def read_facts(self, model: str, on_bytes: OnBytes | None = None) -> ModelFacts:
        """Gives the facts about a model, without its weights but for anyone's checkpoint.

        Args:
            model: as for `fetch`.
            on_bytes: as for `fetch`, where a checkpoint must be fetched for it.

        Raises:
            UnknownModelError: there is none of that name.
            WeightsError: its config cannot be had.
        """
        if (known := self._shelf.known(model)) is not None:
            return known
        found = self._find(model, with_weights=False, on_bytes=on_bytes)
        if found.checkpoint is None:
            return read_facts(found.folder.name, found.folder.parent)
        return self._shelf.read(model, found)

    def look_up(self, model: str) -> Found:
        """Gives the folder that a model's config, or its checkpoint, lies in, and where it is from.

        Raises:
            UnknownModelError: there is none of that name.
            WeightsError: its config cannot be had.
        """
        return self._find(model, with_weights=False)

    def fetch(self, model: str, on_bytes: OnBytes | None = None) -> Found:
        """Gives the folder that a model lies in, its weights verified if they are from the Hub.

        Args:
            model: its name or its address on the Hub, `org/repo/name@revision`, or where they are
                taken the path of a checkpoint.
            on_bytes: called with the bytes of the weights that are there, and their number; None:
                there is a progress bar.

        Raises:
            UnknownModelError: there is none of that name.
            WeightsError: it cannot be had, or is another one under the name of a bundled model.
        """
        return self._find(model, with_weights=True, on_bytes=on_bytes)

    def weights_size(self, model: str) -> int | None:
        """Gives the size of a model's weights in bytes; None where it is not known yet."""
        found = self.look_up(model)
        if found.checkpoint is not None:
            return found.checkpoint.stat().st_size
        try:
            return weights_size(found.folder.name, found.folder.parent)
        except WeightsError:
            entries = self.repository.entries() if self.repository else {}
            return (entries[model].size or None) if model in entries else None

    def warnings(self) -> tuple[str, ...]:
        """Gives sentences on what is not as it was set up, each once, and logs new ones."""
        if self.repository is None:
            return ()
        try:
            names = self._entries()
        except HubError as error:
            serving = "The bundled networks serve instead." if list_models(self.folder) else ""
            self._log_once("", str(error), serving)
            return (f"{error} {serving}".rstrip(),)
        with self._lock:
            self._failing.pop("", None)
        there = {facts.name for facts in list_models(self.folder)}
        doubts = [sentence for name in names for sentence in self._doubts(name)]
        others = []
        if missing := sorted(there - set(names)):
            others.append(
                f"{self.repository} does not hold {', '.join(missing)}; bundled ones serve instead."
            )
        if self.repository.is_stale:
            others.append(
                f"The Hub cannot be reached; {self.repository} serves, the last one known here."
            )
        for sentence in others:
            self._log_once(sentence, sentence)
        return tuple(dict.fromkeys([*doubts, *others]))

    def __str__(self) -> str:
        return str(self.folder) if self.repository is None else str(self.repository)

    def _doubts(self, name: str) -> tuple[str, ...]:
        try:
            return self.look_up(name).warnings
        except WeightsError as error:
            self._log_once(name, str(error))
            return (str(error),)

    def _entries(self) -> dict[str, str]:
        """Gives the place of each model in the repository, by name."""
        entries = self.repository.entries() if self.repository else {}
        return {name: entry.place for name, entry in entries.items()}

    def _places(self) -> dict[str, str]:
        try:
            return self._entries()
        except HubError:
            return {}

    def _own_names(self) -> set[str]:
        """Gives the names that networks of ours have, here or on the Hub."""
        return {*read_manifest(BUNDLED), *(facts.name for facts in list_models(self.folder))}

    def _file_of(self, model: str) -> Path | None:
        """Gives the file that a model's name or path means; None where it means something else."""
        if not (self.takes_files and is_checkpoint(model)):
            return self._shelf.file_of(model)
        address, file = parse_address(model), Path(model)
        may_be_on_hub = address is not None and address.place != HERE
        return None if may_be_on_hub and not file.exists() else file

    def _find_address(
        self, model: str, address: Address, with_weights: bool, on_bytes: OnBytes | None
    ) -> Found:
        repository = self._other(model, address)
        try:
            path = find_checkpoint(repository, address.place)
            if path is None:
                return self._take(repository, address.place, with_weights, on_bytes)
            file = fetch_checkpoint(repository, path, on_bytes)
        except HubError as error:
            if self.takes_files and is_checkpoint(model):
                raise UnknownModelError(f"There is no file {model} here. {error}") from error
            raise
        name = address.repo.partition("/")[2] if address.place == HERE else file.stem
        return Found(file.parent, str(repository), checkpoint=file, name=name)

    def _find(self, model: str, *, with_weights: bool, on_bytes: OnBytes | None = None) -> Found:
        file = self._file_of(model)
        if file is not None:
            return Found(file.parent, FILE, checkpoint=file)
        address = parse_address(model)
        if address is not None:
            return self._find_address(model, address, with_weights, on_bytes)
        if self.repository is None:
            return self._bundled(model)
        try:
            found = self._take(self.repository, self._place(model), with_weights, on_bytes)
        except HubError as error:
            return self._instead(model, error)
        with self._lock:
            self._failing.pop(model, None)  # if it fails again, that is news
        return found

    def _take(
        self, repository: Repository, place: str, with_weights: bool, on_bytes: OnBytes | None
    ) -> Found:
        self._check(repository, repository.facts(place))
        folder = repository.fetch(place, on_bytes) if with_weights else repository.folder(place)
        return Found(folder, str(repository))

    def _place(self, model: str) -> str:
        places = self._entries()
        if model not in places:
            raise HubError(f"{self.repository} holds no {model}; it has: {', '.join(places)}.")
        return places[model]

    def _bundled(self, model: str, *warnings: str) -> Found:
        facts = read_facts(model, self.folder)
        return Found(self.folder / facts.name, "folder", warnings)

    def _instead(self, model: str, error: HubError) -> Found:
        """Gives the bundled model in place of that on the Hub, with a warning."""
        bundled = {facts.name for facts in list_models(self.folder)}
        places = self._places()
        if model in bundled:
            self._log_once(model, str(error), f"The bundled {model} serves instead.")
            return self._bundled(model, f"{error} The bundled {model} serves instead.")
        if model in places or not places:
            raise error
        choice = ", ".join(sorted(bundled | places.keys()))
        raise UnknownModelError(f"Unknown model {model!r}; choose one of: {choice}.") from error

    def _log_once(self, about: str, wrong: str, consequence: str = "") -> None:
        """Logs what is wrong and what comes of it, unless the same is wrong already."""
        with self._lock:
            if wrong not in self._failing.values():
                _log.warning(f"{wrong} {consequence}".rstrip())
            self._failing[about] = wrong

    def _other(self, model: str, address: Address) -> Repository:
        if not self.takes_addresses:
            names = ", ".join(facts.name for facts in self.list_models())
            raise UnknownModelError(
                f"{model} is on the Hub, and only networks of this server may be chosen: {names}. "
                "Its owner can allow others with DENOISE_ANY_MODEL=1."
            )
        with self._lock:
            key = (address.repo, address.revision)
            if key not in self._others:
                self._others[key] = self._open(*key)
            return self._others[key]

    def _check(self, repository: Repository, facts: ModelFacts) -> None:
        """Refuses other weights under the name of a model of the zoo, unless they are pinned."""
        manifest = read_manifest(self.folder) or read_manifest(BUNDLED)
        known = manifest.get(facts.name)
        if known is None or known.sha256 == facts.sha256 or repository.is_pinned:
            return
        raise HubError(
            f"{repository} has other weights than the known ones under the name {facts.name}; "
            f"if they are wanted all the same, pin the revision: {repository.commit}."
        )


def find_judge(zoo: Zoo | None, name: str = JUDGE) -> Path:
    """Gives the folder of a network that judges noise: the zoo's, or else the bundled one.

    Raises:
        UnknownModelError: there is none of that name.
        WeightsError: it cannot be had.
    """
    if zoo is not None and zoo.repository is None and not (zoo.folder / name).is_dir():
        zoo = None
    return (zoo or Zoo()).fetch(name).folder


def partner_of(text: str, name: str) -> str:
    """Gives the address of another model beside the one at an address; of names, just the name."""
    address = parse_address(text)
    if address is None:
        return name
    return f"{address.repo}/{name}" + (f"@{address.revision}" if address.revision else "")
