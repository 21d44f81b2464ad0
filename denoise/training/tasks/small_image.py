"""The tasks of denoising pictures of 28x28 pixels: ours, and as in the tutorials."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.metrics import psnr_from_mse
from denoise.training.loop import Batch, step_seed

MAX_TURN = math.radians(12)
MAX_CROP = 0.15  # of the side
FOCUS_WIDTH = 0.3  # of the range of factors that count as near the tutorial's
VALIDATION_EVERY = 12  # one of so many pictures is held out: 5,000 of 60,000


class Autoencoder(Protocol):
    """A network whose two halves can be used separately."""

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the codes of pictures."""

    def decode(self, code: Tensor) -> Tensor:
        """Return the pictures of codes."""


@dataclass(frozen=True)
class SmallImageTask:
    """Gray pictures with Gaussian noise, drawn anew at every step and clipped to [0,1].

    The loss is the mean squared error plus the cost of the code; validation is the PSNR at the
    tutorial's noise factor on held-out pictures.
    """

    pictures: Tensor  # (N, 1, 28, 28) uint8
    seed: int
    validation_factor: float  # of the noise: its standard deviation; the tutorial's
    described: list[dict[str, str]] = field(default_factory=list)
    factors: tuple[float, float] = (0.05, 1.0)  # lowest and highest; drawn for each picture
    focus: float = 0.0  # share of the pictures whose factor is near the tutorial's
    batch_size: int = 256
    code_cost: float = 0.0  # of the mean absolute value of the code: makes it sparse
    is_augmented: bool = False  # whether pictures are turned and cropped a little
    is_mirrored: bool = False  # whether half of the augmented pictures are mirrored

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of the set."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Return noisy and clean, (N, 1, 28, 28)."""
        rng = torch.Generator().manual_seed(step_seed(self.seed, step))
        clean = self._draw_clean(rng)
        if self.is_augmented:
            clean = augment(clean, rng, is_mirrored=self.is_mirrored)
        return {"noisy": spoil(clean, self._draw_factors(rng), rng), "clean": clean}

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean squared error plus the cost of the code."""
        if not self.code_cost:
            return F.mse_loss(network(batch["noisy"]), batch["clean"])
        autoencoder = cast(Autoencoder, network)
        code = autoencoder.encode(batch["noisy"])
        error = F.mse_loss(autoencoder.decode(code), batch["clean"])
        return error + self.code_cost * code.abs().mean()

    def validate(self, network: nn.Module) -> float:
        """Return the mean PSNR in dB over the held-out pictures."""
        held_out = self.pictures[VALIDATION_EVERY - 1 :: VALIDATION_EVERY]
        return _mean_psnr(network, held_out, self.validation_factor, self.seed)

    def _draw_clean(self, rng: torch.Generator) -> Tensor:
        """Draw from all but every twelfth picture, which is held out."""
        groups, rest = divmod(len(self.pictures), VALIDATION_EVERY)
        count = groups * (VALIDATION_EVERY - 1) + rest
        draw = torch.randint(count, (self.batch_size,), generator=rng)
        places = draw + draw // (VALIDATION_EVERY - 1)
        return self.pictures[places] / 255

    def _draw_factors(self, rng: torch.Generator) -> Tensor:
        low, high = self.factors
        shape = (self.batch_size, 1, 1, 1)
        factors = low + (high - low) * torch.rand(shape, generator=rng)
        if not self.focus:
            return factors
        near = self.validation_factor + FOCUS_WIDTH * (torch.rand(shape, generator=rng) - 0.5)
        return torch.where(torch.rand(shape, generator=rng) < self.focus, near, factors)


@dataclass(frozen=True)
class TutorialTask:
    """Gray pictures with noise drawn once, epoch by epoch, as in the tutorials."""

    pictures: Tensor  # (N, 1, 28, 28) uint8
    held_out: Tensor  # for validation, (M, 1, 28, 28) uint8
    seed: int
    factor: float  # of the noise: its standard deviation
    error: Callable[[Tensor, Tensor], Tensor]  # of denoised and clean
    batch_size: int
    described: list[dict[str, str]] = field(default_factory=list)

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of the set."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Return noisy and clean, (N, 1, 28, 28); the last batch of an epoch may be smaller."""
        epoch, index = divmod(step, math.ceil(len(self.pictures) / self.batch_size))
        rng = torch.Generator().manual_seed(step_seed(self.seed, epoch))
        order = torch.randperm(len(self.pictures), generator=rng)
        chosen = order[index * self.batch_size :][: self.batch_size]
        return {"noisy": self._noisy[chosen], "clean": self.pictures[chosen] / 255}

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the tutorial's error."""
        return self.error(network(batch["noisy"]), batch["clean"])

    def validate(self, network: nn.Module) -> float:
        """Return the mean PSNR in dB over the held-out pictures."""
        return _mean_psnr(network, self.held_out, self.factor, self.seed)

    @cached_property
    def _noisy(self) -> Tensor:
        rng = torch.Generator().manual_seed(self.seed)
        return spoil(self.pictures / 255, self.factor, rng)


def augment(pictures: Tensor, rng: torch.Generator, *, is_mirrored: bool) -> Tensor:
    """Turn and crop each picture, (N, 1, 28, 28), a little at random."""
    count = len(pictures)
    angle = (2 * torch.rand(count, generator=rng) - 1) * MAX_TURN
    zoom = 1 - MAX_CROP * torch.rand(count, generator=rng)
    shift = (2 * torch.rand((2, count), generator=rng) - 1) * (1 - zoom)
    mirror = torch.ones(count)
    if is_mirrored:
        mirror -= 2 * (torch.rand(count, generator=rng) < 0.5).float()
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    rows = (torch.stack((mirror * cos, -sin, shift[0])), torch.stack((mirror * sin, cos, shift[1])))
    grid = F.affine_grid(torch.stack(rows).permute(2, 0, 1), list(pictures.shape), False)
    return F.grid_sample(pictures, grid, align_corners=False)


def _mean_psnr(network: nn.Module, pictures: Tensor, factor: float, seed: int) -> float:
    device = next(network.parameters()).device
    rng = torch.Generator().manual_seed(seed)
    figures: list[float] = []
    for chunk in torch.split(pictures, 500):
        clean = chunk / 255
        noisy = spoil(clean, factor, rng)
        denoised = network(noisy.to(device)).cpu()
        errors = ((denoised - clean) ** 2).mean(dim=(1, 2, 3))
        figures += map(psnr_from_mse, errors.tolist())
    return sum(figures) / len(figures)


def spoil(clean: Tensor, factor: Tensor | float, rng: torch.Generator) -> Tensor:
    """Add Gaussian noise of that deviation to pictures in [0,1], and clip."""
    return (clean + factor * torch.randn(clean.shape, generator=rng)).clamp(0, 1)
