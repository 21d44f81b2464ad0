"""One pass of a network over a tile: padding, precision, orientations, blending."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.models import Needs

# Deviation in [0,1] of the white noise that is added where a picture has no fine detail, and where
# it has much: of these, the root mean square of what the Laplacian finds around. With 4, 6, 8 and
# 12/255 everywhere, 40 pairs of PolyU gained 0.52, 0.83, 0.98 and 1.03 dB over the guide alone; 14
# sharp pictures with made camera noise of 3/255 gained 0.24, -0.08, -0.57 and -1.65.
DITHER, DETAIL = (10 / 255, 4 / 255), (6 / 255, 17 / 255)
DITHERED = 7 / 6  # level that the network is told then, in that added
DETAIL_SIDE = 17  # pixels
# Where JPEG rounded to a step: level in gray levels at a step of one, and how it grows. Of levels
# from 2 to 28/255 nearly the best on six photographs in qualities of 20 to 92; a third more would
# bring up to 0.07 dB and blur fur and foam.
JPEG_DITHER, JPEG_DITHER_POWER = 1.5, 0.66
FULLY_TOLD = 1 / 255  # level from which on a told network's result counts fully
DITHER_SIDE = 256  # pixels, after which it repeats; tiles start at multiples of it
ORIENTATIONS = tuple((turns, mirrored) for turns in range(4) for mirrored in (False, True))


class Part(NamedTuple):
    """A network's part in the result."""

    network: nn.Module
    share: float  # of the result; what is missing of 1 in all is the guide's
    is_told: bool = True  # whether it gets the noise level, or guesses


class Dither(NamedTuple):
    """How a told network works under white noise of its own, on what its guide has left."""

    share: float = 0.0  # of what it makes of that in the guide's result; 0: it has nothing to do
    given: float = 0.0  # share of the guide's change in what it is given
    adaptive: float = 1.0  # share of `dither_level` in the level of the white noise
    least: float = 0.0  # that level in [0,1], at least


class Guide(NamedTuple):
    """Goes first and guesses; a told network does better, given a part of that, dithered.

    What is left of a camera's noise, and what JPEG leaves behind, is shared by neighbours, which
    networks that know white noise take for picture. Under white noise of the network's own it is
    noise among noise.
    """

    network: nn.Module
    share: float  # of its result in what the others are given
    second: nn.Module  # the told one
    dither: Dither


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
        guided = 0 if self.guide is None else 1 + 2 * (self.guide.dither.share > 0)
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
                made = self._mean(partial(self._run, network), given, told, after_pass)
                if told is not None:  # 0 leaves alone
                    made = torch.lerp(given, made, (told / FULLY_TOLD).clamp(max=1))
                total += share * made
            return torch.lerp(noisy, total.clamp(0, 1), self.strength).clamp(0, 1)

    def _guided(self, noisy: Tensor, after_pass: Callable[[], None]) -> Tensor:
        if self.guide is None:
            return noisy
        first, share, second, dither = self.guide
        guessed = self._mean(partial(self._run, first), noisy, None, after_pass).clamp(0, 1)
        if dither.share > 0:
            start = torch.lerp(noisy, guessed, dither.given)
            level = (dither.adaptive * dither_level(guessed)).clamp(min=dither.least)
            better = self._dithered(second, start, level, after_pass).clamp(0, 1)
            guessed = torch.lerp(guessed, better, dither.share)
        return torch.lerp(noisy, guessed, share)

    def _dithered(
        self, network: nn.Module, start: Tensor, level: Tensor, after_pass: Callable[[], None]
    ) -> Tensor:
        """Gives what the network makes of it under white noise: the mean for some and its negative.

        The two nearly cancel what the network leaves of that noise: as many draws again brought
        0.01 dB.
        """
        run, noise = partial(self._run, network), level * _white_noise(start)
        both = [
            self._mean(run, start + sign * noise, DITHERED * level, after_pass) for sign in (1, -1)
        ]
        return (both[0] + both[1]) / 2

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


def dither_level(picture: Tensor) -> Tensor:
    """Gives how much white noise to add, (N, 1, H, W) in [0,1]: less where there is fine detail.

    Args:
        picture: (N, C, H, W), without most of its noise.
    """
    gray = F.pad(picture.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    laplacian = gray.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    power = F.conv2d(gray, laplacian).square()
    for _ in range(2):
        power = F.avg_pool2d(power, DETAIL_SIDE, 1, DETAIL_SIDE // 2, count_include_pad=False)
    (smooth, detailed), (least, most) = DITHER, DETAIL
    share = ((power.sqrt() - least) / (most - least)).clamp(0, 1)
    return smooth + (detailed - smooth) * share


def jpeg_dither_level(step: float) -> float:
    """Gives how much white noise hides what JPEG has done, in [0,1].

    Args:
        step: that it rounded low frequencies to, in [0,1].
    """
    return JPEG_DITHER * math.pow(255 * step, JPEG_DITHER_POWER) / 255


def _white_noise(like: Tensor) -> Tensor:
    """Gives noise of deviation 1, (1, C, H, W), the same at every call."""
    height, width = like.shape[2:]
    generator = torch.Generator().manual_seed(0)
    square = torch.randn(3, DITHER_SIDE, DITHER_SIDE, generator=generator)[: like.shape[1]]
    repeats = (1, -(-height // DITHER_SIDE), -(-width // DITHER_SIDE))
    return square.to(like).repeat(repeats)[None, :, :height, :width]


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
