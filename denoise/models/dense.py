"""Dense autoencoder ("Building autoencoders in Keras", Keras blog, 2016)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class DenseAEConfig:
    """Numbers of a DenseAE."""

    side: int = 28  # of the gray picture, in pixels
    code: int = 64  # units of the bottleneck


class DenseAE(nn.Module):
    """Presses a gray picture of fixed size through a narrow code that noise does not fit into."""

    def __init__(self, config: DenseAEConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = _linear(config.side**2, config.code)
        self.decoder = _linear(config.code, config.side**2)

    def forward(self, noisy: Tensor) -> Tensor:
        """Gives the denoised pictures, (N, 1, side, side) in [0,1], for the same."""
        return self.decode(self.encode(noisy))

    def encode(self, noisy: Tensor) -> Tensor:
        """Gives the codes, (N, code), of pictures (N, 1, side, side)."""
        return torch.relu(self.encoder(noisy.flatten(1)))

    def decode(self, code: Tensor) -> Tensor:
        """Gives the pictures, (N, 1, side, side), of codes (N, code)."""
        side = self.config.side
        return torch.sigmoid(self.decoder(code)).view(-1, 1, side, side)


def _linear(units_in: int, units_out: int) -> nn.Linear:
    layer = nn.Linear(units_in, units_out)
    nn.init.xavier_uniform_(layer.weight)  # Keras' default; torch's own starts with less
    nn.init.zeros_(layer.bias)
    return layer
