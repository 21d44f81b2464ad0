"""The type of a recipe: everything that determines the weights of a network."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from denoise.models import Needs
from denoise.training.loop import Budget, Schedule, Task


@dataclass(frozen=True)
class Recipe:
    """How a network is built and trained."""

    architecture: str
    config: Any  # the architecture's config dataclass
    needs: Needs
    purpose: str  # what the network is for, in plain words
    method: str  # how it is trained, one line for the card
    make_task: Callable[[list[Path] | None, int], Task]  # of folders (None: synthetic data), seed
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

    @property
    def config_fields(self) -> dict[str, Any]:
        """The config as JSON holds it."""
        fields: dict[str, Any] = json.loads(json.dumps(asdict(self.config)))
        return fields
