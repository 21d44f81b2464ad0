"""Denoising pictures of 28x28 pixels as a training task."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.metrics import psnr_from_mse
from denoise.training.loop import Batch, step_seed

VALIDATION_EVERY = 12  # of the pictures, one is held out: 5,000 of 60,000


@dataclass(frozen=True)
class SmallImageTask:
    """Gray pictures under Gaussian noise, drawn anew at every step and clipped to [0,1].

    The mean squared error is minimised; PSNR at the tutorial's noise factor is watched on
    pictures that are held out.
    """

    pictures: Tensor  # (N, 1, 28, 28) uint8
    seed: int
    validation_factor: float  # of the noise: its standard deviation; the tutorial's
    described: list[dict[str, str]] = field(default_factory=list)
    factors: tuple[float, float] = (0.05, 1.0)  # lowest and highest; uniform, one a picture
    batch_size: int = 256

    def sources(self) -> list[dict[str, str]]:
        """Gives the name, size and licence of the set."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Gives noisy and clean, (N, 1, 28, 28)."""
        rng = torch.Generator().manual_seed(step_seed(self.seed, step))
        clean = self._draw_clean(rng)
        return {"noisy": _spoil(clean, self._draw_factors(rng), rng), "clean": clean}

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Gives the mean squared error."""
        return F.mse_loss(network(batch["noisy"]), batch["clean"])

    def validate(self, network: nn.Module) -> float:
        """Gives the mean PSNR in dB over the held-out pictures."""
        device = next(network.parameters()).device
        rng = torch.Generator().manual_seed(self.seed)
        held_out = self.pictures[VALIDATION_EVERY - 1 :: VALIDATION_EVERY]
        figures: list[float] = []
        for chunk in torch.split(held_out, 500):
            clean = chunk / 255
            noisy = _spoil(clean, self.validation_factor, rng)
            denoised = network(noisy.to(device)).cpu()
            errors = ((denoised - clean) ** 2).mean(dim=(1, 2, 3))
            figures += map(psnr_from_mse, errors.tolist())
        return sum(figures) / len(figures)

    def _draw_clean(self, rng: torch.Generator) -> Tensor:
        """Draws from all but every twelfth picture, which validation holds out."""
        groups, rest = divmod(len(self.pictures), VALIDATION_EVERY)
        count = groups * (VALIDATION_EVERY - 1) + rest
        draw = torch.randint(count, (self.batch_size,), generator=rng)
        places = draw + draw // (VALIDATION_EVERY - 1)
        return self.pictures[places] / 255

    def _draw_factors(self, rng: torch.Generator) -> Tensor:
        low, high = self.factors
        return low + (high - low) * torch.rand((self.batch_size, 1, 1, 1), generator=rng)


def _spoil(clean: Tensor, factor: Tensor | float, rng: torch.Generator) -> Tensor:
    return (clean + factor * torch.randn(clean.shape, generator=rng)).clamp(0, 1)
