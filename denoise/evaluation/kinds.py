"""The scorecard of kinds: what auto makes of every situation, against the best single setting."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from denoise.evaluation.situations import SITUATIONS, Pixels, Situation
from denoise.inference.denoiser import Denoiser
from denoise.metrics import psnr

TOLD_255 = (2, 3, 5, 8, 10, 15, 20, 25, 35, 50, 70)  # levels that a person might set
STRENGTHS = (0.5,)  # at auto, beside 0 and 1
LEAST_CLEAN, LEAST_CLEAN_PHOTO = 45.0, 41.0  # dB that a clean picture comes back at
MOST_HARM = 0.1  # dB that a noisy picture may lose
MOST_BEHIND = 1.0  # dB that auto may be behind the best setting
EQUAL = 99.0  # dB, for pictures that are the same
PHOTOS = ("coffee", "astronaut", "cat", "gray photo", "product")


@dataclass(frozen=True)
class Judged:
    """How one situation came out."""

    situation: Situation
    given: float  # dB
    auto: float  # dB
    best: float  # dB, of the best single setting
    setting: str  # which that is

    @property
    def faults(self) -> list[str]:
        """What is wrong with it, in plain words; nothing where all is right."""
        if self.situation.is_clean:
            is_photo = self.situation.subject in PHOTOS
            least = LEAST_CLEAN_PHOTO if is_photo else LEAST_CLEAN
            return [f"clean, yet changed: below {least:g} dB"] if self.auto < least else []
        faults = []
        if self.auto < self.given - MOST_HARM:
            faults.append(f"worse than it was by {self.given - self.auto:.1f} dB")
        if self.auto < self.best - MOST_BEHIND:
            faults.append(f"{self.best - self.auto:.1f} dB behind {self.setting}")
        return faults


def measure_auto(denoiser: Denoiser, situations: Iterable[Situation]) -> list[float]:
    """Return the PSNR in dB that each situation comes out at, at auto."""
    pairs = (situation.make() for situation in situations)
    return [_psnr(denoiser(given), clean) for clean, given in pairs]


def judge_kinds(
    denoiser: Denoiser, situations: Iterable[Situation] = SITUATIONS
) -> Iterator[Judged]:
    """Return how each situation comes out at auto and at the best of single settings."""
    for situation in situations:
        clean, given = situation.make()
        auto = denoiser(given)
        figures = {"as it was": _psnr(given, clean), "auto": _psnr(auto, clean)}
        for share in STRENGTHS:
            blended = given + share * (auto.astype(np.float64) - given)
            mixed = np.rint(blended).astype(np.uint8)
            figures[f"strength {share:g}"] = _psnr(mixed, clean)
        if not situation.is_clean:  # where nothing is to be done, no setting is better than none
            for level in TOLD_255:
                told = denoiser(given, sigma=level / 255)
                figures[f"told {level}/255"] = _psnr(told, clean)
        setting = max(figures, key=figures.__getitem__)
        best = figures[setting]
        yield Judged(situation, figures["as it was"], figures["auto"], best, setting)


def _psnr(image: Pixels, clean: Pixels) -> float:
    return min(EQUAL, psnr(clean, image))
