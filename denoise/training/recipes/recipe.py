"""A recipe: everything that makes the weights of a network."""

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
    make_task: Callable[[list[Path] | None, int], Task]  # from folders (None: made data), seed
    make_optimizer: Callable[..., torch.optim.Optimizer]
    schedule: Schedule
    budget: Budget  # where none is given
    is_half: bool = False  # whether the weights are stored in float16, the largest in int8
    autocast: bool = False  # whether bfloat16 is good enough to train in, and to run photos in
    compiled: bool = False  # whether a compiled network makes up for the half minute that it takes
    workers: int = 1  # processes that make batches; 0 where that costs less than handing them over
    limits: tuple[str, ...] = ()  # what it is not good for, in plain words
    textured: str | None = None  # model of the same needs that adds texture
    guide: str | None = None  # blind model that goes first at auto, where noise is not white
    place: str = ""  # folder of the zoo that the weights go into; readers are not among denoisers
    start_from: str | None = None  # model of the zoo whose weights the training starts from

    @property
    def config_fields(self) -> dict[str, Any]:
        """The config as JSON holds it."""
        fields: dict[str, Any] = json.loads(json.dumps(asdict(self.config)))
        return fields
