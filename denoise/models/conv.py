"""Strided convolutional autoencoder ("Intro to Autoencoders", TensorFlow tutorial, 2020)."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class ConvAEConfig:
    """Numbers of a ConvAE."""

    widths: tuple[int, ...] = (16, 8)  # at 1/2, 1/4, ... of the picture's resolution


class ConvAE(nn.Module):
    """Halves a gray picture step by step and doubles it again, all by strided convolutions.

    The picture's sides are multiples of `2 ** len(widths)`. Shapes and phase are those of
    TensorFlow's "same" padding, which at stride 2 and an even size pads below and right only.
    """

    def __init__(self, config: ConvAEConfig) -> None:
        super().__init__()
        self.config = config
        down, up = (1, *config.widths), (config.widths[-1], *reversed(config.widths))
        self.encoder = nn.ModuleList(
            _glorot(nn.Conv2d(above, here, 3, stride=2)) for above, here in pairwise(down)
        )
        self.decoder = nn.ModuleList(
            _glorot(nn.ConvTranspose2d(below, here, 3, stride=2)) for below, here in pairwise(up)
        )
        self.tail = _glorot(nn.Conv2d(up[-1], 1, 3, padding=1))

    def forward(self, noisy: Tensor) -> Tensor:
        """Gives the denoised pictures, (N, 1, H, W) in [0,1], for the same."""
        return self.decode(self.encode(noisy))

    def encode(self, noisy: Tensor) -> Tensor:
        """Gives the codes; of pictures (N, 1, 28, 28) with the default widths (N, 8, 7, 7)."""
        x = noisy
        for conv in self.encoder:
            x = torch.relu(conv(F.pad(x, (0, 1, 0, 1))))  # (N, width, H/2, W/2)
        return x

    def decode(self, code: Tensor) -> Tensor:
        """Gives the pictures, (N, 1, H, W), of codes."""
        x = code
        for conv in self.decoder:
            x = torch.relu(conv(x)[..., :-1, :-1])  # (N, width, 2H, 2W), less what was padding
        return torch.sigmoid(self.tail(x))


def _glorot(conv: nn.Conv2d | nn.ConvTranspose2d) -> nn.Conv2d | nn.ConvTranspose2d:
    nn.init.xavier_uniform_(conv.weight)  # TensorFlow's default, as are the zeros
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
