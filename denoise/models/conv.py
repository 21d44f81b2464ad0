"""The tutorials' convolutional autoencoders of 28x28 pictures.

Padding, initialisation and batch norm are TensorFlow's, in which the tutorials are written.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class ConvAEConfig:
    """Numbers of a ConvAE."""

    widths: tuple[int, ...] = (16, 8)  # at 1/2, 1/4, ... of the picture's resolution


class ConvAE(nn.Module):
    """Halves a gray picture step by step and doubles it again, all by strided convolutions.

    Source: "Intro to Autoencoders", TensorFlow tutorial, 2020. The picture's sides are multiples
    of `2 ** len(widths)`. Shapes and phase are those of TensorFlow's "same" padding, which at
    stride 2 and an even size pads below and right only.
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
        """Return denoised pictures, (N, 1, H, W) in [0,1], of noisy ones of that shape."""
        return self.decode(self.encode(noisy))

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the codes: (N, 8, 7, 7) for (N, 1, 28, 28) with the default widths."""
        x = noisy
        for conv in self.encoder:
            x = torch.relu(conv(_pad_same(x)))  # (N, width, H/2, W/2)
        return x

    def decode(self, code: Tensor) -> Tensor:
        """Return the pictures, (N, 1, H, W), of codes."""
        x = code
        for conv in self.decoder:
            x = torch.relu(conv(x)[..., :-1, :-1])  # (N, width, 2H, 2W), less what was padding
        return torch.sigmoid(self.tail(x))


@dataclass(frozen=True)
class BottleneckAEConfig:
    """Numbers of a BottleneckAE."""

    widths: tuple[int, ...] = (16, 32, 64)  # of the encoder; reversed in the decoder
    code: int = 576  # units; 3 x 3 for each of the last width


class BottleneckAE(nn.Module):
    """Pools a gray picture of 28x28 down to 2x2, and rebuilds it from a dense code.

    The encoder is three convolutions with batch norm, two of them pooled, two of stride 2; the
    decoder starts from the code as 3x3 and doubles it by transposed convolutions.
    """

    def __init__(self, config: BottleneckAEConfig) -> None:
        super().__init__()
        self.config = config
        one, two, three = config.widths
        self.encoder = nn.ModuleList(
            (_normed(1, one, stride=1), _normed(one, two, stride=2), _normed(two, three, stride=2))
        )
        self.code = _glorot(nn.Linear(2 * 2 * three, config.code))
        self.decoder = nn.ModuleList(
            _glorot(nn.ConvTranspose2d(below, here, 3, stride=2))
            for below, here in ((three, two), (two, one), (one, 1))
        )

    def forward(self, noisy: Tensor) -> Tensor:
        """Return denoised pictures, (N, 1, 28, 28) in [0,1], of noisy ones of that shape."""
        return self.decode(self.encode(noisy))

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the codes, (N, code), of pictures (N, 1, 28, 28)."""
        first, second, third = self.encoder
        x = F.max_pool2d(first(noisy), 2)  # (N, 16, 14, 14)
        x = F.max_pool2d(second(_pad_same(x)), 2)  # (N, 32, 3, 3)
        x = third(F.pad(x, (1, 1, 1, 1)))  # (N, 64, 2, 2)
        return torch.relu(self.code(x.flatten(1)))

    def decode(self, code: Tensor) -> Tensor:
        """Return the pictures, (N, 1, 28, 28), of codes (N, code)."""
        first, second, third = self.decoder
        x = torch.relu(first(code.view(len(code), -1, 3, 3)))  # (N, 32, 7, 7)
        x = torch.relu(second(x)[..., :-1, :-1])  # (N, 16, 14, 14)
        return torch.sigmoid(third(x)[..., :-1, :-1])


@dataclass(frozen=True)
class SparseAEConfig:
    """Numbers of a SparseAE."""

    widths: tuple[int, ...] = (32, 64)  # at 1/2 and 1/4 of the picture's resolution


class SparseAE(nn.Module):
    """Encodes a gray picture of 28x28 in many units, of which few are active.

    There is no bottleneck: a penalty in training keeps the code sparse, and noise out of it.
    """

    def __init__(self, config: SparseAEConfig) -> None:
        super().__init__()
        self.config = config
        one, two = config.widths
        self.encoder = nn.ModuleList(
            (_glorot(nn.Conv2d(1, one, 3, padding=1)), _glorot(nn.Conv2d(one, two, 3, padding=1)))
        )
        self.dense = _glorot(nn.Linear(7 * 7 * two, 7 * 7 * two))
        self.decoder = nn.ModuleList(
            _glorot(nn.ConvTranspose2d(below, here, 3, stride=2))
            for below, here in ((two, two), (two, one))
        )
        self.tail = _glorot(nn.Conv2d(one, 1, 3, padding=1))

    def forward(self, noisy: Tensor) -> Tensor:
        """Return denoised pictures, (N, 1, 28, 28) in [0,1], of noisy ones of that shape."""
        return self.decode(self.encode(noisy))

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the codes, (N, 49 * width), of pictures (N, 1, 28, 28)."""
        x = noisy
        for conv in self.encoder:
            x = F.max_pool2d(torch.relu(conv(x)), 2)  # (N, width, H/2, W/2)
        return x.flatten(1)

    def decode(self, code: Tensor) -> Tensor:
        """Return the pictures, (N, 1, 28, 28), of codes."""
        x = torch.relu(self.dense(code)).view(len(code), -1, 7, 7)
        for conv in self.decoder:
            x = torch.relu(conv(x)[..., :-1, :-1])  # (N, width, 2H, 2W)
        return torch.sigmoid(self.tail(x))


class _NormedConv(nn.Module):
    """A 3x3 convolution, ReLU and batch norm, in the tutorial's order."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.conv = _glorot(nn.Conv2d(width_in, width_out, 3, stride, padding=2 - stride))
        self.norm = nn.BatchNorm2d(width_out, eps=1e-3, momentum=0.01)  # 1 - TensorFlow's 0.99

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(torch.relu(self.conv(x)))
        return normed


def _normed(width_in: int, width_out: int, *, stride: int) -> _NormedConv:
    return _NormedConv(width_in, width_out, stride)


def _pad_same(x: Tensor) -> Tensor:
    """Pad an even size for a 3x3 convolution of stride 2: below and right only."""
    return F.pad(x, (0, 1, 0, 1))


LayerT = TypeVar("LayerT", nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def _glorot(layer: LayerT) -> LayerT:
    nn.init.xavier_uniform_(layer.weight)  # TensorFlow's default, as are the zeros
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
