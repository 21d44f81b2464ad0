"""One pass of a network over a tile: padding, precision, orientations, blending."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.models import Needs

ORIENTATIONS = tuple((turns, mirrored) for turns in range(4) for mirrored in (False, True))


class Part(NamedTuple):
    """A network's part in the result."""

    network: nn.Module
    share: float  # of the result; what is missing of 1 in all is the guide's
    is_told: bool = True  # whether it gets the noise level, or guesses


class Guide(NamedTuple):
    """Goes first and guesses; what it leaves, a told network takes of every second pixel apart.

    What is left of a camera's noise is shared by neighbours, which networks that know white noise
    take for picture. Two pixels apart it is nearly white.
    """

    network: nn.Module
    share: float  # of its result in what the others are given
    second: nn.Module  # the told one
    left: float  # level that the second is told, in [0,1]; 0: it has nothing to do


class Inference(NamedTuple):
    """Networks that take the same pictures, and how they are to run."""

    parts: tuple[Part, ...]
    needs: Needs
    dtype: torch.dtype  # of the networks' inner layers
    strength: float = 1.0  # of the change, 0 to 1
    ensemble: bool = False  # whether to average over the eight orientations
    guide: Guide | None = None

    @property
    def passes(self) -> int:
        """How often a network runs over a tile."""
        guided = 0 if self.guide is None else 1 + (self.guide.left > 0)
        return (len(self.parts) + guided) * len(self._orientations)

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
            total = (1 - sum(part.share for part in self.parts)) * start
            for network, share, is_told in self.parts:
                given, told = (start, sigma) if is_told else (noisy, None)
                total += share * self._mean(partial(self._run, network), given, told, after_pass)
            return torch.lerp(noisy, total.clamp(0, 1), self.strength).clamp(0, 1)

    def _guided(self, noisy: Tensor, after_pass: Callable[[], None]) -> Tensor:
        if self.guide is None:
            return noisy
        first, share, second, left = self.guide
        guessed = self._mean(partial(self._run, first), noisy, None, after_pass).clamp(0, 1)
        if left > 0:
            level = guessed.new_full((1, 1, 1, 1), left)
            guessed = self._mean(partial(self._run_apart, second), guessed, level, after_pass)
        return torch.lerp(noisy, guessed.clamp(0, 1), share)

    def _mean(
        self,
        run: Callable[[Tensor, Tensor | None], Tensor],
        given: Tensor,
        told: Tensor | None,
        after_pass: Callable[[], None],
    ) -> Tensor:
        """Gives the mean over the orientations."""
        total = torch.zeros_like(given)
        for turns, mirrored in self._orientations:
            planes = None if told is None else _turn(told, turns, mirrored=mirrored)
            denoised = run(_turn(given, turns, mirrored=mirrored), planes)
            total += _turn_back(denoised, turns, mirrored=mirrored)
            after_pass()
        return total / len(self._orientations)

    def _run_apart(self, network: nn.Module, noisy: Tensor, sigma: Tensor | None) -> Tensor:
        """Runs it over the four pictures of every second pixel of every second row."""
        height, width = noisy.shape[2:]
        count, channels = noisy.shape[:2]
        apart = F.pixel_unshuffle(_pad(noisy, 2), 2)  # (N, C * 4, H/2, W/2)
        size = apart.shape[2:]
        four = apart.reshape(count, channels, 4, *size).transpose(1, 2).flatten(0, 1)
        denoised = self._run(network, four, sigma).reshape(count, 4, channels, *size)
        joined = denoised.transpose(1, 2).flatten(1, 2)
        return F.pixel_shuffle(joined, 2)[:, :, :height, :width]

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
