"""Adversarially trained generator and its discriminator (Alsaiari et al., ICICT 2019)."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2  # of the leaky ReLU below 0


@dataclass(frozen=True)
class GeneratorConfig:
    """Numbers of a Generator; the defaults are the published ones."""

    channels: int = 3  # of the picture
    widths: tuple[int, ...] = (32, 64, 128)  # at 1, 1/2, ... of the picture's resolution
    blocks: int = 3  # residual blocks at the lowest resolution


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Numbers of a Discriminator; the defaults are the published ones."""

    channels: int = 3  # of the picture
    width: int = 48  # of the first layer; doubled by each that follows
    strides: tuple[int, ...] = (2, 2, 2, 1)  # of all layers but the last, which keeps the size
    is_normalised: bool = False  # spectrally (Miyato et al., ICLR 2018), to keep it smooth


class Generator(nn.Module):
    """Halves the picture step by step, then resizes it back with symmetric additive skips.

    Source: "Image denoising using a generative adversarial network". Its text says stride 1, but
    its sizes halve; here the stride is 2 on the way down.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.head = _layer(config.channels, widths[0], kernel=9)
        self.down = nn.ModuleList(_layer(above, here, stride=2) for above, here in pairwise(widths))
        self.bottom = nn.Sequential(*(_ResidualBlock(widths[-1]) for _ in range(config.blocks)))
        self.up = nn.ModuleList(_layer(below, here) for here, below in pairwise(widths))
        self.tail = nn.Conv2d(widths[0], config.channels, 9, padding=4)

    def forward(self, noisy: Tensor) -> Tensor:
        """Return the denoised picture, (N, C, H, W) in [0,1].

        Args:
            noisy: (N, C, H, W), sRGB in [0,1]; H and W multiples of `2 ** (len(widths) - 1)`.
        """
        x = self.head(noisy)
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)  # (N, width, H/2, W/2)
        x = self.bottom(x)
        for up in reversed(self.up):
            x = up(F.interpolate(x, scale_factor=2.0)) + skips.pop()  # (N, width, 2H, 2W)
        return torch.sigmoid(self.tail(x).float())


class Discriminator(nn.Module):
    """Tells clean patches from denoised ones with 4x4 convolutions; for training only."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        count = len(config.strides)
        widths = [config.channels, *(config.width * 2**i for i in range(count))]
        self.layers = nn.ModuleList(
            self._convolution(here, there, stride)
            for here, there, stride in zip(widths, widths[1:], config.strides, strict=False)
        )
        self.tail = self._convolution(widths[-1], 1, stride=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Return scores, (N, 1, about H/8, about W/8), of pictures (N, C, H, W): high for clean."""
        x = picture
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        scores: Tensor = self.tail(x).float()
        return scores

    def _convolution(self, width_in: int, width_out: int, stride: int) -> nn.Module:
        layer = nn.Conv2d(width_in, width_out, 4, stride, padding=1)
        if not self.config.is_normalised:
            return layer
        normalised: nn.Module = nn.utils.parametrizations.spectral_norm(layer)
        return normalised


class _ResidualBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _layer(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(self.first(x))
        return x + change


def _layer(width_in: int, width_out: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width_in, width_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(width_out),
        nn.LeakyReLU(SLOPE),
    )
