"""Anyone's checkpoints in a zoo: those that belong to it, and what is known of others."""

import logging
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import nn

from denoise.errors import DenoiseError
from denoise.weights.checkpoints import load_foreign_network
from denoise.weights.facts import ModelFacts
from denoise.weights.tensors import load_network

FILE = "file"  # the source of a checkpoint that is no address
MAX_KNOWN = 64  # checkpoints on the Hub whose facts are kept in mind
_log = logging.getLogger(__name__)


class Found(NamedTuple):
    """A model that is here, and where it is from."""

    folder: Path  # with its config and, where they were asked for, its weights
    source: str  # "folder", FILE, or org/repo@commit
    warnings: tuple[str, ...] = ()
    checkpoint: Path | None = None  # in that folder; None: the network is one of ours
    name: str | None = None  # of the checkpoint; None: the file's

    def load(self) -> tuple[nn.Module, ModelFacts]:
        """Gives the network in float32, ready for inference, and the facts about it.

        Raises:
            UnknownModelError: the checkpoint is not there any more.
            WeightsError: weights that are missing, altered or do not fit.
        """
        if self.checkpoint is not None:
            return load_foreign_network(self.checkpoint, self.name)
        return load_network(self.folder.name, self.folder.parent)


class Shelf:
    """Checkpoints that belong to a zoo, by their files' names; one serves many threads.

    One that cannot be loaded is left out, with a warning in the log.

    Args:
        files: of them.
        taken: names that others have.
    """

    def __init__(self, files: Sequence[Path] = (), taken: Collection[str] = ()) -> None:
        self.facts: dict[str, ModelFacts] = {}  # of each, by name
        self._files: dict[str, Path] = {}
        self._read: dict[str, ModelFacts] = {}  # of checkpoints on the Hub, by address
        self._loading = threading.Lock()
        for file in files:
            if file.stem in {*taken, *self._files}:
                _log.warning("%s is left out: another network is called so.", file.name)
                continue
            try:
                self.facts[file.stem] = load_foreign_network(file)[1]
                self._files[file.stem] = file
            except DenoiseError as error:
                _log.warning("%s is left out: %s", file.name, error)

    def file_of(self, model: str) -> Path | None:
        """Gives the file of a checkpoint that belongs to the zoo; None where it is none."""
        return self._files.get(model)

    def known(self, model: str) -> ModelFacts | None:
        """Gives the facts about a checkpoint that belongs to the zoo, or was read before."""
        return self.facts.get(model) or self._read.get(model)

    def read(self, model: str, found: Found) -> ModelFacts:
        """Gives the facts about another checkpoint, which only its weights tell.

        Raises:
            WeightsError: it cannot be loaded.
        """
        with self._loading:  # several large ones at the same time might be too much
            _, facts = found.load()
            if found.source != FILE:  # which may change
                self._read[model] = facts
            for oldest in list(self._read)[:-MAX_KNOWN]:
                del self._read[oldest]
        return facts
