"""One pass of a network over a tile: padding, precision, orientations, blending."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.models import Needs

ORIENTATIONS = tuple((turns, mirrored) for turns in range(4) for mirrored in (False, True))


class Inference(NamedTuple):
    """Networks of the same needs, and how they are to run."""

    networks: tuple[tuple[nn.Module, float], ...]  # with their shares in the result, 1 in all
    needs: Needs
    dtype: torch.dtype  # of the networks' inner layers
    strength: float = 1.0  # of the change, 0 to 1
    ensemble: bool = False  # whether to average over the eight orientations

    @property
    def passes(self) -> int:
        """How often a network runs over a tile."""
        return len(self.networks) * len(self._orientations)

    @property
    def _orientations(self) -> tuple[tuple[int, bool], ...]:
        return ORIENTATIONS if self.ensemble else ORIENTATIONS[:1]

    def denoise(
        self, noisy: Tensor, sigma: Tensor | None, after_pass: Callable[[], None]
    ) -> Tensor:
        """Gives the denoised tile, clamped to [0,1].

        Args:
            noisy: (N, C, H, W), sRGB in [0,1], on the network's device; C may be 1 where the
                network takes 3.
            sigma: (N or 1, 1, H or 1, W or 1); None: the network guesses.
            after_pass: called after every pass; what it raises stops the work.
        """
        with torch.inference_mode():
            total = torch.zeros_like(noisy)
            for (network, share), (turns, mirrored) in product(self.networks, self._orientations):
                planes = None if sigma is None else _turn(sigma, turns, mirrored=mirrored)
                denoised = self._run(network, _turn(noisy, turns, mirrored=mirrored), planes)
                total += share * _turn_back(denoised, turns, mirrored=mirrored)
                after_pass()
            denoised = (total / len(self._orientations)).clamp(0, 1)
            return torch.lerp(noisy, denoised, self.strength).clamp(0, 1)

    def _run(self, network: nn.Module, noisy: Tensor, sigma: Tensor | None) -> Tensor:
        height, width = noisy.shape[2:]
        channels = noisy.shape[1] if self.needs.takes_gray else self.needs.channels
        padded = _pad(noisy, self.needs.multiple_of).expand(-1, channels, -1, -1)
        padded = padded.contiguous(memory_format=torch.channels_last)
        is_bfloat16 = self.dtype is torch.bfloat16
        with torch.autocast(noisy.device.type, torch.bfloat16, enabled=is_bfloat16):
            if self.needs.takes_sigma:
                planes = None if sigma is None else _pad_map(sigma, self.needs.multiple_of)
                denoised = network(padded, planes)
            else:
                denoised = network(padded)
        result: Tensor = denoised.float()[:, :, :height, :width]
        return result if noisy.shape[1] == channels else result.mean(1, keepdim=True)


def _pad(planes: Tensor, multiple: int) -> Tensor:
    """Extends the lower and right edge to multiples."""
    height, width = planes.shape[2:]
    missing = (0, -width % multiple, 0, -height % multiple)
    mode = "reflect" if missing[1] < width and missing[3] < height else "replicate"
    return F.pad(planes, missing, mode=mode) if any(missing) else planes


def _pad_map(sigma: Tensor, multiple: int) -> Tensor:
    return sigma if sigma.shape[2:] == (1, 1) else _pad(sigma, multiple)


def _turn(planes: Tensor, turns: int, *, mirrored: bool) -> Tensor:
    turned = torch.rot90(planes, turns, (2, 3))
    return turned.flip(3) if mirrored else turned


def _turn_back(planes: Tensor, turns: int, *, mirrored: bool) -> Tensor:
    return torch.rot90(planes.flip(3) if mirrored else planes, -turns, (2, 3))
