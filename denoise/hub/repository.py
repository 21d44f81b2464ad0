"""A repository of networks on the Hugging Face Hub: this project's, or anyone's checkpoints."""

import re
from contextlib import suppress
from pathlib import Path

from denoise.errors import WeightsError
from denoise.hub.address import HERE, join
from denoise.hub.cache import CachedFile
from denoise.hub.errors import HubError, NotThereError, UnreachableError
from denoise.hub.files import HubFiles
from denoise.models import ARCHITECTURES
from denoise.progress import OnBytes
from denoise.weights.checkpoints import PICKLED, SAFE, is_checkpoint
from denoise.weights.facts import ModelFacts, parse_facts
from denoise.weights.manifest import CONFIG_FILE, MANIFEST_FILE, WEIGHTS_FILE, Entry, parse_manifest

MAX_NAMED = 8  # files that a sentence lists
_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


class ForeignError(HubError):
    """The root of the repository holds another library's network."""


class NotHeldError(HubError):
    """The repository holds no model of that name."""


class Repository(HubFiles):
    """The networks of a repository on the Hub."""

    def entries(self) -> dict[str, Entry]:
        """Return what the manifest says of each model, by name."""
        try:
            return self._manifest()
        except NotThereError:
            facts = self.facts(HERE)
            return {facts.name: Entry(facts.sha256, 0, HERE)}

    def place_of(self, name: str) -> str:
        """Return the place of a model; NotHeldError: there is none of that name."""
        entries = self.entries()
        if name not in entries:
            raise NotHeldError(f"{self} holds no {name}; it has: {', '.join(sorted(entries))}.")
        return entries[name].place

    def resolve(self, place: str) -> ModelFacts | str:
        """Return the facts about this project's model at a place, or the path of a checkpoint.

        The root of a repository stands for its only checkpoint.
        """
        if is_checkpoint(place):
            return place
        try:
            return self.facts(place)
        except (NotThereError, ForeignError, UnreachableError):
            if place != HERE:
                raise
            return self._only_checkpoint()

    def facts(self, place: str) -> ModelFacts:
        """Return the facts about the model at a place; ForeignError: it is another library's."""
        path = join(place, CONFIG_FILE)
        damaged = HubError(f"The file {path} of {self} is damaged.")
        content = self.read(path, damaged).content
        try:
            facts = parse_facts(content, place)
        except WeightsError as error:
            if place != HERE or b'"needs"' in content:
                raise damaged from error
            raise ForeignError(
                f"{self} holds no network of this project: its {CONFIG_FILE} is another library's."
            ) from error
        if not _NAME.fullmatch(facts.name) or place not in (HERE, facts.name):
            raise HubError(f"The file {path} of {self} is that of another model.")
        if facts.architecture not in ARCHITECTURES:
            raise HubError(
                f"{facts.name} of {self} is a {facts.architecture!r}, which this version does not "
                f"know; it knows: {', '.join(ARCHITECTURES)}."
            )
        return facts

    def folder(self, place: str) -> Path:
        """Return the folder of the config at a place."""
        return self.file(join(place, CONFIG_FILE)).parent

    def weights(self, place: str, facts: ModelFacts, on_bytes: OnBytes | None = None) -> bytes:
        """Return the weights at a place, verified by the facts."""
        wrong = HubError(
            f"The weights of {facts.name} at {self} are not the ones that its {CONFIG_FILE} names "
            "(sha256 differs), also when fetched anew. Tell its owner, or choose another revision."
        )
        path = join(place, WEIGHTS_FILE)
        return self.read(path, wrong, on_bytes=on_bytes, sha256=facts.sha256).content

    def checkpoint(self, path: str, on_bytes: OnBytes | None = None) -> CachedFile:
        """Return a checkpoint, verified by the Hub's own hash."""
        wrong = HubError(
            f"{path} of {self} is not the file that the Hub says it is (its hash differs), also "
            "when fetched anew. Tell its owner, or choose another revision."
        )
        return self.read(path, wrong, on_bytes=on_bytes)

    def _manifest(self) -> dict[str, Entry]:
        content = self.file(MANIFEST_FILE).read_bytes()
        try:
            return parse_manifest(content)
        except WeightsError as error:
            raise HubError(f"The file {MANIFEST_FILE} of {self} is damaged.") from error

    def _only_checkpoint(self) -> str:
        """Return the path of the only checkpoint; a safe one goes before pickled ones."""
        ours = list[str]()
        with suppress(HubError):  # no manifest, or one of another kind
            ours = sorted(self._manifest())
        if ours:
            raise HubError(f"{self} holds {', '.join(ours)}; name one as {self.repo}/{ours[0]}.")
        found = sorted(filter(is_checkpoint, self.names()))
        found = [name for name in found if name.lower().endswith(SAFE)] or found
        if not found:
            raise HubError(
                f"{self} holds no network that can be used here: neither one with a config of "
                f"this project nor a checkpoint ({', '.join((SAFE, *PICKLED))}); see on the Hub "
                "what it holds."
            )
        if len(found) > 1:
            more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
            raise HubError(
                f"{self} holds several checkpoints: {', '.join(found[:MAX_NAMED])}{more}; name "
                f"one as {self.repo}/{found[0]}."
            )
        return found[0]
