"""Domain check: was a network made for this picture? The rest of its result tells."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from denoise.images.arrays import Images, to_unit
from denoise.weights.facts import ModelFacts

SIDE = 3  # pixels a side that are averaged: noise falls to a third, structure stays
# At noise factors of 0 to 0.8, none of 400 test pictures of a lesson network's own set has more.
# Most of 400 pictures of clothing do with dense-mnist and conv-mnist: nine of ten at 0.1, seven of
# ten at 0.5. The other two networks restore pictures of the other set fairly well.
MAX_STRUCTURE = 0.07


def doubt_domain(images: Images, result: Images, facts: ModelFacts) -> tuple[str, ...]:
    """Return a sentence where a network of fixed size seems not made for the noisy pictures."""
    if facts.needs.fixed_size is None:
        return ()
    pairs = zip(to_unit(images)[..., 0], to_unit(result)[..., 0], strict=True)
    if all(unexplained_structure(noisy, denoised) < MAX_STRUCTURE for noisy, denoised in pairs):
        return ()
    return (" ".join([f"{facts.name} seems not to be made for this picture.", *facts.limits]),)


def unexplained_structure(noisy: NDArray[Any], denoised: NDArray[Any]) -> float:
    """Return the standard deviation of the structure in noisy - denoised, 0 or more.

    Clipping to [0,1] gives noise a mean that depends on the clean value. So the part that a
    parabola of the denoised values explains is removed first. A 3x3 mean reduces white noise to a
    third; what remains above that is structure. Both are (H, W) in [0,1].
    """
    values = np.asarray(denoised, np.float64).ravel()
    powers = np.stack([np.ones_like(values), values, values**2], axis=1)
    difference = np.asarray(noisy, np.float64).ravel() - values
    explained = powers @ np.linalg.lstsq(powers, difference, rcond=None)[0]
    rest = (difference - explained).reshape(noisy.shape)
    structure = np.var(uniform_filter(rest, SIDE)) - np.var(rest) / SIDE**2
    return float(np.sqrt(max(0.0, structure)))
