"""Denoising photographs as a training task."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.metrics import psnr_from_mse
from denoise.training.loop import Batch
from denoise.training.mixture import degrade, gaussian_share
from denoise.training.photos import Photo, random_patch

KNOWN_SHARE = 0.5  # of patches whose sigma is told; the others must be guessed
VALIDATION_EVERY = 50  # of the photographs, one is held out
VALIDATION_SIDE = 256
VALIDATION_SIGMA = 25 / 255


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

    @property
    def training_photos(self) -> list[Photo]:
        """All but the held-out photographs."""
        return [photo for i, photo in enumerate(self.photos) if i % VALIDATION_EVERY or i == 0]

    @property
    def held_out_photos(self) -> list[Photo]:
        """Never trained on, unless there are too few photographs to hold any out."""
        return self.photos[VALIDATION_EVERY::VALIDATION_EVERY] or self.photos[:1]

    def sources(self) -> list[dict[str, str]]:
        """Gives the name, size and licence of each source of photographs."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Gives noisy and clean, (N, 3, side, side), sigma and known, (N, 1, 1, 1)."""
        rng = np.random.Generator(np.random.PCG64([self.seed, step]))
        photos = self.training_photos
        clean, noisy, sigma = [], [], []
        for _ in range(self.batch_size):
            patch = random_patch(photos, self.side, rng)
            spoilt, level = degrade(patch, rng, gaussian=gaussian_share(step))
            clean.append(_to_chw(patch))
            noisy.append(_to_chw(spoilt))
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
        device = next(network.parameters()).device
        rng = np.random.Generator(np.random.PCG64(self.seed))
        sigma = torch.full((1, 1, 1, 1), VALIDATION_SIGMA, device=device)
        figures = []
        for photo in self.held_out_photos:
            clean = _to_chw(_centre(photo) / 255.0)[None].to(device)
            noise = torch.from_numpy(rng.standard_normal(clean.shape)).to(clean)
            denoised = network(clean + VALIDATION_SIGMA * noise, sigma).clamp(0, 1)
            figures.append(psnr_from_mse(F.mse_loss(denoised, clean).item()))
        return sum(figures) / len(figures)


def _to_chw(patch: NDArray[np.float64]) -> Tensor:
    """Gives (3, H, W) float32; gray becomes three equal channels."""
    return torch.from_numpy(patch).permute(2, 0, 1).float().expand(3, -1, -1).contiguous()


def _centre(photo: Photo) -> Photo:
    side = min(VALIDATION_SIDE, min(photo.shape[:2]) // 16 * 16)
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    return photo[top : top + side, left : left + side]
