"""The noise that photo networks are trained on: mostly pure Gaussian, the rest practical.

Practical noise follows SCUNet (Zhang et al., 2023): stages in random order.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from denoise.noise.kinds import KINDS
from denoise.training.rough_camera import camera_noise

Patch = NDArray[np.float64]  # (H, W, C), sRGB in [0,1]

FIRST_GAUSSIAN_SHARE, GAUSSIAN_SHARE = 0.9, 0.6  # early, while it teaches more, and later
FIRST_STEPS = 6000
MAX_SIGMA = 75 / 255
EIGHT_BIT_SHARE = 0.5  # of Gaussian patches; they are clipped and rounded, as an upload is
UNTOUCHED_SHARE = 0.04  # of practical patches: a clean picture must come back as it is
PHOTO_SHARE = 0.62  # of practical patches: what cameras leave
IMPULSE_SHARE = 0.14  # of practical patches: salt and pepper only; the others are mixtures
# For a network that is trained on white noise only.
WHITE_SHARE = 0.94  # of the patches; the others have impulses or are clean
CLEAN_SHARE = 0.15  # of the others
NOISY_IMPULSE_SHARE = 0.3  # of impulses, within Gaussian noise up to MAX_SIGMA_OF_IMPULSES
MAX_SIGMA_OF_IMPULSES = 30 / 255
USUAL_SIGMA, USUAL_SHARE = 55 / 255, 0.85  # this share of the noise is at most that strong
WHITE_EIGHT_BIT_SHARE = 0.5
JPEG_SHARE = 0.4  # of camera noise; it is compressed afterwards
# Camera noise has two scales. Trained with two fifths as much of the coarse one, the network left
# most of it in real photographs: denoising every second pixel separately did better.
COARSE_OFTEN = 0.8  # share of camera noise that has the coarse scale
COARSE_SHARES = (0.1, 0.7)  # of the variance
COARSE_BLURS = (1.2, 5.0)  # pixels
# Cameras smooth colours more than light. Their fine noise is nearly gray; their coarse noise has
# most of the colour (spectra of PolyU's pairs).
SMOOTHED_SHARE = 0.7  # of camera noise
SMOOTHED_GRAY_SHARES = ((0.8, 1.0), (0.0, 0.7))  # of the variance of the fine and the coarse part
# Real noise is stronger at edges: hands and mirrors shake, and demosaicing errs there.
TREMBLE_SHARE = 0.6  # of camera noise
MAX_TREMBLE = 0.5  # pixels, standard deviation of the displacement
TREMBLE_SCALES = (1.5, 12.0)  # pixels, over which displacements are similar
# Weights of the stages of a mixture.
STAGE_WEIGHTS = {
    "camera": 0.2,
    "coarse": 0.15,
    "salt-pepper": 0.15,
    "jpeg": 0.2,
    "poisson": 0.12,
    "gaussian": 0.1,
    "speckle": 0.08,
}
STAGE_COUNT_WEIGHTS = (0.6, 0.3, 0.1)  # one, two or three stages


def gaussian_share(step: int) -> float:
    """Return the share of patches with pure Gaussian noise at a step of the training."""
    return FIRST_GAUSSIAN_SHARE if step < FIRST_STEPS else GAUSSIAN_SHARE


def add_gaussian_noise(clean: Patch, rng: np.random.Generator) -> Patch:
    """Add Gaussian noise of 0 to MAX_SIGMA; some patches are clipped to 8 bits."""
    noisy = KINDS["gaussian"].apply(clean, rng.uniform(0, MAX_SIGMA), rng)
    return _to_eight_bit(noisy) if rng.random() < EIGHT_BIT_SHARE else noisy


def add_white_noise(clean: Patch, rng: np.random.Generator) -> Patch:
    """Add uncorrelated noise: Gaussian of 0 to MAX_SIGMA, or impulses."""
    if rng.random() < WHITE_SHARE:
        is_usual = rng.random() < USUAL_SHARE
        bounds = (0.0, USUAL_SIGMA) if is_usual else (USUAL_SIGMA, MAX_SIGMA)
        noisy = KINDS["gaussian"].apply(clean, rng.uniform(*bounds), rng)
        return _to_eight_bit(noisy) if rng.random() < WHITE_EIGHT_BIT_SHARE else noisy
    if rng.random() < CLEAN_SHARE:
        return clean
    if rng.random() < NOISY_IMPULSE_SHARE:
        clean = KINDS["gaussian"].apply(clean, rng.uniform(0, MAX_SIGMA_OF_IMPULSES), rng)
    return _to_eight_bit(_apply_stage("salt-pepper", clean, rng))


def add_practical_noise(clean: Patch, rng: np.random.Generator) -> Patch:
    """Degrade a patch, (H, W, C) in sRGB, as cameras, files and faults do; it has 8 bits."""
    return _to_eight_bit(_degrade_practically(clean, rng))


def _degrade_practically(clean: Patch, rng: np.random.Generator) -> Patch:
    draw = rng.random()
    if draw < UNTOUCHED_SHARE:
        return clean
    if draw < UNTOUCHED_SHARE + PHOTO_SHARE:
        return _photograph(clean, rng)
    if draw < UNTOUCHED_SHARE + PHOTO_SHARE + IMPULSE_SHARE:
        return _apply_stage("salt-pepper", clean, rng)
    count = rng.choice(3, p=STAGE_COUNT_WEIGHTS) + 1
    names, weights = list(STAGE_WEIGHTS), list(STAGE_WEIGHTS.values())
    noisy = clean
    for name in rng.choice(names, count, replace=False, p=weights):
        noisy = _apply_stage(str(name), noisy, rng)
    return noisy


def _photograph(clean: Patch, rng: np.random.Generator) -> Patch:
    """Degrade a patch as a camera and its JPEG do."""
    trembled = _tremble(clean, rng) if rng.random() < TREMBLE_SHARE else clean
    noisy = _apply_stage("camera", trembled, rng)
    if rng.random() < JPEG_SHARE:
        noisy = KINDS["jpeg"].apply(np.clip(noisy, 0, 1), 1 - rng.uniform(0.7, 1.0), rng)
    return noisy


def _tremble(clean: Patch, rng: np.random.Generator) -> Patch:
    """Shift every region a little by its own random distance, to the first order."""
    deviation, scale = rng.uniform(0, MAX_TREMBLE), _log_uniform(*TREMBLE_SCALES, rng)
    trembled = clean
    for axis in (0, 1):
        field = gaussian_filter(rng.standard_normal(clean.shape[:2]), scale, mode="wrap")
        shift = deviation * field / max(float(field.std()), 1e-12)
        trembled = trembled + shift[..., None] * np.gradient(clean, axis=axis)
    return np.clip(trembled, 0, 1)


def _apply_stage(name: str, image: Patch, rng: np.random.Generator) -> Patch:
    if name == "camera":
        return _add_camera_noise(image, rng)
    if name == "coarse":
        return image + _log_uniform(1 / 255, 30 / 255, rng) * _coarse_noise(image.shape, rng)
    level = {
        "jpeg": lambda: 1 - rng.uniform(0.3, 1.0),
        "salt-pepper": lambda: rng.uniform(0, 0.12),
        "gaussian": lambda: _log_uniform(1 / 255, 50 / 255, rng),
        "poisson": lambda: _log_uniform(0.01, 0.1, rng),  # peaks of 100 to 10,000 photons
        "speckle": lambda: rng.uniform(2 / 255, 25 / 255),
    }[name]()
    if name == "salt-pepper" and rng.random() < 0.5:  # each channel by itself
        channels = [KINDS[name].apply(image[..., [i]], level, rng) for i in range(image.shape[2])]
        return np.concatenate(channels, axis=2)
    return KINDS[name].apply(image, level, rng)


def _add_camera_noise(image: Patch, rng: np.random.Generator) -> Patch:
    """Add noise of one scale or, as after a camera's smoothing, of a fine and a coarse one."""
    level, read_share = _log_uniform(1 / 255, 40 / 255, rng), rng.uniform(0.05, 1)
    coarse = rng.uniform(*COARSE_SHARES) if rng.random() < COARSE_OFTEN else 0.0
    fine_blur = rng.choice([0.0, rng.uniform(0.3, 1.4)], p=[0.15, 0.85])
    parts = [(fine_blur, 1 - coarse)]
    parts += [(_log_uniform(*COARSE_BLURS, rng), coarse)] if coarse else []
    is_smoothed = rng.random() < SMOOTHED_SHARE
    gray_shares = SMOOTHED_GRAY_SHARES if is_smoothed else ((0.0, 1.0), (0.0, 1.0))
    noisy = image
    for (blur, share), gray_share in zip(parts, gray_shares, strict=False):
        part = camera_noise(
            image,
            level * math.sqrt(share),
            rng,
            blur=blur,
            gray_share=rng.uniform(*gray_share),
            read_share=read_share,
        )
        noisy = noisy + part - image
    return noisy


def _coarse_noise(shape: tuple[int, ...], rng: np.random.Generator) -> Patch:
    """Draw noise of deviation 1, as in a picture that was enlarged together with its noise."""
    height, width, channels = shape
    scale = rng.uniform(0.4, 1.0)
    small = rng.standard_normal((math.ceil(height * scale), math.ceil(width * scale), channels))
    method = rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
    planes = [
        Image.fromarray(small[..., i].astype(np.float32)).resize((width, height), method)
        for i in range(channels)
    ]
    noise: Patch = np.stack([np.asarray(plane, np.float64) for plane in planes], axis=2)
    return np.asarray(noise / noise.std())


def _log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _to_eight_bit(image: Patch) -> Patch:
    return np.rint(np.clip(image, 0, 1) * 255) / 255
