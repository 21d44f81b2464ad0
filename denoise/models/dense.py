"""Dense autoencoders: for whole small pictures, and for overlapping patches of any picture."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

UNIT = 4.0  # scales pixels minus their mean to a variance near 1
CHUNK = 8192  # patches at once; limits the memory


@dataclass(frozen=True)
class DenseAEConfig:
    """Numbers of a DenseAE."""

    side: int = 28  # of the gray picture, in pixels
    code: int = 64  # units of the bottleneck


class DenseAE(nn.Module):
    """Presses a gray picture of fixed size through a narrow code that noise does not fit into.

    "Building autoencoders in Keras", Keras blog, 2016.
    """

    def __init__(self, config: DenseAEConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = _linear(config.side**2, config.code)
        self.decoder = _linear(config.code, config.side**2)

    def forward(self, noisy: Tensor) -> Tensor:
        """Return denoised pictures, (N, 1, side, side) in [0,1], of noisy ones of that shape."""
        return self.decode(self.encode(noisy))

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the codes, (N, code), of pictures (N, 1, side, side)."""
        return torch.relu(self.encoder(noisy.flatten(1)))

    def decode(self, code: Tensor) -> Tensor:
        """Return the pictures, (N, 1, side, side), of codes (N, code)."""
        side = self.config.side
        return torch.sigmoid(self.decoder(code)).view(-1, 1, side, side)


@dataclass(frozen=True)
class PatchDenseAEConfig:
    """Numbers of a PatchDenseAE."""

    patch: int = 24  # pixels a side that the network reads
    kept: int = 12  # pixels a side, in the patch's middle, that it predicts
    stride: int = 4  # from one patch to the next; `kept` is a multiple of it
    width: int = 1024  # units of each hidden layer
    depth: int = 5  # hidden layers


class PatchDenseAE(nn.Module):
    """Denoises every patch with a dense network, and averages where patches overlap.

    Burger, Schuler, Harmeling: "Image denoising: can plain neural networks compete with BM3D?",
    CVPR 2012; here with sigma as an input, residual layers and the noise as output. Colour is
    split into a luminance and two chroma planes, each denoised like a gray picture.
    """

    def __init__(self, config: PatchDenseAEConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Linear(config.patch**2 + 1, config.width)
        self.hidden = nn.ModuleList(
            nn.Linear(config.width, config.width) for _ in range(config.depth - 1)
        )
        self.last = nn.Linear(config.width, config.kept**2)

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """Return the denoised picture, (N, C, H, W), not clamped.

        Args:
            noisy: (N, C, H, W), sRGB in [0,1]; C is 1 or 3, H and W multiples of `stride`.
            sigma: broadcastable to (N, 1, H, W), in [0,1].
        """
        count, channels, height, width = noisy.shape
        planes = to_opponent(noisy).reshape(-1, 1, height, width)  # (N * C, 1, H, W)
        levels = sigma.expand(count, 1, height, width).repeat_interleave(channels, dim=0)
        denoised = torch.cat(
            [
                self._denoise_plane(plane, level)
                for plane, level in zip(torch.split(planes, 1), torch.split(levels, 1), strict=True)
            ]
        )
        return _from_opponent(denoised.view(count, channels, height, width))

    def denoise_patches(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """Return the middles, (N, kept * kept), of patches (N, patch * patch); sigma is (N, 1)."""
        patch, border = self.config.patch, self._border
        mean = noisy.mean(dim=1, keepdim=True)
        x = self.first(UNIT * torch.cat([noisy - mean, sigma], dim=1))  # (N, width)
        for layer in self.hidden:
            x = x + layer(F.gelu(x))
        noise = self.last(F.gelu(x)) / UNIT  # (N, kept * kept)
        middle = noisy.view(-1, patch, patch)[:, border:-border, border:-border]
        denoised: Tensor = middle.flatten(1) - noise
        return denoised

    @property
    def _border(self) -> int:
        return (self.config.patch - self.config.kept) // 2

    def _denoise_plane(self, plane: Tensor, sigma: Tensor) -> Tensor:
        """Denoise one plane, (1, 1, H, W); patches beyond the edge see it mirrored."""
        config, (height, width) = self.config, plane.shape[2:]
        beyond = config.kept - config.stride  # so that every pixel is covered equally often
        reach = beyond + self._border
        padded = _mirror(plane, reach)
        patches = F.unfold(padded, config.patch, stride=config.stride)[0].T  # (L, patch * patch)
        level = F.avg_pool2d(_mirror(sigma, reach), config.patch, stride=config.stride)
        middles = [
            self.denoise_patches(some, told)
            for some, told in zip(
                torch.split(patches, CHUNK), torch.split(level.view(-1, 1), CHUNK), strict=True
            )
        ]
        window = _window(config.kept).to(plane)
        size = (height + 2 * beyond, width + 2 * beyond)
        total = F.fold(
            (torch.cat(middles).float() * window).T[None], size, config.kept, stride=config.stride
        )
        share = F.fold(
            window.expand(len(patches), -1).T[None], size, config.kept, stride=config.stride
        )
        inner = (..., slice(beyond, beyond + height), slice(beyond, beyond + width))
        averaged: Tensor = total[inner] / share[inner]
        return averaged


def to_opponent(picture: Tensor) -> Tensor:
    """Return the luminance and two chroma planes, (N, 3, H, W), of a colour picture.

    The transform is a rotation, so white noise stays white and as strong. Gray, (N, 1, H, W), comes
    back as it is.
    """
    return _mix(_opponent(picture), picture)


def _from_opponent(planes: Tensor) -> Tensor:
    return _mix(_opponent(planes).T, planes)


def _mix(weights: Tensor, planes: Tensor) -> Tensor:
    """Return weighted sums of the planes, without a matrix product, which autocast rounds."""
    return (weights[:, :, None, None] * planes[:, None]).sum(dim=2)


def _opponent(like: Tensor) -> Tensor:
    if like.shape[1] == 1:
        return like.new_ones(1, 1)
    rows = like.new_tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
    unit: Tensor = F.normalize(rows, dim=1)
    return unit


def _mirror(planes: Tensor, reach: int) -> Tensor:
    """Extend every side by mirroring, repeatedly where the picture is smaller than the reach."""
    while reach > 0:
        step = min(reach, planes.shape[2], planes.shape[3])
        rows = torch.cat([planes[:, :, :step].flip(2), planes, planes[:, :, -step:].flip(2)], dim=2)
        planes = torch.cat([rows[..., :step].flip(3), rows, rows[..., -step:].flip(3)], dim=3)
        reach -= step
    return planes


def _window(side: int) -> Tensor:
    """Return the weights of a patch's pixels, (side * side,): a Gaussian around its middle."""
    place = torch.arange(side) - (side - 1) / 2
    slope = torch.exp(-((place / (side / 2)) ** 2))
    return torch.outer(slope, slope).flatten()


def _linear(units_in: int, units_out: int) -> nn.Linear:
    layer = nn.Linear(units_in, units_out)
    nn.init.xavier_uniform_(layer.weight)  # Keras' default; PyTorch's own starts smaller
    nn.init.zeros_(layer.bias)
    return layer
