"""Hold photographs out from training, and validate networks on them."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.datasets.photos import Patch, Photo
from denoise.images.arrays import LUMA
from denoise.metrics import psnr_from_mse

EVERY = 50  # one of so many photographs is held out
SIDE = 256  # pixels of its middle that are used
SIGMA = 25 / 255


def training_photos(photos: list[Photo]) -> list[Photo]:
    """Return all but the held-out photographs."""
    return [photo for i, photo in enumerate(photos) if i % EVERY or i == 0]


def held_out_photos(photos: list[Photo]) -> list[Photo]:
    """Return the held-out photographs; the first one if there are too few to hold any out."""
    return photos[EVERY::EVERY] or photos[:1]


def held_out_psnr(
    network: nn.Module,
    photos: list[Photo],
    seed: int,
    *,
    is_gray: bool = False,
    takes_sigma: bool = True,
) -> float:
    """Return the mean PSNR in dB on held-out photographs with Gaussian noise of 25/255.

    Args:
        network: takes (1, C, H, W) and, with `takes_sigma`, sigma.
        photos: all of them.
        seed: of the noise.
        is_gray: whether the photographs are turned to gray first, C = 1.
        takes_sigma: whether the network is told sigma.
    """
    device = next(network.parameters()).device
    rng = np.random.Generator(np.random.PCG64(seed))
    told = (torch.full((1, 1, 1, 1), SIGMA, device=device),) if takes_sigma else ()
    figures = []
    for photo in held_out_photos(photos):
        middle = middle_of(photo) / 255.0
        clean = to_chw(middle @ LUMA[:, None] if is_gray else middle)[None].to(device)
        noise = torch.from_numpy(rng.standard_normal(clean.shape)).to(clean)
        denoised = network(clean + SIGMA * noise, *told).clamp(0, 1)
        figures.append(psnr_from_mse(F.mse_loss(denoised, clean).item()))
    return sum(figures) / len(figures)


def to_chw(patch: Patch) -> Tensor:
    """Return (C, H, W) float32 for (H, W, C)."""
    return torch.from_numpy(patch).permute(2, 0, 1).float().contiguous()


def middle_of(photo: Photo) -> Photo:
    """Return the middle of a photograph, a square whose side is a multiple of 16."""
    side = min(SIDE, min(photo.shape[:2]) // 16 * 16)
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    return photo[top : top + side, left : left + side]
