"""Recipes of the networks for pictures of 28x28."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from denoise.models import Needs
from denoise.models.conv import ConvAEConfig
from denoise.models.dense import DenseAEConfig
from denoise.training.loop import Budget, Schedule, Task
from denoise.training.made_pictures import MADE, made_clothing, made_digits
from denoise.training.recipe import Recipe
from denoise.training.small_image_task import SmallImageTask
from denoise.training.small_images import describe_small_images, load_small_images

MakeSmallImages = Callable[[int], tuple[Tensor, Tensor]]

NEEDS = Needs(
    channels=1,
    domain="28x28",
    trained_sigma=(0.05, 1.0),
    takes_sigma=False,
    blind=True,
    fixed_size=28,
)


def _small_image_task(
    images: str, factor: float, batch_size: int, folders: list[Path], seed: int
) -> Task:
    pictures = load_small_images(images, folders)
    described = describe_small_images(images, len(pictures))
    return SmallImageTask(pictures, seed, factor, described, batch_size=batch_size)


def _smoke_small_image_task(make: MakeSmallImages, factor: float, seed: int) -> Task:
    return SmallImageTask(make(48)[0], seed, factor, MADE, batch_size=8)


SMALL_IMAGE_RECIPES = {
    "dense-mnist": Recipe(
        architecture="dense-ae",
        config=DenseAEConfig(),
        needs=NEEDS,
        purpose="Handwritten digits of 28x28 pixels, white on black. Guesses the noise by itself.",
        method="Gaussian noise of 0.05 to 1, clipped and drawn anew, mean squared error",
        make_task=partial(_small_image_task, "mnist", 0.5, 256),
        make_smoke_task=partial(_smoke_small_image_task, made_digits, 0.5),
        make_optimizer=torch.optim.Adam,
        schedule=Schedule(rate=5e-3),  # 2e-3 is 2% worse after as long, 1e-2 no better
        budget=Budget(minutes=15),
        workers=0,
    ),
    "conv-fashion": Recipe(
        architecture="conv-ae",
        config=ConvAEConfig(),
        needs=NEEDS,
        purpose="Clothing of 28x28 pixels, light on black. Guesses the noise by itself.",
        method="Gaussian noise of 0.05 to 1, clipped and drawn anew, mean squared error",
        make_task=partial(_small_image_task, "fashion-mnist", 0.4, 64),
        make_smoke_task=partial(_smoke_small_image_task, made_clothing, 0.4),
        make_optimizer=torch.optim.Adam,
        schedule=Schedule(rate=1e-2),  # so few weights bear it, and learn faster
        budget=Budget(minutes=25),
        workers=0,
    ),
}
