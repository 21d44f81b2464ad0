"""The tasks of denoising photographs."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.datasets.photos import Patch, Photo, Sampling, random_patch
from denoise.training.degradation import (
    add_gaussian_noise,
    add_practical_noise,
    add_white_noise,
    gaussian_share,
)
from denoise.training.loop import Batch
from denoise.training.validation import held_out_psnr, to_chw, training_photos

# Share of the patches whose sigma is told. Nobody knows that of a real photograph.
KNOWN_SHARE = 0.6  # with Gaussian noise
PRACTICAL_KNOWN_SHARE = 0.35
# Share of the patches with practical noise that are softened first. Photographs straight from a
# camera are softer than the shrunken ones trained on, in which their noise would pass for detail.
SOFT_SHARE = 0.5
SOFTENING = (0.4, 1.2)  # deviation of the blur, in pixels
GOOD_ENOUGH = 1.5 / 255  # errors below it count less and less
LOSS_SCALE = 0.02  # about as large as a mean absolute error, to suit the gradients' bound
LARGE_SIDE = 96
# Patches with weak noise have small errors and teach little without more weight.
WEIGHT_POWER = 0.5  # of the patch's weight, in the inverse of its noise level
UNIT_WEIGHT_SIGMA, LEAST_WEIGHTED_SIGMA = 20 / 255, 5 / 255


@dataclass(frozen=True)
class PhotoTask:
    """Patches of photographs with Gaussian and practical noise, sigma told or not.

    The loss maximises the mean PSNR; validation is the PSNR at sigma 25/255, told, on the centres
    of held-out photographs. Late in the training patches are fewer and larger, so that less of
    them is border.
    """

    photos: list[Photo]
    seed: int
    described: list[dict[str, str]] = field(default_factory=list)
    batch_size: int = 16
    side: int = 64
    large_from: int | None = None  # the step at which patches become large; None: never
    large_batch_size: int = 8
    gaussian: float | None = None  # share of patches with Gaussian noise; None: by the step
    takes_sigma: bool = True  # whether the network can be told sigma
    sampling: Sampling = field(default_factory=Sampling)

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of each source of photographs."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Return noisy and clean, (N, 3, side, side), sigma and known, (N, 1, 1, 1)."""
        rng = np.random.Generator(np.random.PCG64([self.seed, step]))
        photos = training_photos(self.photos)
        is_large = self.large_from is not None and step >= self.large_from
        side = LARGE_SIDE if is_large else self.side
        clean, noisy, sigma, known = [], [], [], []
        for _ in range(self.large_batch_size if is_large else self.batch_size):
            patch, spoilt, is_known = self._spoil(
                random_patch(photos, side, rng, self.sampling), rng, step
            )
            clean.append(to_chw(patch).expand(3, -1, -1))  # gray: three equal channels
            noisy.append(to_chw(spoilt).expand(3, -1, -1))
            sigma.append(math.sqrt(np.mean((spoilt - patch) ** 2)))
            known.append(is_known)
        return {
            "noisy": torch.stack(noisy),
            "clean": torch.stack(clean),
            "sigma": torch.tensor(sigma).view(-1, 1, 1, 1),
            "known": torch.tensor(known).float().view(-1, 1, 1, 1),
        }

    def _spoil(
        self, patch: Patch, rng: np.random.Generator, step: int
    ) -> tuple[Patch, Patch, bool]:
        """Return the clean patch, the noisy one, and whether its sigma is told."""
        gaussian = gaussian_share(step) if self.gaussian is None else self.gaussian
        if rng.random() < gaussian:
            return patch, add_gaussian_noise(patch, rng), rng.random() < KNOWN_SHARE
        if rng.random() < SOFT_SHARE:
            patch = gaussian_filter(patch, (blur := rng.uniform(*SOFTENING), blur, 0))
        return patch, add_practical_noise(patch, rng), rng.random() < PRACTICAL_KNOWN_SHARE

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean logarithm of the patches' squared errors: in effect, minus the PSNR.

        Every noise level counts equally. Absolute errors would mostly be those of strong noise.
        """
        errors = (self.denoise(network, batch).float() - batch["clean"]).square().mean((1, 2, 3))
        return LOSS_SCALE * (errors / GOOD_ENOUGH**2).log1p().mean()

    def denoise(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the denoised batch, (N, 3, side, side)."""
        noisy = batch["noisy"].contiguous(memory_format=torch.channels_last)
        told = (batch["sigma"], batch["known"]) if self.takes_sigma else ()
        denoised: Tensor = network(noisy, *told)
        return denoised

    def validate(self, network: nn.Module) -> float:
        """Return the mean PSNR in dB over the held-out photographs."""
        return held_out_psnr(network, self.photos, self.seed, takes_sigma=self.takes_sigma)


class ToldPhotoTask(PhotoTask):
    """Patches of photographs with white noise and impulses, sigma always told.

    The loss is the mean absolute error. At 1,500 steps, each loss at its own rate, it was 0.14 dB
    better at sigma 25/255 and 0.31 dB at 50/255 than the logarithm of the squared error. Weak noise
    has more weight: at 1,200 steps that gained 0.07 dB at 15/255 and lost 0.04 at 50/255.
    """

    def _spoil(
        self,
        patch: Patch,
        rng: np.random.Generator,
        step: int,  # noqa: ARG002 - every step draws alike
    ) -> tuple[Patch, Patch, bool]:
        return patch, add_white_noise(patch, rng), True

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean absolute error, patches weighted by their noise."""
        denoised = self.denoise(network, batch).float()
        errors = F.l1_loss(denoised, batch["clean"], reduction="none").mean((1, 2, 3))
        sigma = batch["sigma"].flatten().clamp(min=LEAST_WEIGHTED_SIGMA)
        return ((UNIT_WEIGHT_SIGMA / sigma) ** WEIGHT_POWER * errors).mean()
