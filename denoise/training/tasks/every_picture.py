"""Denoising every picture that people bring as a training task: all kinds of noise, told or not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from denoise.datasets.drawings import draw_all
from denoise.datasets.photos import Photo, Sampling, random_patch
from denoise.datasets.renders import RenderPair
from denoise.images.arrays import LUMA
from denoise.training.all_kinds import (
    ALL_KINDS,
    DRAWING_SHARES,
    RENDER_SHARE,
    Kind,
    Spoilt,
    make_spoilt,
)
from denoise.training.loop import Batch
from denoise.training.recolouring import recolor
from denoise.training.rendering import spoil_by_rendering
from denoise.training.validation import held_out_psnr, training_photos

Patch = NDArray[Any]  # (H, W, C), float32, sRGB in [0,1]

COLORS, RENDERS = "colours", "renders"  # that can be left out, beside kinds of noise
RECOLORED_SHARE = 0.5  # of the patches
GRAY_SHARE = 0.15
MAPPED_SHARE = 0.5  # of told patches whose noise varies: each place is told its own
DRAWINGS = 24  # of each kind
# Patches under weak noise have small errors; without more weight little is learned of them.
WEIGHT_POWER = 0.5  # of the patch's weight, in the inverse of its noise level
UNIT_WEIGHT_SIGMA, LEAST_WEIGHTED_SIGMA = 20 / 255, 5 / 255
GOOD_ENOUGH = 1 / 255  # errors below it count less and less in PSNR
LOSS_SCALE = 0.02  # about the size of a mean absolute error, as the gradient's bound wants it
TAUGHT_SHARE = 0.9  # of the loss of a taught network, to its teacher
# Without sharp ones a small picture's grass passed for noise of 3/255.
PHOTO_SAMPLING = Sampling(shrunk=0.3, detailed=0.5, gray=0.0, sharp=0.3, patterned=0.03)
UNSHRUNK = Sampling(shrunk=0.0, detailed=0.5, gray=0.0, patterned=0.0)


class Example(NamedTuple):
    """A patch, (C, side, side) each; sigma and known are (1, side, side)."""

    noisy: Tensor
    clean: Tensor
    sigma: Tensor
    known: Tensor


@dataclass(frozen=True)
class EveryPictureTask:
    """Patches of photographs, drawings and renders under every kind of noise.

    PSNR at sigma 25/255, told, is watched on the centres of photographs that are held out.

    Args:
        photos: clean ones.
        seed: of everything drawn.
        described: the photographs' sources.
        renders: path-traced pictures with their references; may be none.
        batch_size: patches.
        side: pixels.
        drawings: of each kind.
        measure: what is minimised, a key of `MEASURES`.
        without: kinds of noise and other ingredients that are left out, to see what they bring.
    """

    photos: list[Photo]
    seed: int
    described: list[dict[str, str]] = field(default_factory=list)
    renders: Sequence[RenderPair] = ()
    batch_size: int = 16
    side: int = 64
    drawings: int = DRAWINGS
    measure: str = "absolute"
    without: tuple[str, ...] = ()
    _photos: list[Photo] = field(init=False, repr=False)
    _drawn: dict[str, list[Photo]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if unknown := set(self.without) - {*ALL_KINDS, COLORS, RENDERS}:
            raise ValueError(f"Nothing to leave out is named {', '.join(sorted(unknown))}.")
        photos = training_photos(self.photos)
        object.__setattr__(self, "_photos", photos)
        object.__setattr__(self, "_drawn", draw_all(self.drawings, photos, self.seed))

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of each source of pictures."""
        count = sum(map(len, self._drawn.values()))
        made = [{"name": "drawings made by the program", "pictures": str(count)}]
        if self.renders:
            made.append({"name": "renders of seeded scenes", "pictures": str(len(self.renders))})
        return [*self.described, *(source | {"license": "Apache-2.0"} for source in made)]

    def batch(self, step: int) -> Batch:
        """Return noisy and clean, (N, 3, side, side); sigma and known, (N, 1, side, side)."""
        rng = np.random.Generator(np.random.PCG64([self.seed, step]))
        examples = [self._example(rng) for _ in range(self.batch_size)]
        columns = (torch.stack(column) for column in zip(*examples, strict=True))
        return dict(zip(Example._fields, columns, strict=True))

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the patches' mean error by the task's measure."""
        return MEASURES[self.measure](self.denoise(network, batch).float(), batch["clean"], batch)

    def denoise(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return what the network makes of a batch, (N, 3, side, side)."""
        noisy = batch["noisy"].contiguous(memory_format=torch.channels_last)
        denoised: Tensor = network(noisy, batch["sigma"], batch["known"])
        return denoised

    def validate(self, network: nn.Module) -> float:
        """Return the mean PSNR in dB over the held-out photographs."""
        return held_out_psnr(network, self.photos, self.seed)

    def _example(self, rng: np.random.Generator) -> Example:
        has_renders = bool(self.renders) and RENDERS not in self.without
        if has_renders and rng.random() < RENDER_SHARE:
            pair = self.renders[int(rng.integers(len(self.renders)))]
            return self._finish(spoil_by_rendering(pair, self.side, rng), 0.3, rng)
        kinds = [kind for name, kind in ALL_KINDS.items() if name not in self.without]
        kind = kinds[rng.choice(len(kinds), p=_shares(kinds))]
        spoilt = make_spoilt(kind, lambda side: self._cut(side, kind, rng), self.side, rng)
        return self._finish(spoilt, kind.known, rng)

    def _cut(self, side: int, kind: Kind, rng: np.random.Generator) -> Patch:
        """Return a clean patch, in colours of its own or in others."""
        if rng.random() < kind.drawn:
            patch = self._cut_drawing(side, kind, rng)
        else:
            sampling = PHOTO_SAMPLING if side < 1.5 * self.side else UNSHRUNK
            patch = random_patch(self._photos, side, rng, sampling)
        patch = np.ascontiguousarray(patch, np.float32)
        if rng.random() < GRAY_SHARE:
            patch = (patch @ LUMA.astype(np.float32))[..., None]
        is_recolored = rng.random() < RECOLORED_SHARE and COLORS not in self.without
        return recolor(patch, rng) if is_recolored else patch

    def _cut_drawing(self, side: int, kind: Kind, rng: np.random.Generator) -> Patch:
        names = kind.drawings or tuple(DRAWING_SHARES)
        shares = np.array([DRAWING_SHARES[name] for name in names])
        drawings = self._drawn[str(rng.choice(names, p=shares / shares.sum()))]
        return random_patch(drawings, side, rng, UNSHRUNK)

    def _finish(self, spoilt: Spoilt, known: float, rng: np.random.Generator) -> Example:
        clean, noisy = (_to_tensor(patch) for patch in (spoilt.clean, spoilt.noisy))
        is_known = torch.full((1, self.side, self.side), float(rng.random() < known))
        return Example(noisy, clean, measured_sigma(spoilt, rng), is_known)


@dataclass(frozen=True)
class TaughtTask(EveryPictureTask):
    """The same patches, where a large network's result is most of what is aimed at.

    What a teacher has understood is easier to learn than what noise has hidden: published, a
    network of 2 million parameters was 1.6 dB better taught than alone (arXiv 2605.03680).

    Args:
        teacher: takes what the network takes.
    """

    teacher: nn.Module = field(default_factory=nn.Identity)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the patches' mean error, to the teacher's result and a little to the truth."""
        measure = MEASURES[self.measure]
        denoised = self.denoise(network, batch).float()
        with torch.no_grad():
            taught = self.denoise(self.teacher.eval(), batch).float()
        errors = measure(denoised, taught, batch), measure(denoised, batch["clean"], batch)
        return TAUGHT_SHARE * errors[0] + (1 - TAUGHT_SHARE) * errors[1]


def absolute_error(denoised: Tensor, wanted: Tensor, batch: Batch) -> Tensor:
    """Return the mean absolute error, patches weighted by their noise."""
    errors = (denoised - wanted).abs().mean((1, 2, 3))
    noise = (batch["noisy"] - batch["clean"]).square().mean((1, 2, 3)).sqrt()
    weight = UNIT_WEIGHT_SIGMA / noise.clamp(min=LEAST_WEIGHTED_SIGMA)
    return (weight**WEIGHT_POWER * errors).mean()


def psnr_error(denoised: Tensor, wanted: Tensor, batch: Batch) -> Tensor:  # noqa: ARG001
    """Return the mean logarithm of squared errors: PSNR, turned round.

    Unlike the absolute error it keeps the mean where few photons make a lopsided noise.
    """
    errors = (denoised - wanted).square().mean((1, 2, 3))
    return LOSS_SCALE * (errors / GOOD_ENOUGH**2).log1p().mean()


MEASURES = {"absolute": absolute_error, "psnr": psnr_error}


def measured_sigma(spoilt: Spoilt, rng: np.random.Generator) -> Tensor:
    """Return what is told, (1, side, side): the noise where it is, as one number or place by place.

    It is measured, since clipping, rounding and files change what was added.
    """
    squares = ((spoilt.noisy - spoilt.clean) ** 2).mean(axis=2)
    deviation = spoilt.deviation
    if deviation is None or not (deviation > 0).any():
        return torch.full((1, *squares.shape), math.sqrt(squares.mean()))
    place = deviation > 0
    measured = math.sqrt(squares[place].mean())
    if rng.random() < MAPPED_SHARE:
        scale = measured / math.sqrt((deviation[place] ** 2).mean())
        return torch.from_numpy((scale * deviation).astype(np.float32))[None]
    return torch.full((1, *squares.shape), measured)


def _shares(kinds: list[Kind]) -> NDArray[np.float64]:
    shares = np.array([kind.share for kind in kinds])
    return np.asarray(shares / shares.sum())


def _to_tensor(patch: Patch) -> Tensor:
    """Return (3, H, W) for (H, W, C)."""
    channels = torch.from_numpy(np.ascontiguousarray(patch, np.float32)).permute(2, 0, 1)
    return channels.expand(3, -1, -1).contiguous()
