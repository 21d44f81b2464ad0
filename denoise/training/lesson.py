"""Train a small network while a visitor of the page watches, up to one that can be used."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from denoise.datasets.mnist import SMALL_IMAGE_SETS
from denoise.errors import SettingError
from denoise.models import build_network
from denoise.training.loop import Budget, Trainer
from denoise.training.recipes.recipe import Recipe
from denoise.training.recipes.small_image import (
    ADADELTA,
    ADAM,
    CONSTANT,
    SMALL_IMAGE_RECIPES,
    Error,
)
from denoise.training.tasks.small_image import TutorialTask, spoil
from denoise.training.train import describe_training
from denoise.weights.facts import ModelFacts
from denoise.weights.tensors import write_weights

LOSSES: dict[str, Error] = {
    "Mean squared error": F.mse_loss,
    "Binary cross-entropy": F.binary_cross_entropy,
    "Mean absolute error": F.l1_loss,
}
# With learning rates that suit all four networks.
OPTIMIZERS: dict[str, tuple[Callable[..., torch.optim.Optimizer], float]] = {
    "Adam": (ADAM, 3e-3),
    "SGD with momentum": (partial(torch.optim.SGD, momentum=0.9), 0.05),
    "Adadelta": (ADADELTA, 1.0),
}
MAX_EPOCHS = 50
BATCH_SIZE = 128
HELD_OUT = 500  # pictures to validate on, not trained on
SHOWN = 8  # of the held-out pictures
LOOKS_AN_EPOCH = 4
SUFFIX = "-mine"  # ends the name of a network that a visitor trained


@dataclass(frozen=True)
class Lesson:
    """Which network to train, and how."""

    model: str = "conv-fashion"  # has the architecture; a key of SMALL_IMAGE_RECIPES
    images: str = "fashion-mnist"  # a key of SMALL_IMAGE_SETS
    factor: float = 0.4  # of the noise: its standard deviation, 0 to 1
    loss: str = "Mean squared error"  # a key of LOSSES
    optimizer: str = "Adam"  # a key of OPTIMIZERS
    epochs: int = 10

    def check(self) -> None:
        """Refuse a lesson that cannot be.

        Raises:
            SettingError: a value is not among the choices or out of range.
        """
        for value, known in (
            (self.model, SMALL_IMAGE_RECIPES),
            (self.images, SMALL_IMAGE_SETS),
            (self.loss, LOSSES),
            (self.optimizer, OPTIMIZERS),
        ):
            if value not in known:
                raise SettingError(f"Unknown choice {value!r}; choose from: {', '.join(known)}.")
        if not 0 <= self.factor <= 1:
            raise SettingError(f"The noise factor is from 0 to 1; {self.factor} is not.")
        if not 1 <= self.epochs <= MAX_EPOCHS:
            raise SettingError(f"Epochs are from 1 to {MAX_EPOCHS}; {self.epochs} is not.")


class Look(NamedTuple):
    """The state of a training, to be shown."""

    step: int
    steps: int
    seconds: float
    losses: list[tuple[float, float]]  # epoch, and the mean loss since the look before
    held_out: list[tuple[float, float]]  # epoch, and the mean PSNR in dB on held-out pictures
    pictures: NDArray[np.float32]  # (3, SHOWN, 28, 28): noisy, denoised and clean


@dataclass
class LessonTraining:
    """One training of a lesson.

    Args:
        lesson: checked.
        pictures: (N, 1, 28, 28) uint8; the first HELD_OUT are held out.
        described: the pictures' name, number and licence, for the facts.
        folder: for the checkpoint and, at the end, the weights.
        seed: of all random numbers.
    """

    lesson: Lesson
    pictures: Tensor
    described: list[dict[str, str]]
    folder: Path
    seed: int = 0
    _losses: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        torch.manual_seed(self.seed)
        lesson, recipe = self.lesson, self.recipe
        optimizer, rate = OPTIMIZERS[lesson.optimizer]
        task = TutorialTask(
            self.pictures[HELD_OUT:],
            self.pictures[:HELD_OUT],
            self.seed,
            lesson.factor,
            LOSSES[lesson.loss],
            BATCH_SIZE,
            self.described,
        )
        self.epoch_steps = math.ceil(len(task.pictures) / BATCH_SIZE)
        self.trainer = Trainer(
            build_network(recipe.architecture, recipe.config_fields),
            task,
            CONSTANT(rate=rate),
            optimizer,
            run_folder=self.folder / "run",
            seed=self.seed,
            workers=0,
            validate_every=max(1, self.epoch_steps // LOOKS_AN_EPOCH),
        )

    @property
    def recipe(self) -> Recipe:
        """The recipe of the architecture, changed as the lesson says."""
        lesson = self.lesson
        ours = SMALL_IMAGE_RECIPES[lesson.model]
        method = (
            f"noise of {lesson.factor:g} drawn once; {lesson.loss.lower()}; {lesson.optimizer}; "
            f"{lesson.epochs} epochs of batches of {BATCH_SIZE}"
        )
        needs = replace(ours.needs, trained_sigma=(lesson.factor, lesson.factor))
        return replace(ours, needs=needs, method=method, purpose="Trained on the page.", limits=())

    def run(self, every_s: float = 1.0) -> Iterator[Look]:
        """Train to the end of the last epoch; yield a look about every `every_s` seconds."""
        steps = self.epoch_steps * self.lesson.epochs
        pending: list[float] = []
        looked = time.monotonic()
        for progress in self.trainer.run(Budget(steps=steps)):
            pending.append(progress.loss)
            if time.monotonic() - looked > every_s or progress.step == steps:
                mean = sum(pending) / len(pending)
                self._losses.append((progress.step / self.epoch_steps, mean))
                pending.clear()
                yield self._look(steps)
                looked = time.monotonic()

    def write(self) -> ModelFacts:
        """Write the network as it is now into a zoo of its own; return its facts."""
        facts = describe_training(
            f"{self.lesson.model}{SUFFIX}", self.recipe, self.trainer, seed=self.seed
        )
        return write_weights(self.trainer.averaged, facts, self.folder, half=False)

    def _look(self, steps: int) -> Look:
        state = self.trainer.state
        curve = [(step / self.epoch_steps, psnr) for step, _, psnr, _ in state.curve]
        clean = self.pictures[:SHOWN] / 255
        noisy = spoil(clean, self.lesson.factor, torch.Generator().manual_seed(self.seed))
        with torch.inference_mode():
            denoised = self.trainer.averaged.eval()(noisy)
        pictures = torch.stack((noisy, denoised, clean))[:, :, 0].numpy()
        return Look(state.step, steps, state.seconds, list(self._losses), curve, pictures)
