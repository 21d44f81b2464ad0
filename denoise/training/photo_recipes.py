"""Recipes of the networks for photographs."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from denoise.models import Needs
from denoise.models.dense import PatchDenseAEConfig
from denoise.models.gan import DiscriminatorConfig, GeneratorConfig
from denoise.models.unet import UNetConfig
from denoise.training.adversarial import AdversarialTask, Terms
from denoise.training.features import load_features
from denoise.training.loop import Budget, Schedule, Task
from denoise.training.made_pictures import MADE, made_scenes
from denoise.training.mixture import MAX_SIGMA
from denoise.training.patch_task import PatchTask
from denoise.training.photo_task import PhotoTask
from denoise.training.photos import Photo, describe_sources, load_photos
from denoise.training.recipe import Recipe

GAN_SIDE = 128
PUBLISHED_SIDE = 192  # pixels of a square patch: the area of the article's 256x144


@dataclass(frozen=True)
class Photographs:
    """Photographs to train on, and what is known about them."""

    pictures: list[Photo]
    described: list[dict[str, str]]


def _load(folders: list[Path], min_side: int) -> Photographs:
    return Photographs(load_photos(folders, min_side=min_side), describe_sources(folders))


def _make() -> Photographs:
    return Photographs(made_scenes(4), MADE)


def _photo_task(folders: list[Path], seed: int) -> Task:
    found = _load(folders, min_side=128)
    return PhotoTask(found.pictures, seed, found.described, large_from=60_000)


def _smoke_photo_task(seed: int) -> Task:
    made = _make()
    return PhotoTask(made.pictures, seed, made.described, batch_size=2, side=32)


def _patch_task(folders: list[Path], seed: int) -> Task:
    found = _load(folders, min_side=150)
    return PatchTask(found.pictures, seed, found.described)


def _smoke_patch_task(seed: int) -> Task:
    made = _make()
    return PatchTask(made.pictures, seed, made.described, crops=2)


def _gan_task(folders: list[Path], seed: int) -> Task:
    return _play(_load(folders, GAN_SIDE), seed)


def _smoke_gan_task(seed: int) -> Task:
    return _play(_make(), seed, batch_size=2, side=32, is_local=True)


def _play(
    source: Photographs,
    seed: int,
    *,
    batch_size: int = 8,
    side: int = GAN_SIDE,
    is_local: bool = False,
) -> Task:
    photos = PhotoTask(source.pictures, seed, source.described, batch_size, side, gaussian=0.5)
    return AdversarialTask(
        photos,
        load_features(is_local=is_local),
        Terms(adversarial=0.01, feature=0.5, smoothness=0.0, is_squared=False),
        DiscriminatorConfig(is_normalised=True),
        sees_detail_only=True,
    )


def _published_gan_task(folders: list[Path], seed: int) -> Task:
    return _play_as_published(_load(folders, PUBLISHED_SIDE), seed)


def _smoke_published_gan_task(seed: int) -> Task:
    return _play_as_published(_make(), seed, batch_size=2, side=32, is_local=True)


def _play_as_published(
    source: Photographs,
    seed: int,
    *,
    batch_size: int = 7,
    side: int = PUBLISHED_SIDE,
    is_local: bool = False,
) -> Task:
    photos = PhotoTask(
        source.pictures,
        seed,
        source.described,
        batch_size,
        side,
        gaussian=1.0,
        takes_sigma=False,
    )
    return AdversarialTask(
        photos,
        load_features(is_local=is_local),
        Terms(),
        DiscriminatorConfig(),
        sees_detail_only=False,
    )


PHOTO_OPTIMIZER = partial(torch.optim.AdamW, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
UNET_NEEDS = Needs(
    channels=3,
    domain="photo",
    trained_sigma=(0.0, MAX_SIGMA),
    takes_sigma=True,
    blind=True,
    multiple_of=16,
    receptive_field=486,
)

PHOTO_RECIPES = {
    "conv-photo": Recipe(
        architecture="unet",
        config=UNetConfig(),
        needs=UNET_NEEDS,
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
        limits=(
            "Trained for noise up to 75/255. What strong noise drowned is smoothed, not invented.",
            "Told a wrong level it removes too much or too little; at auto it judges by itself.",
            "Camera noise hides in texture: at auto some is left there, and fine grain that is "
            "picture may go.",
        ),
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
        workers=0,
        limits=(
            "It sees 24 pixels at a time: coarse noise and large patterns are beyond it.",
            "Trained on Gaussian noise alone. It has to be told the level; at auto it is told the "
            "estimate.",
        ),
    ),
    "gan-photo": Recipe(
        architecture="unet",
        config=UNetConfig(),
        needs=UNET_NEEDS,
        purpose="Photos of any size with texture: what was lost is made up so that it looks right.",
        method="conv-photo, tuned against a discriminator that sees fine detail only; 128x128 "
        "patches, half Gaussian noise, half practical; absolute error of pixels and of features",
        make_task=_gan_task,
        make_smoke_task=_smoke_gan_task,
        make_optimizer=PHOTO_OPTIMIZER,
        schedule=Schedule(rate=1e-4),
        budget=Budget(steps=10_000),
        is_half=True,
        autocast=True,
        workers=0,
        start_from="conv-photo",
        limits=(
            "Its fine texture is made up. It looks right and need not be: not for evidence, "
            "measuring or medicine.",
            "Farther from the clean picture in PSNR than conv-photo, by construction.",
        ),
    ),
}

TUTORIAL_PHOTO_RECIPES = {
    "gan-photo": Recipe(
        architecture="generator",
        config=GeneratorConfig(),
        needs=Needs(
            channels=3,
            domain="photo",
            trained_sigma=(0.0, MAX_SIGMA),
            takes_sigma=False,
            blind=True,
            multiple_of=4,
            receptive_field=80,
        ),
        purpose="The generator and its four-term loss as published, for comparison.",
        method="0.5 adversarial + 1 pixel + 1 feature + 1e-4 smoothness, each a mean; Gaussian "
        "noise of 0 to 75/255; 192x192 patches, the area of the article's 256x144",
        make_task=_published_gan_task,
        make_smoke_task=_smoke_published_gan_task,
        make_optimizer=partial(torch.optim.Adam, fused=True),
        schedule=Schedule(rate=1e-4, warmup_steps=1, decay_share=0.0),
        budget=Budget(steps=10_000),
        is_half=True,
        workers=0,
    ),
}
