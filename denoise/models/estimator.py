"""Small network that measures a picture's noise: how strong it is where, and how white."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELL = 8  # pixels a side that share one estimate
LEAST_SIGMA = 0.2 / 255  # what is weaker is none
LEAST_LOG = math.log(LEAST_SIGMA) - 1


class NoiseMap(NamedTuple):
    """What is found in every cell of CELL x CELL pixels, (N, 1, H / 8, W / 8) each."""

    sigma: Tensor  # standard deviation, in [0,1]
    whiteness: Tensor  # correlation of neighbouring pixels' noise: 0 is white, 1 is smooth


@dataclass(frozen=True)
class NoiseEstimatorConfig:
    """Numbers of a NoiseEstimator."""

    channels: int = 3  # of the picture
    filters: int = 48  # whose energies are looked at, at a quarter of the resolution
    width: int = 64  # of the layers that tell noise from texture by them


class NoiseEstimator(nn.Module):
    """Looks at the energies of learned filters, as estimates by hand look at high-passed cells.

    The logarithm of an energy is what noise changes by an amount that its level alone decides.
    """

    def __init__(self, config: NoiseEstimatorConfig) -> None:
        super().__init__()
        self.config = config
        filters, width = config.filters, config.width
        self.first = nn.Conv2d(16 * config.channels, filters, 3, bias=False)
        self.second = nn.Conv2d(filters, filters, 3, bias=False)
        self.cells = nn.ModuleList(
            (
                nn.Conv2d(2 * filters + config.channels, width, 1),
                nn.Conv2d(width, width, 3, padding=1),
                nn.Conv2d(width, width, 3, padding=2, dilation=2),
            )
        )
        self.tail = nn.Conv2d(width + 2 * filters, 2, 1)
        with torch.no_grad():  # to begin with, a level is the mean of all energies
            self.tail.weight[0, width:] = 1 / (2 * filters)

    def forward(self, noisy: Tensor) -> NoiseMap:
        """Return the noise of pictures, (N, C, H, W) in [0,1]; H and W multiples of CELL."""
        x = F.pixel_unshuffle(noisy, 4)  # (N, 16 C, H/4, W/4)
        fine = F.conv2d(_extended(x), self._without_mean())
        coarse = self.second(_extended(F.leaky_relu(fine, 0.2)))
        energies = [F.avg_pool2d(x.square(), CELL // 4) for x in (fine, coarse)]
        logs = [(energy + LEAST_SIGMA**2).log() / 2 for energy in energies]
        cells = torch.cat([*logs, F.avg_pool2d(noisy, CELL)], dim=1)
        for layer in self.cells:
            cells = F.leaky_relu(layer(cells), 0.2)
        found = self.tail(torch.cat([cells, *logs], dim=1)).float()
        level, whiteness = found.chunk(2, dim=1)
        return NoiseMap(level.clamp(LEAST_LOG, 0).exp(), whiteness)

    def _without_mean(self) -> Tensor:
        """Return the first filters, blind to the colour of a plain surface."""
        weight = self.first.weight  # (filters, 16 C, 3, 3)
        by_channel = weight.reshape(len(weight), self.config.channels, -1)
        return (by_channel - by_channel.mean(2, keepdim=True)).reshape(weight.shape)


def _extended(x: Tensor) -> Tensor:
    """Return the planes with their border repeated: zeros beyond it would be an edge."""
    return F.pad(x, (1, 1, 1, 1), mode="replicate")
