"""Make the pictures of the stage: the one wiped clean behind the drop zone, and the examples.

Run from the checkout as `python tests/make_stage_pictures.py`, when the default network changes.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from denoise import Denoiser, add_noise
from denoise.ui import stage

PLACE = Path(stage.__file__).parent
HERO = (1350, 900)
SMALL = (184, 124)


def main() -> None:
    """Write all of them."""
    coffee = Image.fromarray(data.coffee()).resize(HERO, Image.Resampling.LANCZOS)
    noisy = add_noise(np.asarray(coffee), kind="camera", level=0.12, seed=0)
    clean = Denoiser()(noisy)
    for name, pixels in (("before", noisy), ("after", clean)):
        Image.fromarray(pixels).save(PLACE / f"hero-{name}.webp", quality=50, method=6)
    night = np.asarray(Image.fromarray(data.rocket()).resize((1280, 854), Image.Resampling.LANCZOS))
    _save("night.jpg", add_noise(night, kind="camera", level=0.11, seed=1))
    page = np.asarray(Image.fromarray(data.page()).resize((1152, 573), Image.Resampling.LANCZOS))
    _save("page.png", add_noise(page, kind="gaussian", level=0.09, seed=2))
    cat = np.asarray(Image.fromarray(data.chelsea()).resize((902, 600), Image.Resampling.LANCZOS))
    _save("grain.jpg", add_noise(cat, kind="gaussian", level=0.2, seed=3, gray=True))


def _save(name: str, pixels: np.ndarray) -> None:
    image, file = Image.fromarray(pixels), PLACE / name
    options = {"quality": 85} if file.suffix == ".jpg" else {}
    image.save(file, **options)
    small = image.copy()
    small.thumbnail(SMALL)
    small.convert("RGB" if file.suffix == ".jpg" else image.mode).save(
        file.with_name(f"{file.stem}-small{file.suffix}"), **options
    )


if __name__ == "__main__":
    main()
