"""What JPEG and WebP leave of a patch, at any quality and with coarse colours or fine ones."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Patch = NDArray[Any]  # (H, W, C), sRGB in [0,1]

WEBP_SHARE = 0.1
SUBSAMPLING = {"4:4:4": 0.35, "4:2:2": 0.1, "4:2:0": 0.55}  # the last is the commonest by far


def compress(
    image: Patch, rng: np.random.Generator, *, lowest: float = 10, highest: float = 98
) -> Patch:
    """Return the patch after a JPEG or WebP file of a quality between the two, 8 bits.

    Args:
        image: (H, W, C), clipped and rounded on the way.
        rng: draws format, quality and subsampling.
        lowest: quality, 1 to 100.
        highest: quality.
    """
    quality = round(rng.uniform(lowest, highest))
    if rng.random() < WEBP_SHARE:
        return through_file(image, "WEBP", quality=quality, method=0)
    subsampling = str(rng.choice(list(SUBSAMPLING), p=list(SUBSAMPLING.values())))
    return through_file(image, "JPEG", quality=quality, subsampling=subsampling)


def through_file(image: Patch, file_format: str, **options: Any) -> Patch:
    """Return the patch as a file of 8 bits in a format gives it back."""
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    is_gray = pixels.shape[2] == 1
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if is_gray else pixels).save(file, file_format, **options)
    with Image.open(file) as decoded:
        found = np.asarray(decoded.convert("L" if is_gray else "RGB"))
    return np.asarray(found.reshape(image.shape) / image.dtype.type(255), image.dtype)
