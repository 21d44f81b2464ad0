"""The task of denoising patches of photographs, told sigma, for dense networks."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.datasets.photos import Photo, random_patch
from denoise.images.arrays import LUMA
from denoise.models.dense import PatchDenseAE, to_opponent
from denoise.training.degradation import MAX_SIGMA
from denoise.training.loop import Batch
from denoise.training.validation import held_out_psnr, to_chw, training_photos

GRAY_SHARE = 0.5  # of the crops are gray; the others are one of their three planes
PLANE_SHARES = (0.5, 0.25, 0.25)  # luminance and two planes of chroma


@dataclass(frozen=True)
class PatchTask:
    """Overlapping patches of gray, luminance and chroma with Gaussian noise.

    The loss is the mean absolute error of the patches; validation is the PSNR at sigma 25/255 on
    whole held-out pictures in gray.
    """

    photos: list[Photo]
    seed: int
    described: list[dict[str, str]] = field(default_factory=list)
    crops: int = 64  # in a batch
    side: int = 60  # of a crop, in pixels
    step: int = 12  # from one patch of a crop to the next

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of each source of photographs."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Return noisy and clean crops, (N, 1, side, side), and sigma, (N, 1, 1, 1)."""
        rng = np.random.Generator(np.random.PCG64([self.seed, step]))
        photos = training_photos(self.photos)
        clean = torch.stack([self._plane(photos, rng) for _ in range(self.crops)])
        sigma = torch.from_numpy(rng.uniform(0, MAX_SIGMA, (self.crops, 1, 1, 1))).float()
        noise = torch.from_numpy(rng.standard_normal(clean.shape)).float()
        return {"noisy": clean + sigma * noise, "clean": clean, "sigma": sigma}

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean absolute error over the middles of the patches."""
        dense = cast(PatchDenseAE, network)
        config = dense.config
        noisy = self._patches(batch["noisy"], config.patch)
        clean = self._patches(batch["clean"], config.patch)
        border = (config.patch - config.kept) // 2
        square = clean.view(-1, config.patch, config.patch)
        middle = square[:, border : border + config.kept, border : border + config.kept].flatten(1)
        count = len(noisy) // len(batch["sigma"])
        sigma = batch["sigma"].view(-1, 1).repeat_interleave(count, dim=0)
        return F.l1_loss(dense.denoise_patches(noisy, sigma), middle)

    def validate(self, network: nn.Module) -> float:
        """Return the mean PSNR in dB over the held-out photographs in gray."""
        return held_out_psnr(network, self.photos, self.seed, is_gray=True)

    def _plane(self, photos: list[Photo], rng: np.random.Generator) -> Tensor:
        """Cut (1, side, side): gray in [0,1], or a plane of the picture's colours."""
        patch = random_patch(photos, self.side, rng)
        if patch.shape[2] == 1 or rng.random() < GRAY_SHARE:
            return to_chw(patch @ LUMA[:, None] if patch.shape[2] == 3 else patch)
        plane = rng.choice(3, p=PLANE_SHARES)
        return to_opponent(to_chw(patch)[None])[0, [plane]]

    def _patches(self, crops: Tensor, side: int) -> Tensor:
        """Cut crops into patches, (L, side * side)."""
        return F.unfold(crops, side, stride=self.step).transpose(1, 2).reshape(-1, side * side)
