"""U-shaped convolutional autoencoder with additive skips (RED-Net, 2016; DRUNet, 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class UNetConfig:
    """Numbers of a UNet; multiples of 32 keep CPU matrix units busy."""

    channels: int = 3  # of the picture
    widths: tuple[int, ...] = (32, 64, 128, 192)  # at 1/2, 1/4, ... of the picture's resolution
    blocks: tuple[int, ...] = (2, 3, 3, 3)  # residual blocks a level, on either side of the U
    slope: float = 0.0  # of the activation below zero; 0 lets whole levels die in training
    is_centred: bool = False  # whether blocks are blind to what all their inputs have in common
    is_anchored: bool = False  # whether a plane of ones tells it where black and white are


class UNet(nn.Module):
    """Predicts the noise of a picture of any size that is a multiple of `2 ** len(widths)`.

    No bias and no norm, so that scaling picture, sigma and flag scales the result (Mohan et al.,
    "Robust and interpretable blind image denoising via bias-free CNNs", ICLR 2020). An anchored
    one gives that up to see what was clipped at white, and how noise depends on the light.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, blocks = config.widths, config.blocks
        steps = list(zip(widths, widths[1:], blocks, strict=False))
        # The picture, sigma, and whether sigma is known; ones, where the network is anchored.
        planes = config.channels + 2 + config.is_anchored
        self.head = _conv3x3(4 * planes, widths[0])
        self.encode = nn.ModuleList(_blocks(here, count, config) for here, _, count in steps)
        self.down = nn.ModuleList(
            nn.Conv2d(here, below, 2, stride=2, bias=False) for here, below, _ in steps
        )
        self.bottom = _blocks(widths[-1], blocks[-1], config)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(below, here, 2, stride=2, bias=False) for here, below, _ in steps
        )
        self.merge = nn.ModuleList(_blocks(here, count, config) for here, _, count in steps)
        self.tail = _conv3x3(widths[0], 4 * config.channels)

    def forward(
        self, noisy: Tensor, sigma: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """Return the denoised picture, (N, C, H, W), not clamped.

        Args:
            noisy: (N, C, H, W), sRGB in [0,1]; H and W multiples of `2 ** len(widths)`.
            sigma: broadcastable to (N, 1, H, W), in [0,1]; None: the network guesses.
            known: like sigma, 1 where it is told and 0 where it must be guessed; None: told.
        """
        skips = self.features(noisy, sigma, known)
        x = self.bottom(self.down[-1](skips[-1]))
        for up, merge in zip(reversed(self.up[1:]), reversed(self.merge[1:]), strict=True):
            x = merge(up(x) + skips.pop())
        with self._last_level_precision(noisy.device.type):
            x = self.merge[0](self.up[0](x.float()) + skips.pop())
            residual = self.tail(x)
        return noisy - F.pixel_shuffle(residual.float(), 2)  # (N, C, H, W)

    def features(
        self,
        noisy: Tensor,
        sigma: Tensor | None = None,
        known: Tensor | None = None,
        *,
        levels: int | None = None,
    ) -> list[Tensor]:
        """Return the encoder's features, one (N, widths[i], H / 2**(i+1), W / 2**(i+1)) a level.

        Args:
            noisy: as in `forward`, and so are sigma and known.
            sigma: noise level.
            known: whether it is told.
            levels: how many, from the finest; None: all but the bottom.
        """
        planes = [noisy, _condition(noisy, sigma, known)]
        if self.config.is_anchored:
            planes.append(torch.ones_like(noisy[:, :1]))
        x = F.pixel_unshuffle(torch.cat(planes, dim=1), 2)  # (N, 4 * planes, H/2, W/2)
        with torch.autocast(noisy.device.type, enabled=False):
            x = self.head(x)  # in float32: bfloat16's 8 bits would add noise
        found = [self.encode[0](x)]
        for encode, down in zip(self.encode[1:levels], self.down, strict=False):
            found.append(encode(down(found[-1])))
        return found

    def _last_level_precision(self, device_type: str) -> torch.autocast:
        """Turn autocast off, as rounding shows here; training keeps it, a fifth faster."""
        is_allowed = self.training and torch.is_autocast_enabled(device_type)
        return torch.autocast(device_type, enabled=is_allowed)


def anchored(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the state of a network without the plane of ones, as one with it that ignores it."""
    head = state["head.weight"]
    return state | {"head.weight": F.pad(head, (0, 0, 0, 0, 0, 4))}


def _condition(noisy: Tensor, sigma: Tensor | None, known: Tensor | None) -> Tensor:
    shape = (noisy.shape[0], 1, *noisy.shape[2:])
    if sigma is None:
        return noisy.new_zeros(shape).expand(-1, 2, -1, -1)
    known = torch.ones_like(sigma) if known is None else known
    return torch.cat([(sigma * known).expand(shape), known.expand(shape)], dim=1)


class ResidualBlock(nn.Module):
    """Two convolutions with an activation between them, whose result is added to what comes in."""

    def __init__(self, width: int, config: UNetConfig) -> None:
        super().__init__()
        self.slope, self.is_centred = config.slope, config.is_centred
        self.first = _conv3x3(width, width)
        self.second = _conv3x3(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape, (N, C, H, W)."""
        # Both are positively homogeneous: what has no bias scales with its input.
        found = self._find(x)
        found = F.leaky_relu(found, self.slope, True) if self.slope else F.relu(found, True)
        change: Tensor = self.second(found)
        return x + change.to(x.dtype)  # a sum of two precisions is slow on CPUs

    def _find(self, x: Tensor) -> Tensor:
        if not self.is_centred:
            found: Tensor = self.first(x)
            return found
        # Features are positive on average: a common weight shifts all units at once, and dead.
        weight = self.first.weight
        return F.conv2d(x, weight - weight.mean((1, 2, 3), keepdim=True), padding=1)


def _conv3x3(width_in: int, width_out: int) -> nn.Conv2d:
    return nn.Conv2d(width_in, width_out, 3, padding=1, bias=False)


def _blocks(width: int, count: int, config: UNetConfig) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width, config) for _ in range(count)))
