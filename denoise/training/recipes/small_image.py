"""Recipes of the networks for pictures of 28x28: ours, and the tutorials' as published."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from denoise.datasets.mnist import describe_small_images, load_small_images
from denoise.datasets.synthetic import MADE, MAKERS, SMOKE_PICTURES
from denoise.models import Needs
from denoise.models.conv import BottleneckAEConfig, ConvAEConfig, SparseAEConfig
from denoise.models.dense import DenseAEConfig
from denoise.training.loop import Budget, Schedule
from denoise.training.recipes.recipe import Recipe
from denoise.training.tasks.small_image import SmallImageTask, TutorialTask

Error = Callable[[Tensor, Tensor], Tensor]  # of denoised and clean

TRAINING_PICTURES = 60_000
SPLIT_SEED = 13  # of the tutorial that holds out a fifth of its pictures
# As published: the last weights, no warm-up, no decay and gradients of any size.
CONSTANT = partial(Schedule, warmup_steps=1, decay_share=0.0, clip_norm=math.inf, ema_decay=0.0)
ADADELTA = partial(torch.optim.Adadelta, rho=0.95, eps=1e-7)
ADAM = partial(torch.optim.Adam, fused=True)
TUTORIAL_ADAM = partial(ADAM, eps=1e-7)  # TensorFlow's


def _needs(low: float, high: float, *code_shape: int) -> Needs:
    return Needs(
        channels=1,
        domain="28x28",
        trained_sigma=(low, high),
        takes_sigma=False,
        blind=True,
        fixed_size=28,
        code_shape=code_shape,
    )


def _make_task(
    folders: list[Path] | None, seed: int, *, images: str, factor: float, **settings: Any
) -> SmallImageTask:
    if folders is None:
        made, _ = MAKERS[images](SMOKE_PICTURES)
        return SmallImageTask(made, seed, factor, MADE, **settings | {"batch_size": 8})
    pictures = load_small_images(images, folders)
    described = describe_small_images(images, len(pictures))
    return SmallImageTask(pictures, seed, factor, described, **settings)


def _make_tutorial_task(
    folders: list[Path] | None,
    seed: int,
    *,
    images: str,
    factor: float,
    error: Error,
    batch_size: int,
    holds_out_fifth: bool = False,
) -> TutorialTask:
    """Make a tutorial's task; it validates on the test pictures unless it holds out a fifth."""
    if folders is None:
        pictures, _ = MAKERS[images](SMOKE_PICTURES)
        described, batch_size = MADE, 8
    else:
        pictures = load_small_images(images, folders)
        described = describe_small_images(images, len(pictures))
    if holds_out_fifth or folders is None:
        rng = torch.Generator().manual_seed(SPLIT_SEED)
        order, kept = torch.randperm(len(pictures), generator=rng), len(pictures) * 4 // 5
        pictures, held_out = pictures[order[:kept]], pictures[order[kept:]]
    else:
        held_out = load_small_images(images, folders, is_test=True)
    return TutorialTask(pictures, held_out, seed, factor, error, batch_size, described)


def _epochs(count: int, batch_size: int, pictures: int = TRAINING_PICTURES) -> Budget:
    return Budget(steps=count * math.ceil(pictures / batch_size))


DIGITS_ONLY = (
    "Trained on white digits on black of 28x28 pixels, and on nothing else. It turns clothing or a "
    "piece of a photo into pen strokes.",
)
CLOTHING_ONLY = (
    "Trained on light clothing on black of 28x28 pixels, and on nothing else. It turns digits or a "
    "piece of a photo into blurred patches.",
)
FRESH = "Gaussian noise of 0.05 to 1, clipped, new at every step"

SMALL_IMAGE_RECIPES = {
    "dense-mnist": Recipe(
        architecture="dense-ae",
        config=DenseAEConfig(),
        needs=_needs(0.05, 1.0, 64),
        purpose="Handwritten digits of 28x28 pixels, white on black. Needs no noise level.",
        method=f"{FRESH}. Loss: mean squared error",
        make_task=partial(_make_task, images="mnist", factor=0.5, batch_size=256),
        make_optimizer=ADAM,
        schedule=Schedule(rate=5e-3),  # 2e-3 is 2% worse after as long, 1e-2 no better
        budget=Budget(steps=80_000),
        workers=0,
        limits=DIGITS_ONLY,
    ),
    "conv-fashion": Recipe(
        architecture="conv-ae",
        config=ConvAEConfig(),
        needs=_needs(0.05, 1.0, 8, 7, 7),
        purpose="Clothing of 28x28 pixels, light on black. Needs no noise level.",
        method=f"{FRESH}, half of it within 0.15 of 0.4. Loss: mean squared error",
        make_task=partial(_make_task, images="fashion-mnist", factor=0.4, focus=0.5, batch_size=64),
        make_optimizer=ADAM,
        # So few weights tolerate a high rate and learn faster with it, but settle slowly.
        schedule=Schedule(rate=1e-2, decay_share=0.5),
        budget=Budget(steps=60_000),
        workers=0,
        limits=CLOTHING_ONLY,
    ),
    "conv-mnist": Recipe(
        architecture="bottleneck-ae",
        config=BottleneckAEConfig(),
        needs=_needs(0.05, 1.0, 576),
        purpose="Handwritten digits of 28x28 pixels. Its code has 576 numbers.",
        method=f"{FRESH}. Loss: mean squared error",
        make_task=partial(_make_task, images="mnist", factor=0.3, batch_size=128),
        make_optimizer=ADAM,
        schedule=Schedule(rate=3e-3),
        budget=Budget(steps=25_000),
        workers=0,
        limits=DIGITS_ONLY,
    ),
    "sparse-mnist": Recipe(
        architecture="sparse-ae",
        config=SparseAEConfig(),
        needs=_needs(0.05, 1.0, 3136),
        purpose="Handwritten digits of 28x28 pixels. Few units of its code are active at a time.",
        method=f"{FRESH}, half of it within 0.15 of 0.3. Digits are turned by up to 12 degrees and "
        "cropped by up to 15 percent. Loss: mean squared error plus 1e-3 times the mean of the "
        "code",
        make_task=partial(
            _make_task,
            images="mnist",
            factor=0.3,
            focus=0.5,
            batch_size=128,
            code_cost=1e-3,
            is_augmented=True,
        ),
        make_optimizer=ADAM,
        schedule=Schedule(rate=1e-3, decay_share=0.5),
        budget=Budget(steps=14_000),
        is_half=True,
        autocast=True,
        workers=0,
        limits=DIGITS_ONLY,
    ),
}

_make_digits_task = partial(_make_tutorial_task, images="mnist", batch_size=128)

TUTORIAL_SMALL_IMAGE_RECIPES = {
    "dense-mnist": Recipe(
        architecture="dense-ae",
        config=DenseAEConfig(),
        needs=_needs(0.5, 0.5, 64),
        purpose="The dense autoencoder as its tutorial's text has it, for comparison.",
        method="noise of 0.5 drawn once; binary cross-entropy; Adadelta; 100 epochs of batches of "
        "128",
        make_task=partial(_make_digits_task, factor=0.5, error=F.binary_cross_entropy),
        make_optimizer=ADADELTA,
        schedule=CONSTANT(rate=1.0),
        budget=_epochs(100, 128),
        workers=0,
    ),
    "conv-fashion": Recipe(
        architecture="conv-ae",
        config=ConvAEConfig(),
        needs=_needs(0.4, 0.4, 8, 7, 7),
        purpose="The convolutional autoencoder as its tutorial has it, for comparison.",
        method="noise of 0.4 drawn once; mean squared error; Adam; 10 epochs of batches of 32",
        make_task=partial(
            _make_tutorial_task,
            images="fashion-mnist",
            factor=0.4,
            error=F.mse_loss,
            batch_size=32,
        ),
        make_optimizer=TUTORIAL_ADAM,
        schedule=CONSTANT(rate=1e-3),
        budget=_epochs(10, 32),
        workers=0,
    ),
    "conv-mnist": Recipe(
        architecture="bottleneck-ae",
        config=BottleneckAEConfig(),
        needs=_needs(0.3, 0.3, 576),
        purpose="The bottleneck autoencoder as its tutorial has it, for comparison.",
        method="noise of 0.3 drawn once; four fifths of the pictures (seed 13); binary "
        "cross-entropy; SGD at a learning rate of 0.5; 20 epochs of batches of 128; the weights "
        "of the last step",
        make_task=partial(
            _make_digits_task, factor=0.3, error=F.binary_cross_entropy, holds_out_fifth=True
        ),
        make_optimizer=torch.optim.SGD,
        schedule=CONSTANT(rate=0.5),
        budget=_epochs(20, 128, TRAINING_PICTURES * 4 // 5),
        workers=0,
    ),
    "sparse-mnist": Recipe(
        architecture="sparse-ae",
        config=SparseAEConfig(),
        needs=_needs(0.3, 0.3, 3136),
        purpose="The sparse autoencoder as its article has it, for comparison.",
        method="noise of 0.3, new at every step, on digits turned, mirrored and cropped; mean "
        "squared error plus 1e-3 times the mean of the code; Adam; 20 epochs of batches of 128",
        make_task=partial(
            _make_task,
            images="mnist",
            factor=0.3,
            factors=(0.3, 0.3),
            batch_size=128,
            code_cost=1e-3,
            is_augmented=True,
            is_mirrored=True,
        ),
        make_optimizer=TUTORIAL_ADAM,
        schedule=CONSTANT(rate=1e-3),
        budget=_epochs(20, 128),
        is_half=True,
        workers=0,
    ),
}
# The code of the dense tutorial has half as many units as its text says.
NARROW_TUTORIAL_RECIPES = {
    "dense-mnist": replace(
        TUTORIAL_SMALL_IMAGE_RECIPES["dense-mnist"],
        config=DenseAEConfig(code=32),
        needs=_needs(0.5, 0.5, 32),
        purpose="The dense autoencoder as its tutorial's code has it, for comparison.",
    )
}
