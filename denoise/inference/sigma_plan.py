"""Plan the noise level that a network is told, and the share of a pilot network before it."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from denoise.images.arrays import Images
from denoise.inference.noise_level import NoiseEstimate, estimate_noise
from denoise.inference.passes import Dither, jpeg_dither_level
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo

# Where neighbouring pixels share the noise, a told network gets the picture with a part of the
# pilot's change: half for weak noise, so that detail comes back; for strong noise so much that the
# rest, as a standard deviation in [0,1], is hidden by the dither. With 0.5, 0.66 and 0.8, six sharp
# pictures with blurred noise of 3/255 came to 38.1, 38.0 and 37.7 dB, three with 12/255 to 26.3,
# 26.9 and 27.2.
LEAST_GIVEN, MOST_LEFT = 0.5, 2 / 255


class SigmaPlan(NamedTuple):
    """The noise level that a network is told, and the share of the pilot's estimate."""

    planes: Tensor | None  # (N or 1, 1, H or 1, W or 1); None: the network guesses
    estimated: float | None  # level of all the noise
    used: float | None  # None where the network guesses, or gets a map
    source: str  # told, guessed, estimated or ignored
    warnings: tuple[str, ...]
    pilot_share: float = 0.0  # of the pilot's estimate, in what the network gets
    dither: Dither = Dither()
    jpeg_step: float | None = None

    @property
    def is_pilot_alone(self) -> bool:
        """Whether the pilot makes the whole result."""
        return self.pilot_share == 1


def plan_sigma(
    images: Images,
    told: Tensor | None,
    facts: ModelFacts,
    *,
    zoo: Zoo | None = None,
    always_estimate: bool = False,
) -> SigmaPlan:
    """Return the noise level for a network: told, guessed by itself, or estimated.

    The told level is (N or 1, 1, H or 1, W or 1) in [0,1]; None: auto. With `always_estimate`, the
    level is estimated even where the network does not need it.
    """
    needs = facts.needs
    if not needs.takes_sigma:
        warning = (f"{facts.name} cannot be told a noise level; sigma was ignored.",)
        return SigmaPlan(None, None, None, "ignored", () if told is None else warning)
    must_estimate = told is None and not needs.blind
    found = _mean_estimate(images, zoo) if must_estimate or always_estimate else None
    estimated = None if found is None else found.sigma
    if told is not None:
        used = round(told.item(), 6) if told.numel() == 1 else None
        return SigmaPlan(told, estimated, used, "told", _range_warnings(told, facts))
    if needs.blind or found is None:
        return SigmaPlan(None, estimated, None, "guessed", ())
    return _plan_estimated(found, facts)


def _plan_estimated(found: NoiseEstimate, facts: ModelFacts) -> SigmaPlan:
    # Rounded, so that the last bits of a sum, which threads may change, change no pixel.
    share = round(max(found.camera, found.other, found.jpeg), 3) if facts.guide else 0.0
    level = round((1 - share) * found.white, 4)
    planes = torch.full((1, 1, 1, 1), level)
    doubts = _range_warnings(planes, facts)
    dither = _dither_for(found)
    step = round(found.jpeg_step, 4) if share and dither.least else None
    return SigmaPlan(planes, found.sigma, level, "estimated", doubts, share, dither, step)


def _mean_estimate(images: Images, zoo: Zoo | None) -> NoiseEstimate:
    found = [estimate_noise(one, zoo=zoo) for one in images]
    return NoiseEstimate(*np.mean(found, axis=0).tolist())


def _range_warnings(planes: Tensor, facts: ModelFacts) -> tuple[str, ...]:
    low, high = facts.needs.trained_sigma
    last_bit = 1e-6  # planes are float32, the bounds are not
    if low - last_bit <= float(planes.min()) and float(planes.max()) <= high + last_bit:
        return ()
    return (
        f"Sigma is outside the range that {facts.name} was trained for, "
        f"{low:.3g} to {high:.3g} ({low * 255:.0f} to {high * 255:.0f}/255).",
    )


def _dither_for(found: NoiseEstimate) -> Dither:
    """Return the dither that suits the noise, rounded as the level is."""
    given = max(LEAST_GIVEN, 1 - MOST_LEFT / max(found.sigma, MOST_LEFT))
    adaptive = 1 - found.jpeg * (1 - found.camera)
    least = found.jpeg * jpeg_dither_level(found.jpeg_step)
    share = max(found.coloured, found.jpeg)
    return Dither(round(share, 3), round(given, 3), round(adaptive, 3), round(least, 4))
