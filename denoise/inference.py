"""One pass of a network over a tile: padding, precision, orientations, blending."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.models import Needs

ORIENTATIONS = tuple((turns, mirrored) for turns in range(4) for mirrored in (False, True))


class Part(NamedTuple):
    """A network's part in the result."""

    network: nn.Module
    share: float  # of the result; 1 in all
    is_told: bool = True  # whether it gets the noise level, or guesses


class Inference(NamedTuple):
    """Networks that take the same pictures, and how they are to run."""

    parts: tuple[Part, ...]
    needs: Needs
    dtype: torch.dtype  # of the networks' inner layers
    strength: float = 1.0  # of the change, 0 to 1
    ensemble: bool = False  # whether to average over the eight orientations
    guide: Part | None = None  # guesses first; its share of that is what the told ones are given

    @property
    def passes(self) -> int:
        """How often a network runs over a tile."""
        return (len(self.parts) + (self.guide is not None)) * len(self._orientations)

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
            start = self._guided(noisy, after_pass)
            total = torch.zeros_like(noisy)
            for network, share, is_told in self.parts:
                given, told = (start, sigma) if is_told else (noisy, None)
                total += share * self._mean(network, given, told, after_pass)
            return torch.lerp(noisy, total.clamp(0, 1), self.strength).clamp(0, 1)

    def _guided(self, noisy: Tensor, after_pass: Callable[[], None]) -> Tensor:
        if self.guide is None:
            return noisy
        guessed = self._mean(self.guide.network, noisy, None, after_pass).clamp(0, 1)
        return torch.lerp(noisy, guessed, self.guide.share)

    def _mean(
        self, network: nn.Module, given: Tensor, told: Tensor | None, after_pass: Callable[[], None]
    ) -> Tensor:
        """Gives the mean over the orientations."""
        total = torch.zeros_like(given)
        for turns, mirrored in self._orientations:
            planes = None if told is None else _turn(told, turns, mirrored=mirrored)
            denoised = self._run(network, _turn(given, turns, mirrored=mirrored), planes)
            total += _turn_back(denoised, turns, mirrored=mirrored)
            after_pass()
        return total / len(self._orientations)

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
