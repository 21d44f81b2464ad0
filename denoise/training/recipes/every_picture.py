"""Recipes of the networks for every picture that people bring, whatever its noise."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from denoise.datasets.photos import describe_sources, load_photos
from denoise.datasets.renders import load_renders
from denoise.datasets.synthetic import MADE, draw_scenes
from denoise.models import Needs
from denoise.models.estimator import NoiseEstimatorConfig
from denoise.models.unet import UNetConfig
from denoise.training.degradation import MAX_SIGMA
from denoise.training.loop import Budget, Schedule
from denoise.training.muon import Muon
from denoise.training.recipes.photo import PHOTO_OPTIMIZER, SMOKE, UNET_NEEDS
from denoise.training.recipes.recipe import Phase, Recipe
from denoise.training.tasks.estimator import EstimatorTask
from denoise.training.tasks.every_picture import EveryPictureTask, TaughtTask
from denoise.weights.tensors import load_network


def _make_every_picture_task(
    folders: list[Path] | None,
    seed: int,
    *,
    scenes: int | None = None,
    kind: type[EveryPictureTask] = EveryPictureTask,
    **settings: Any,
) -> EveryPictureTask:
    if folders is None:
        return kind(draw_scenes(4), seed, MADE, drawings=1, **settings | SMOKE)
    photos = load_photos(folders, min_side=220)
    renders = load_renders(folders)[:scenes]
    return kind(photos, seed, describe_sources(folders), renders, **settings)


def _make_taught_task(
    folders: list[Path] | None, seed: int, *, teacher: str, **settings: Any
) -> EveryPictureTask:
    network, _ = load_network(teacher)
    network.float().requires_grad_(False)
    network.to(memory_format=torch.channels_last)
    return _make_every_picture_task(folders, seed, kind=TaughtTask, teacher=network, **settings)


EVERY_PICTURE_METHOD = (
    "patches of photographs, drawings and renders under every kind of noise: white, of cameras, "
    "of few photons, impulses, coarse grain, JPEG; "
)
# With plain ReLU whole levels die: in conv-photo of 2026-11-27 most blocks add exactly nothing.
# After 200 steps, one seed: 17% of the deep levels' units above zero, 23.25 dB on what is held out;
# with a slope of 0.1 22% and 23.34, with 0.2 and centred 26% and 23.43.
LIVELY = UNetConfig(slope=0.2, is_centred=True)
SMALL_CONFIG = replace(LIVELY, widths=(16, 32, 64, 128), blocks=(1, 3, 3, 3), is_anchored=True)
EVERY_PICTURE_RECIPES = {
    "conv-photo": Recipe(
        architecture="unet",
        config=UNetConfig(is_anchored=True),
        needs=UNET_NEEDS,
        purpose="Photos, scans, renders and drawings of any size, whatever the noise, told or not.",
        method="conv-photo of 0.2.0, its dead units (nearly all at the coarse levels) given new "
        "weights, then taught " + EVERY_PICTURE_METHOD + "eight of 96x96, later of 112x112 pixels, "
        "and the logarithm of the squared error, which is PSNR; Muon",
        make_task=partial(_make_every_picture_task, side=96, batch_size=8, measure="psnr"),
        make_optimizer=Muon,
        schedule=Schedule(rate=3e-4, decay_share=0.0),
        budget=Budget(steps=8_000),
        start_from="conv-photo",
        revives=True,
        later=(
            Phase(
                partial(_make_every_picture_task, side=112, batch_size=8, measure="psnr"),
                Schedule(rate=2e-4, decay_share=0.85),
                Budget(steps=5_000),
                step_cost=1.4,
            ),
        ),
        is_half=True,
        autocast=True,
        compiled=True,
        workers=0,
        textured="gan-photo",
    ),
    "noise-estimator": Recipe(
        architecture="noise-estimator",
        config=NoiseEstimatorConfig(),
        needs=Needs(
            channels=3,
            domain="photo",
            trained_sigma=(0.0, MAX_SIGMA),
            takes_sigma=False,
            blind=True,
            multiple_of=8,
            receptive_field=72,
        ),
        purpose="Measures a picture's noise: how strong it is where, and how white; no denoiser.",
        method=EVERY_PICTURE_METHOD + "the likelihood of the noise in each 8x8 pixels, and the "
        "correlation of neighbouring pixels' noise",
        make_task=partial(_make_every_picture_task, kind=EstimatorTask, side=96, batch_size=12),
        make_optimizer=PHOTO_OPTIMIZER,
        schedule=Schedule(rate=2e-3, decay_share=0.5),
        budget=Budget(steps=12_000),
        workers=0,
        place="estimators",
    ),
    "conv-photo-small": Recipe(
        architecture="unet",
        config=SMALL_CONFIG,
        needs=UNET_NEEDS,
        purpose="conv-photo at a quarter of its cost: previews, large photos on plain processors.",
        method=EVERY_PICTURE_METHOD + "taught nine tenths by conv-photo; 64x64 pixels and the "
        "absolute error; then 112x112 and the logarithm of the squared error, which is PSNR; Muon",
        make_task=partial(_make_taught_task, teacher="conv-photo", scenes=40),
        make_optimizer=Muon,
        schedule=Schedule(rate=2e-3, decay_share=0.0),
        budget=Budget(steps=20_000),
        later=(
            Phase(
                partial(
                    _make_taught_task,
                    teacher="conv-photo",
                    side=112,
                    batch_size=8,
                    measure="psnr",
                ),
                Schedule(rate=1e-3, decay_share=0.8),
                Budget(steps=8_000),
                step_cost=1.5,
            ),
        ),
        is_half=True,
        autocast=True,
        compiled=True,
        workers=0,
    ),
}


def _leave_out(*without: str) -> dict[str, Recipe]:
    """Return the recipe of conv-photo-small alone, untaught, less some ingredients."""
    recipe = EVERY_PICTURE_RECIPES["conv-photo-small"]
    missing = ", without ".join(("", *without))
    changed = replace(
        recipe,
        method=EVERY_PICTURE_METHOD + "64x64 pixels and the absolute error; Muon" + missing,
        make_task=partial(_make_every_picture_task, without=without),
        schedule=Schedule(rate=2e-3, decay_share=0.5),
        budget=Budget(steps=6_000),
        later=(),
    )
    return {"conv-photo-small": changed}


ABLATION_RECIPES = {
    "alone": _leave_out(),
    "without-cameras": _leave_out("camera"),
    "without-colours": _leave_out("colours"),
    "without-renders": _leave_out("renders"),
}
