"""Take noise out of pictures, and see how it is done."""

from denoise.denoiser import Denoiser, fit_picture
from denoise.errors import DenoiseError
from denoise.estimate import estimate_sigma
from denoise.images import Picture, load_picture, save_picture
from denoise.metrics import psnr, ssim
from denoise.noise import add_noise
from denoise.weights import list_models

__all__ = [
    "DenoiseError",
    "Denoiser",
    "Picture",
    "add_noise",
    "estimate_sigma",
    "fit_picture",
    "list_models",
    "load_picture",
    "psnr",
    "save_picture",
    "ssim",
]
