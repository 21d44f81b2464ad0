"""The type of a recipe: everything that determines the weights of a network."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from denoise.models import Needs
from denoise.training.loop import Budget, Schedule, Task

MakeTask = Callable[[list[Path] | None, int], Task]  # from folders (None: made data), seed


@dataclass(frozen=True)
class Phase:
    """A part of a training, which starts from the weights of the part before."""

    make_task: MakeTask
    schedule: Schedule
    budget: Budget  # where none is given
    step_cost: float = 1.0  # of a step, in steps of the first phase: by it minutes are shared out
    kept: float = 0.0  # share of the weights before it in the mean of those and its own


@dataclass(frozen=True)
class Recipe:
    """How a network is built and trained: in one phase, or in several."""

    architecture: str
    config: Any  # the architecture's config dataclass
    needs: Needs
    purpose: str  # what the network is for, in plain words
    method: str  # how it is trained, one line for the card
    make_task: MakeTask
    make_optimizer: Callable[..., torch.optim.Optimizer]
    schedule: Schedule
    budget: Budget  # where none is given
    is_half: bool = False  # whether weights are stored in float16, the largest in int8
    autocast: bool = False  # whether bfloat16 suffices to train, and to denoise photos
    compiled: bool = False  # whether compiling, which takes half a minute, pays
    workers: int = 1  # processes that make batches; 0 if making them is cheaper than passing them
    limits: tuple[str, ...] = ()  # what the network is not good for, in plain words
    textured: str | None = None  # model with the same needs that adds texture
    guide: str | None = None  # blind model: the pilot at auto, if the noise is not white
    place: str = ""  # subfolder of the zoo for the weights; classifiers are kept apart
    start_from: str | None = None  # model of the zoo whose weights the training starts from
    revives: bool = False  # whether units that are dead there get new weights first
    later: tuple[Phase, ...] = ()  # phases after the first, which the fields above describe
    version: int = 1  # raised whenever a change makes other weights

    @property
    def phases(self) -> tuple[Phase, ...]:
        """All phases, in their order."""
        return (Phase(self.make_task, self.schedule, self.budget), *self.later)

    @property
    def config_fields(self) -> dict[str, Any]:
        """The config as JSON holds it."""
        fields: dict[str, Any] = json.loads(json.dumps(asdict(self.config)))
        return fields
