"""The passes of networks over a tile: padding, precision, orientations, blending."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.errors import WeightsError
from denoise.models import Needs

# Standard deviation in [0,1] of the white noise that is added where a picture has no fine detail,
# and where it has much; detail is the local root mean square of its Laplacian. With 4, 6, 8 and
# 12/255 everywhere, 40 pairs of PolyU gained 0.52, 0.83, 0.98 and 1.03 dB over the pilot alone; 14
# sharp pictures with blurred noise of 3/255 gained 0.24, -0.08, -0.57 and -1.65.
DITHER, DETAIL = (10 / 255, 4 / 255), (6 / 255, 17 / 255)
DITHERED = 7 / 6  # of the added level: what the network is told
DETAIL_SIDE = 17  # pixels
# For JPEG's rounding: the added level, in gray levels, at a step of one, and the power by which it
# grows with the step. Among levels of 2 to 28/255 nearly the best on six photographs in qualities
# of 20 to 92; a third more gains up to 0.07 dB and blurs fur and foam.
JPEG_DITHER, JPEG_DITHER_POWER = 1.5, 0.66
FULLY_TOLD = 1 / 255  # from this level on, a told network's result counts fully
DITHER_SIDE = 256  # pixels, after which the noise repeats; tiles start at multiples of it
ORIENTATIONS = tuple((turns, mirrored) for turns in range(4) for mirrored in (False, True))


class Part(NamedTuple):
    """A network's share of the result."""

    network: nn.Module
    share: float  # of the result; the pilot has what is missing to 1
    is_told: bool = True  # whether it is told the noise level; else it guesses


class Dither(NamedTuple):
    """How a told network refines the pilot estimate, under white noise that is added to it."""

    share: float = 0.0  # of the refined result in the pilot estimate; 0: nothing is refined
    given: float = 0.0  # share of the pilot's change in what the told network gets
    adaptive: float = 1.0  # share of `dither_level` in the level of the added noise
    least: float = 0.0  # of that level, in [0,1]


class Pilot(NamedTuple):
    """The pilot stage: a blind network makes a first estimate; a told one refines it.

    Neighbouring pixels share what is left of a camera's noise and of JPEG's rounding. A network
    that was trained on white noise takes that for picture, unless white noise is added to it.
    """

    network: nn.Module  # the blind one
    share: float  # of the pilot estimate in what the other networks get
    second: nn.Module  # the told one
    dither: Dither


class Inference(NamedTuple):
    """Networks that take the same pictures, and how they run."""

    name: str  # of the model that they serve
    parts: tuple[Part, ...]
    needs: Needs
    dtype: torch.dtype  # of the networks' inner layers
    strength: float = 1.0  # of the change, 0 to 1
    ensemble: bool = False  # whether to average over the eight orientations
    pilot: Pilot | None = None

    @property
    def passes(self) -> int:
        """Number of passes of a network over a tile."""
        pilots = 0 if self.pilot is None else 1 + 2 * (self.pilot.dither.share > 0)
        return (len(self.parts) + pilots) * len(self._orientations)

    @property
    def _orientations(self) -> tuple[tuple[int, bool], ...]:
        return ORIENTATIONS if self.ensemble else ORIENTATIONS[:1]

    def denoise(
        self, noisy: Tensor, sigma: Tensor | None, after_pass: Callable[[], None]
    ) -> Tensor:
        """Return the denoised tile, clamped to [0,1]; what `after_pass` raises stops the work.

        The tile is (N, C, H, W), sRGB in [0,1], on the network's device; C may be 1 for a network
        of 3. Sigma is (N or 1, 1, H or 1, W or 1); None: the network guesses.

        Raises:
            WeightsError: a network gave NaN or infinity.
        """
        with torch.inference_mode():
            start = self._pilot_estimate(noisy, after_pass)
            total = (1 - sum(part.share for part in self.parts)) * start
            for network, share, is_told in self.parts:
                given, told = (start, sigma) if is_told else (noisy, None)
                made = self._mean(partial(self._run, network), given, told, after_pass)
                if told is not None:  # a level of 0 changes nothing
                    made = torch.lerp(given, made, (told / FULLY_TOLD).clamp(max=1))
                total += share * made
            return torch.lerp(noisy, total.clamp(0, 1), self.strength).clamp(0, 1)

    def _pilot_estimate(self, noisy: Tensor, after_pass: Callable[[], None]) -> Tensor:
        if self.pilot is None:
            return noisy
        first, share, second, dither = self.pilot
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
        """Denoise under added white noise and under its negative, and return the mean.

        The two nearly cancel what the network leaves of that noise: two more draws gain 0.01 dB.
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
        """Return the mean over the orientations."""
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
        if not result.isfinite().all():
            raise WeightsError(
                f"{self.name} gave NaN or infinity where a picture has numbers, so there is no "
                "result. Its weights are damaged; fetch them anew, or choose another network."
            )
        return result if noisy.shape[1] == channels else result.mean(1, keepdim=True)


def dither_level(picture: Tensor) -> Tensor:
    """Return how much white noise to add, (N, 1, H, W) in [0,1]: less where there is fine detail.

    The picture, (N, C, H, W), is mostly free of noise.
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
    """Return how much white noise hides the rounding to a step of JPEG; both in [0,1]."""
    return JPEG_DITHER * math.pow(255 * step, JPEG_DITHER_POWER) / 255


def _white_noise(like: Tensor) -> Tensor:
    """Return noise of deviation 1, (1, C, H, W), the same at every call."""
    height, width = like.shape[2:]
    generator = torch.Generator().manual_seed(0)
    square = torch.randn(3, DITHER_SIDE, DITHER_SIDE, generator=generator)[: like.shape[1]]
    repeats = (1, -(-height // DITHER_SIDE), -(-width // DITHER_SIDE))
    return square.to(like).repeat(repeats)[None, :, :height, :width]


def _pad(planes: Tensor, multiple: int) -> Tensor:
    """Extend the lower and right edge to multiples."""
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
