"""Recipes of the classifiers of 28x28 pictures, which are not denoisers."""

from functools import partial
from pathlib import Path

import torch

from denoise.datasets.mnist import describe_small_images, load_labels, load_small_images
from denoise.datasets.synthetic import MADE, MAKERS, SMOKE_PICTURES
from denoise.models import Needs
from denoise.models.classifier import ClassifierConfig
from denoise.training.loop import Budget, Schedule
from denoise.training.recipes.recipe import Recipe
from denoise.training.tasks.classifier import ClassifierTask


def _make_task(folders: list[Path] | None, seed: int, *, images: str) -> ClassifierTask:
    if folders is None:
        return ClassifierTask(*MAKERS[images](SMOKE_PICTURES), seed, MADE, batch_size=8)
    pictures = load_small_images(images, folders)
    described = describe_small_images(images, len(pictures))
    return ClassifierTask(pictures, load_labels(images, folders), seed, described)


def _recipe(images: str, what: str) -> Recipe:
    return Recipe(
        architecture="reader",
        config=ClassifierConfig(),
        needs=Needs(
            channels=1,
            domain="28x28",
            trained_sigma=(0.0, 0.0),
            takes_sigma=False,
            blind=True,
            fixed_size=28,
        ),
        purpose=f"Classifies {what} of 28x28 pixels. Trained on clean pictures only.",
        method="clean pictures turned by up to 12 degrees and cropped by up to 15 percent. "
        "Loss: cross-entropy",
        make_task=partial(_make_task, images=images),
        make_optimizer=torch.optim.Adam,
        schedule=Schedule(rate=1e-3, decay_share=0.5),
        budget=Budget(steps=8000),
        is_half=True,
        workers=0,
        place="readers",
    )


CLASSIFIER_RECIPES = {
    "reader-mnist": _recipe("mnist", "handwritten digits"),
    "reader-fashion": _recipe("fashion-mnist", "clothing"),
}
