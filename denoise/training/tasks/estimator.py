"""Measuring noise as a training task: of every kind, wherever in the picture it is."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.models.estimator import CELL, LEAST_SIGMA, NoiseMap
from denoise.training.loop import Batch
from denoise.training.tasks.every_picture import EveryPictureTask
from denoise.training.validation import held_out_photos, middle_of, to_chw

RIGHT_WITHIN = 0.1  # of the true level
CHECKED_255 = (5, 10, 25, 50)  # levels of white noise on held-out photographs
WHITENESS_SHARE = 0.5  # of the loss
MEASURABLE_SIGMA = 1 / 255  # weaker noise has no whiteness that can be learned


@dataclass(frozen=True)
class EstimatorTask(EveryPictureTask):
    """Patches under every kind of noise, whose level and whiteness are asked for.

    The likelihood of the noise in each cell is maximised; the share of levels of white noise that
    are found within a tenth is watched on photographs that are held out.
    """

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return how unlikely the noise is at the levels that the network finds."""
        found: NoiseMap = network(batch["noisy"])
        noise = batch["noisy"] - batch["clean"]
        return level_error(found.sigma, noise) + WHITENESS_SHARE * whiteness_error(
            found.whiteness, noise
        )

    def validate(self, network: nn.Module) -> float:
        """Return the percentage of held-out levels that are found within a tenth."""
        device = next(network.parameters()).device
        rng = np.random.Generator(np.random.PCG64(self.seed))
        right = []
        for photo in held_out_photos(self.photos):
            clean = to_chw(middle_of(photo) / 255)[None].to(device)
            for sigma_255 in CHECKED_255:
                noise = torch.from_numpy(rng.standard_normal(clean.shape)).to(clean)
                found: NoiseMap = network(clean + sigma_255 / 255 * noise)
                level = 255 * float(found.sigma.square().mean().sqrt())
                right.append(abs(level / sigma_255 - 1) < RIGHT_WITHIN)
        return 100 * sum(right) / len(right)


def level_error(sigma: Tensor, noise: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of noise, (N, C, H, W), by cells of a deviation.

    It is lowest where the deviation is the noise's root mean square: a proper score.
    """
    floor = LEAST_SIGMA**2
    measured = F.avg_pool2d(noise.square().mean(dim=1, keepdim=True), CELL) + floor
    variance = sigma.square() + floor
    return 0.5 * (variance.log() + measured / variance).mean()


def whiteness_error(whiteness: Tensor, noise: Tensor) -> Tensor:
    """Return the mean squared error of the correlation of neighbours, where there is noise."""
    wanted, is_measurable = neighbour_correlation(noise)
    errors = (whiteness.mean((1, 2, 3)) - wanted).square()
    return (errors * is_measurable).sum() / is_measurable.sum().clamp(min=1)


def neighbour_correlation(noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return how alike neighbouring pixels' noise is, (N,), and whether there is enough of it."""
    power = noise.square().mean((1, 2, 3))
    across = (noise[..., 1:] * noise[..., :-1]).mean((1, 2, 3))
    along = (noise[..., 1:, :] * noise[..., :-1, :]).mean((1, 2, 3))
    is_measurable = power > MEASURABLE_SIGMA**2
    return (across + along) / 2 / power.clamp(min=1e-12), is_measurable
