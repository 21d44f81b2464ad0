"""Photographs held out from training, and what a network makes of them under noise."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.datasets.photos import Patch, Photo
from denoise.images.arrays import LUMA
from denoise.metrics import psnr_from_mse

EVERY = 50  # of the photographs, one is held out
SIDE = 256  # pixels of its middle that are looked at
SIGMA = 25 / 255


def training_photos(photos: list[Photo]) -> list[Photo]:
    """Gives all but the held-out photographs."""
    return [photo for i, photo in enumerate(photos) if i % EVERY or i == 0]


def held_out_photos(photos: list[Photo]) -> list[Photo]:
    """Gives those never trained on; the first one where there are too few to hold any out."""
    return photos[EVERY::EVERY] or photos[:1]


def held_out_psnr(
    network: nn.Module,
    photos: list[Photo],
    seed: int,
    *,
    is_gray: bool = False,
    takes_sigma: bool = True,
) -> float:
    """Gives the mean PSNR in dB on held-out photographs under Gaussian noise of 25/255.

    Args:
        network: takes (1, C, H, W) and, where it can be told, sigma.
        photos: all of them.
        seed: of the noise.
        is_gray: whether the photographs are turned to gray, C = 1, first.
        takes_sigma: whether the network is told.
    """
    device = next(network.parameters()).device
    rng = np.random.Generator(np.random.PCG64(seed))
    told = (torch.full((1, 1, 1, 1), SIGMA, device=device),) if takes_sigma else ()
    figures = []
    for photo in held_out_photos(photos):
        middle = _middle(photo) / 255.0
        clean = to_chw(middle @ LUMA[:, None] if is_gray else middle)[None].to(device)
        noise = torch.from_numpy(rng.standard_normal(clean.shape)).to(clean)
        denoised = network(clean + SIGMA * noise, *told).clamp(0, 1)
        figures.append(psnr_from_mse(F.mse_loss(denoised, clean).item()))
    return sum(figures) / len(figures)


def to_chw(patch: Patch) -> Tensor:
    """Gives (C, H, W) float32 for (H, W, C)."""
    return torch.from_numpy(patch).permute(2, 0, 1).float().contiguous()


def _middle(photo: Photo) -> Photo:
    side = min(SIDE, min(photo.shape[:2]) // 16 * 16)
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    return photo[top : top + side, left : left + side]
