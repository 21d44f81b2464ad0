"""Remove noise from pictures with a zoo of networks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from denoise.defaults import __version__
    from denoise.errors import DenoiseError
    from denoise.images.picture import Picture
    from denoise.images.reading import load_picture
    from denoise.images.writing import save_picture
    from denoise.inference.denoiser import Denoiser
    from denoise.inference.fitting import fit_picture
    from denoise.inference.noise_level import estimate_sigma
    from denoise.metrics import psnr, ssim
    from denoise.noise.synthesis import add_noise
    from denoise.weights.facts import list_models

_HOMES = {
    "DenoiseError": "errors",
    "Denoiser": "inference.denoiser",
    "Picture": "images.picture",
    "__version__": "defaults",
    "add_noise": "noise",
    "estimate_sigma": "inference.noise_level",
    "fit_picture": "inference.fitting",
    "list_models": "weights.facts",
    "load_picture": "images.reading",
    "psnr": "metrics",
    "save_picture": "images.writing",
    "ssim": "metrics",
}

__all__ = [
    "DenoiseError",
    "Denoiser",
    "Picture",
    "__version__",
    "add_noise",
    "estimate_sigma",
    "fit_picture",
    "list_models",
    "load_picture",
    "psnr",
    "save_picture",
    "ssim",
]


def __getattr__(name: str) -> Any:
    """Return a public name, imported on first use, since PyTorch takes seconds to import."""
    if name not in _HOMES:
        raise AttributeError(f"module 'denoise' has no attribute {name!r}")
    return getattr(import_module(f"denoise.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
