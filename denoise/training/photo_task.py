"""Denoising photographs as a training task."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.training.held_out import held_out_psnr, to_chw, training_photos
from denoise.training.loop import Batch
from denoise.training.mixture import degrade, gaussian_share
from denoise.training.photos import Photo, random_patch

KNOWN_SHARE = 0.5  # of patches whose sigma is told; the others must be guessed


@dataclass(frozen=True)
class PhotoTask:
    """Patches of photographs under Gaussian and practical noise, sigma told or not.

    The mean absolute error is minimised; PSNR at sigma 25/255, told, is watched on the centres
    of photographs that are held out.
    """

    photos: list[Photo]
    seed: int
    described: list[dict[str, str]] = field(default_factory=list)
    batch_size: int = 16
    side: int = 64

    def sources(self) -> list[dict[str, str]]:
        """Gives the name, size and licence of each source of photographs."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Gives noisy and clean, (N, 3, side, side), sigma and known, (N, 1, 1, 1)."""
        rng = np.random.Generator(np.random.PCG64([self.seed, step]))
        photos = training_photos(self.photos)
        clean, noisy, sigma = [], [], []
        for _ in range(self.batch_size):
            patch = random_patch(photos, self.side, rng)
            spoilt, level = degrade(patch, rng, gaussian=gaussian_share(step))
            clean.append(to_chw(patch).expand(3, -1, -1))  # gray: three equal channels
            noisy.append(to_chw(spoilt).expand(3, -1, -1))
            sigma.append(level)
        known = rng.random(self.batch_size) < KNOWN_SHARE
        return {
            "noisy": torch.stack(noisy),
            "clean": torch.stack(clean),
            "sigma": torch.tensor(sigma, dtype=torch.float32).view(-1, 1, 1, 1),
            "known": torch.from_numpy(known).float().view(-1, 1, 1, 1),
        }

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Gives the mean absolute error."""
        noisy = batch["noisy"].contiguous(memory_format=torch.channels_last)
        return F.l1_loss(network(noisy, batch["sigma"], batch["known"]), batch["clean"])

    def validate(self, network: nn.Module) -> float:
        """Gives the mean PSNR in dB over the held-out photographs."""
        return held_out_psnr(network, self.photos, self.seed)
