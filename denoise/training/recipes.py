"""Recipes: everything that made the weights of a network, by its name in the zoo."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from denoise.models import Needs
from denoise.models.conv import ConvAEConfig
from denoise.models.dense import DenseAEConfig, PatchDenseAEConfig
from denoise.models.unet import UNetConfig
from denoise.training.loop import Budget, Schedule, Task
from denoise.training.made_pictures import DESCRIPTION, made_clothing, made_digits, made_scenes
from denoise.training.mixture import MAX_SIGMA
from denoise.training.patch_task import PatchTask
from denoise.training.photo_task import PhotoTask
from denoise.training.photos import describe_sources, load_photos
from denoise.training.small_image_task import SmallImageTask
from denoise.training.small_images import describe_small_images, load_small_images

MADE = [{"name": DESCRIPTION, "pictures": "a few", "license": "Apache-2.0"}]

MakeSmallImages = Callable[[int], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Recipe:
    """How a network is built and trained."""

    architecture: str
    config: Any  # the architecture's config dataclass
    needs: Needs
    purpose: str  # what the network is for, in plain words
    method: str  # how it is trained, one line for the card
    make_task: Callable[[list[Path], int], Task]  # from data folders and seed
    make_smoke_task: Callable[[int], Task]  # on a few pictures made here; from the seed
    make_optimizer: Callable[..., torch.optim.Optimizer]
    schedule: Schedule
    budget: Budget  # where none is given
    is_half: bool = False  # whether the weights are stored in float16
    autocast: bool = False  # whether bfloat16 is good enough to train and to run in
    workers: int = 1  # processes that make batches; 0 where that costs less than handing them over

    @property
    def config_fields(self) -> dict[str, Any]:
        """The config as JSON holds it."""
        return asdict(self.config)


def _photo_task(folders: list[Path], seed: int) -> Task:
    return PhotoTask(load_photos(folders, min_side=128), seed, describe_sources(folders))


def _patch_task(folders: list[Path], seed: int) -> Task:
    return PatchTask(load_photos(folders, min_side=150), seed, describe_sources(folders))


def _smoke_patch_task(seed: int) -> Task:
    return PatchTask(made_scenes(4), seed, MADE, crops=2)


def _smoke_photo_task(seed: int) -> Task:
    return PhotoTask(made_scenes(4), seed, MADE, batch_size=2, side=32)


def _small_image_task(
    images: str, factor: float, batch_size: int, folders: list[Path], seed: int
) -> Task:
    pictures = load_small_images(images, folders)
    described = describe_small_images(images, len(pictures))
    return SmallImageTask(pictures, seed, factor, described, batch_size=batch_size)


def _smoke_small_image_task(make: MakeSmallImages, factor: float, seed: int) -> Task:
    return SmallImageTask(make(48)[0], seed, factor, MADE, batch_size=8)


PHOTO_OPTIMIZER = partial(torch.optim.AdamW, betas=(0.9, 0.95), weight_decay=0.01, fused=True)

SMALL_IMAGE_NEEDS = Needs(
    channels=1,
    domain="28x28",
    trained_sigma=(0.05, 1.0),
    takes_sigma=False,
    blind=True,
    fixed_size=28,
)

RECIPES = {
    "conv-photo": Recipe(
        architecture="unet",
        config=UNetConfig(),
        needs=Needs(
            channels=3,
            domain="photo",
            trained_sigma=(0.0, MAX_SIGMA),
            takes_sigma=True,
            blind=True,
            multiple_of=16,
            receptive_field=486,
        ),
        purpose="Photos and scans of any size, in colour or gray. Guesses the noise by itself.",
        method="64x64 and 96x96 patches, half Gaussian noise, half practical; mean absolute error",
        make_task=_photo_task,
        make_smoke_task=_smoke_photo_task,
        make_optimizer=PHOTO_OPTIMIZER,
        schedule=Schedule(rate=1e-3, decay_share=0.25),
        budget=Budget(minutes=100),
        is_half=True,
        autocast=True,
        workers=0,
    ),
    "dense-photo": Recipe(
        architecture="patch-dense-ae",
        config=PatchDenseAEConfig(),
        needs=Needs(
            channels=3,
            domain="photo",
            trained_sigma=(0.0, MAX_SIGMA),
            takes_sigma=True,
            blind=False,
            takes_gray=True,
            multiple_of=4,
            receptive_field=35,
        ),
        purpose="Photos of any size by the plainest of networks: dense layers on small patches.",
        method="24x24 patches of gray, luminance and chroma, Gaussian noise; mean absolute error",
        make_task=_patch_task,
        make_smoke_task=_smoke_patch_task,
        make_optimizer=PHOTO_OPTIMIZER,
        schedule=Schedule(rate=1e-3),
        budget=Budget(minutes=120),
        is_half=True,
        autocast=True,
    ),
    "dense-mnist": Recipe(
        architecture="dense-ae",
        config=DenseAEConfig(),
        needs=SMALL_IMAGE_NEEDS,
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
        needs=SMALL_IMAGE_NEEDS,
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
