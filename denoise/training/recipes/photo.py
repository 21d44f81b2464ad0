"""Recipes of the networks for photographs."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from denoise.datasets.photos import Sampling, describe_sources, load_photos
from denoise.datasets.synthetic import MADE, draw_scenes
from denoise.models import Needs
from denoise.models.dense import PatchDenseAEConfig
from denoise.models.gan import DiscriminatorConfig, GeneratorConfig
from denoise.models.unet import UNetConfig
from denoise.training.degradation import MAX_SIGMA
from denoise.training.loop import Budget, Schedule
from denoise.training.muon import Muon
from denoise.training.perceptual import load_features
from denoise.training.recipes.recipe import Recipe
from denoise.training.tasks.adversarial import AdversarialTask, Terms
from denoise.training.tasks.patch import PatchTask
from denoise.training.tasks.photo import PhotoTask, ToldPhotoTask

STRONG_NOISE = (
    "Trained for noise up to 75/255. Detail lost in strong noise is smoothed, not invented."
)
SMOKE = {"batch_size": 2, "side": 32}  # for a few steps on synthetic pictures


def _make_photo_task(
    folders: list[Path] | None,
    seed: int,
    *,
    min_side: int,
    kind: type[PhotoTask] = PhotoTask,
    **settings: Any,
) -> PhotoTask:
    if folders is None:
        return kind(draw_scenes(4), seed, MADE, **settings | SMOKE)
    photos = load_photos(folders, min_side=min_side)
    return kind(photos, seed, describe_sources(folders), **settings)


def _make_patch_task(folders: list[Path] | None, seed: int) -> PatchTask:
    if folders is None:
        return PatchTask(draw_scenes(4), seed, MADE, crops=2)
    return PatchTask(load_photos(folders, min_side=150), seed, describe_sources(folders))


def _make_game(
    folders: list[Path] | None,
    seed: int,
    *,
    terms: Terms,
    discriminator: DiscriminatorConfig,
    sees_detail_only: bool,
    **settings: Any,
) -> AdversarialTask:
    return AdversarialTask(
        _make_photo_task(folders, seed, min_side=settings["side"], **settings),
        load_features(is_local=folders is None),
        terms,
        discriminator,
        sees_detail_only=sees_detail_only,
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
        needs=replace(UNET_NEEDS, blind=False),
        purpose="Photos and scans of any size, in colour or gray. Uses the noise level or its "
        "estimate.",
        method="64x64 patches, later 96x96, with Gaussian noise of 0 to 75/255, half of it in 8 "
        "bits, and some impulses; the noise level is always given. Loss: mean absolute error, with "
        "more weight on weak noise. Optimiser: Muon",
        make_task=partial(
            _make_photo_task,
            min_side=128,
            kind=ToldPhotoTask,
            large_from=10_000,
            large_batch_size=16,
            sampling=Sampling(shrunk=0.25, detailed=0.5, gray=0.12, patterned=0.02),
        ),
        make_optimizer=Muon,
        schedule=Schedule(rate=1.5e-3, decay_share=0.5),
        budget=Budget(minutes=100),
        is_half=True,
        autocast=True,
        compiled=True,
        workers=0,
        limits=(
            STRONG_NOISE,
            "Trained on white noise. Told a level, it hardly removes camera noise or the artefacts "
            "of JPEG. At auto, blind-photo removes a part of these first; then white noise is "
            "added, and conv-photo removes the rest.",
            "It leaves a little more of strong photon noise and speckle than blind-photo does.",
        ),
        textured="gan-photo",
        guide="blind-photo",
    ),
    "blind-photo": Recipe(
        architecture="unet",
        config=UNetConfig(),
        needs=UNET_NEEDS,
        purpose="Photos and scans of any size, with any kind of noise. Needs no noise level.",
        method="64x64 and 96x96 patches, three fifths with Gaussian noise, two fifths with "
        "practical noise. Loss: the logarithm of the squared error, which raises PSNR",
        make_task=partial(_make_photo_task, min_side=128, large_from=60_000),
        make_optimizer=PHOTO_OPTIMIZER,
        schedule=Schedule(rate=1e-3, decay_share=0.25),
        budget=Budget(minutes=100),
        is_half=True,
        autocast=True,
        compiled=True,
        workers=0,
        limits=(
            STRONG_NOISE,
            "Told a wrong level, it removes too much or too little; at auto it needs none.",
            "At auto, some camera noise stays in textured areas, and fine grain that belongs to "
            "the picture may be removed.",
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
        purpose="Photos of any size. A simple network: dense layers on small patches.",
        method="24x24 patches of gray, luminance and chroma, with Gaussian noise. Loss: mean "
        "absolute error",
        make_task=_make_patch_task,
        make_optimizer=PHOTO_OPTIMIZER,
        schedule=Schedule(rate=1e-3),
        budget=Budget(minutes=120),
        is_half=True,
        autocast=True,
        workers=0,
        limits=(
            "It sees 24 pixels at a time, too few for coarse noise and large patterns.",
            "Trained on Gaussian noise only. It must be told the noise level; at auto it is told "
            "the estimate.",
        ),
    ),
    "gan-photo": Recipe(
        architecture="unet",
        config=UNetConfig(),
        needs=UNET_NEEDS,
        purpose="Photos of any size. Invents fine texture that the noise drowned: plausible, not "
        "real.",
        method="blind-photo, tuned against a discriminator that sees only fine detail. 96x96 "
        "patches, half with Gaussian noise, half with practical noise. Loss: absolute error of "
        "pixels, of features and of the pictures shrunk eight times, and the adversarial term",
        make_task=partial(
            _make_game,
            side=96,
            batch_size=8,
            gaussian=0.5,
            terms=Terms(
                adversarial=0.025, feature=0.5, smoothness=0.0, coarse=2.0, is_squared=False
            ),
            discriminator=DiscriminatorConfig(is_normalised=True),
            sees_detail_only=True,
        ),
        make_optimizer=PHOTO_OPTIMIZER,
        schedule=Schedule(rate=1e-4),
        budget=Budget(steps=10_000),
        is_half=True,
        autocast=True,
        compiled=True,
        workers=0,
        start_from="blind-photo",
        limits=(
            "Its fine texture is invented: plausible, not real. Do not use it for evidence, "
            "measurement or medicine.",
            "Its PSNR is below that of conv-photo, by design.",
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
        "noise of 0 to 75/255; 128x128 patches instead of the article's 256x144; bfloat16",
        make_task=partial(
            _make_game,
            side=128,  # the article's 256x144 would take three hours on two cores
            batch_size=7,
            gaussian=1.0,
            takes_sigma=False,
            terms=Terms(),
            discriminator=DiscriminatorConfig(),
            sees_detail_only=False,
        ),
        make_optimizer=partial(torch.optim.Adam, fused=True),
        schedule=Schedule(rate=1e-4, warmup_steps=1, decay_share=0.0),
        budget=Budget(steps=10_000),
        is_half=True,
        autocast=True,
        workers=0,
    ),
}
