"""An image of any accepted type <-> one array (N, H, W, C), without loss."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.errors import ImageError

if TYPE_CHECKING:
    import torch  # takes seconds to import

ImageT = TypeVar("ImageT", Image.Image, NDArray[Any], "torch.Tensor")
Images = NDArray[Any]  # (N, H, W, C), C 1 or 3; uint8, uint16 or float in [0,1]

LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue in luminance, ITU-R BT.601
FARTHEST = 16.0  # from 0 that a float image may reach; noise of deviation 1 stays below 8
PIL_MODES = ("L", "RGB", "LA", "RGBA", "I;16")


class Unpacked(NamedTuple):
    """The pixels of an image, and the way back to its own type."""

    images: Images
    repack: Callable[[Images], Any]  # takes the same shape and dtype


def unpack(
    image: "Image.Image | NDArray[Any] | torch.Tensor", *, farthest: float = FARTHEST
) -> Unpacked:
    """Return an image's pixels, and a function that packs other pixels into its type.

    Args:
        image: PIL image of one of `PIL_MODES`, array (H, W) or (H, W, C) of uint8, uint16 or
            float in [0,1], or float tensor (N, C, H, W) in [0,1]; C is 1 or 3, or 4 in an array
            with alpha, which comes back as it was.
        farthest: from 0 that floats may reach.

    Raises:
        ImageError: another type, mode, shape or dtype.
    """
    if isinstance(image, Image.Image):
        return _unpack_pil(image)
    if isinstance(image, np.ndarray):
        return _unpack_array(image, farthest)
    import torch

    if isinstance(image, torch.Tensor):
        return _unpack_tensor(image, farthest)
    hint = " load_picture reads files." if isinstance(image, (str, Path)) else ""
    raise ImageError(
        "An image is a PIL image, a numpy array or a tensor; this one is a "
        f"{type(image).__name__}.{hint}"
    )


def full_scale(dtype: np.dtype[Any]) -> float:
    """Return the value of white: 255, 65535, or 1 for floats."""
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def to_unit(images: NDArray[Any], dtype: type[np.floating[Any]] = np.float32) -> NDArray[Any]:
    """Return the pixels as floats in [0,1]; floats stay as they are, unclipped."""
    unit: NDArray[Any] = images.astype(dtype)
    if images.dtype.kind == "u":
        unit /= dtype(full_scale(images.dtype))
    return unit


def from_unit(unit: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return floats in [0,1] as `dtype`; clip and round for integers, keep floats."""
    if dtype.kind == "u":
        unit = np.clip(unit, 0, 1)
        unit *= full_scale(dtype)
        np.rint(unit, out=unit)
    converted: NDArray[Any] = unit.astype(dtype)
    return converted


def to_8_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pixels as an 8-bit file holds them: clipped and rounded."""
    return pixels if pixels.dtype == np.uint8 else from_unit(to_unit(pixels), np.dtype(np.uint8))


def _unpack_pil(image: Image.Image) -> Unpacked:
    if image.mode not in PIL_MODES:
        raise ImageError(
            f"A PIL image has one of the modes {', '.join(PIL_MODES)}; this one has {image.mode}: "
            "convert it first."
        )
    pixels = np.asarray(image)
    if image.mode not in ("LA", "RGBA"):
        images, repack = _unpack_array(pixels)
        return Unpacked(images, lambda result: Image.fromarray(repack(result)))
    images, repack = _unpack_array(np.ascontiguousarray(pixels[..., :-1]))
    alpha = pixels[..., -1:]
    return Unpacked(
        images, lambda result: Image.fromarray(np.concatenate((repack(result), alpha), axis=2))
    )


def _unpack_array(image: NDArray[Any], farthest: float = FARTHEST) -> Unpacked:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        shapes = "(H, W), (H, W, 1), (H, W, 3) or, with alpha, (H, W, 4)"
        raise ImageError(f"An array image is {shapes}; this one is {image.shape}.")
    if image.ndim == 3 and image.shape[2] == 4:
        return _unpack_with_alpha(image, farthest)
    if image.dtype not in (np.uint8, np.uint16, ">u2") and image.dtype.kind != "f":
        raise ImageError(
            f"An array image is of uint8, uint16 or float; this one is of {image.dtype}."
        )
    if image.size == 0:
        raise ImageError(f"An image has at least one pixel; this one is {image.shape}.")
    _check_values(image, farthest)
    native = image.astype(image.dtype.newbyteorder("="), copy=False)
    images = native.reshape(1, *image.shape[:2], -1)
    return Unpacked(images, lambda result: result.reshape(image.shape).astype(image.dtype))


def _unpack_with_alpha(image: NDArray[Any], farthest: float) -> Unpacked:
    """Return the colours alone, and a way back that adds the alpha as it was."""
    images, repack = _unpack_array(np.ascontiguousarray(image[..., :3]), farthest)
    return Unpacked(images, lambda result: np.concatenate((repack(result), image[..., 3:]), axis=2))


def _unpack_tensor(image: "torch.Tensor", farthest: float) -> Unpacked:
    import torch

    if image.ndim != 4 or image.shape[1] not in (1, 3) or not image.is_floating_point():
        raise ImageError(
            "A tensor image is a float tensor of shape (N, 1, H, W) or (N, 3, H, W); this one is "
            f"{tuple(image.shape)} of {image.dtype}."
        )
    if image.numel() == 0:
        raise ImageError(f"An image has at least one pixel; this one is {tuple(image.shape)}.")
    plain = image.detach().cpu()
    plain = plain if image.dtype in (torch.float32, torch.float64) else plain.float()
    _check_values(plain.numpy(), farthest)
    return Unpacked(
        plain.permute(0, 2, 3, 1).numpy(),
        lambda result: torch.from_numpy(result).permute(0, 3, 1, 2).to(image).contiguous(),
    )


def _check_values(pixels: NDArray[Any], farthest: float) -> None:
    """Refuse floats far outside [0,1]; noise leaves it only by a little."""
    if pixels.dtype.kind != "f":
        return
    reached = np.abs(pixels).max()
    if reached <= farthest and np.isfinite(reached):
        return
    if farthest == np.inf:
        raise ImageError("An image holds numbers; this one has NaN or infinity. Replace them.")
    is_whole = reached <= 255 and bool((pixels == np.rint(pixels)).all())
    help_by = (
        "divide it by 255"
        if is_whole
        else "scale it to that range, or say linear=True if it is light"
    )
    raise ImageError(
        "A float image holds values from 0 (black) to 1 (white); this one reaches "
        f"{reached:g}: {help_by}."
    )
