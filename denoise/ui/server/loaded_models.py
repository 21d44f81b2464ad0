"""The networks in memory: loaded once, whoever asks."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from denoise.inference.denoiser import Denoiser
from denoise.progress import OnBytes
from denoise.ui.server.zero_gpu import LentDenoiser, is_lent
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo

MAX_OTHERS = 4  # networks that visitors named by address and that stay in memory
RETRY_S = 60  # after the weights on the Hub could not be had


@dataclass(frozen=True, eq=False)
class Trained:
    """A visitor's own network, for as long as somebody refers to this; a service runs it."""

    facts: ModelFacts


Model = str | Trained  # name in the zoo, address where those may be asked for, or a visitor's own


class LoadedModels:
    """Denoisers by name; one serves every visitor."""

    def __init__(self, zoo: Zoo, device: str = "auto") -> None:
        self._zoo = zoo
        self._device = device
        self._denoisers: dict[str, Denoiser] = {}
        self._trained: WeakKeyDictionary[Trained, Denoiser] = WeakKeyDictionary()
        self._loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._try_again: defaultdict[str, float] = defaultdict(float)  # from then on; monotonic

    def get(self, model: Model, on_bytes: OnBytes | None = None) -> Denoiser:
        """Return the denoiser of a model, loaded once.

        A bundled network that serves while the Hub is away is replaced when the Hub is back.

        Raises:
            UnknownModelError: no such model.
            WeightsError: the weights are missing, altered or do not fit.
        """
        if isinstance(model, Trained):
            return self._trained[model]
        self._zoo.read_facts(model, on_bytes)
        with self._loading[model]:
            if model not in self._denoisers or self._is_outdone(model):
                loaded = self._load(model, on_bytes)
                self._make_room(model)
                self._denoisers[model] = loaded
            return self._denoisers[model]

    def facts_of(self, model: Model) -> ModelFacts:
        """Return what is known of a model, without loading it."""
        return model.facts if isinstance(model, Trained) else self._zoo.read_facts(model)

    def load_all(self) -> None:
        """Load every network of the zoo; where GPUs are lent, do so before the page is built."""
        for facts in self._zoo.list_models():
            self.get(facts.name)

    def adopt(self, name: str, folder: Path) -> Trained:
        """Load a network that a visitor has trained; the folder that holds its own may then go."""
        denoiser = Denoiser(name, zoo=folder, device=self._device)
        trained = Trained(denoiser.facts)
        self._trained[trained] = denoiser
        return trained

    def _load(self, model: str, on_bytes: OnBytes | None) -> Denoiser:
        if is_lent():
            return LentDenoiser(model, self._zoo)
        return Denoiser(model, device=self._device, zoo=self._zoo, on_bytes=on_bytes)

    def _is_outdone(self, model: str) -> bool:
        """Return whether the Hub is back, and with it the network that a bundled one stands for."""
        loaded = self._denoisers[model]
        if self._zoo.repository is None or loaded.source != "folder" or is_lent():
            return False
        if time.monotonic() < self._try_again[model]:
            return False
        is_there = self._zoo.fetch(model, with_weights=False).source != loaded.source
        self._try_again[model] = time.monotonic() + RETRY_S if is_there else 0.0
        return is_there

    def _make_room(self, model: str) -> None:
        """Drop the networks that visitors named by address, all but the last few."""
        others = [one for one in list(self._denoisers) if "/" in one]
        for other in others[: len(others) + 1 - MAX_OTHERS] if "/" in model else []:
            self._denoisers.pop(other, None)
