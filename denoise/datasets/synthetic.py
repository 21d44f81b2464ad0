"""Draw scenes, digits and clothing, to train on where there are no other pictures."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import Tensor

# For the card of a network trained on them.
MADE = [{"name": "pictures made by the program", "pictures": "a few", "license": "Apache-2.0"}]
SCENE_SIDE = 160  # pixels
SMALL_SIDE = 28
# Outlines on a field of 28x28, light on black as in Fashion-MNIST.
CLOTHES = (
    ((8, 4), (20, 4), (27, 10), (24, 14), (20, 11), (20, 24), (8, 24), (8, 11), (4, 14), (1, 10)),
    ((8, 2), (20, 2), (22, 26), (16, 26), (14, 10), (12, 26), (6, 26)),
    ((10, 2), (18, 2), (18, 10), (24, 26), (4, 26), (10, 10)),
    ((1, 18), (9, 16), (14, 9), (20, 10), (21, 16), (27, 18), (27, 22), (1, 22)),
    ((4, 10), (9, 10), (10, 4), (18, 4), (19, 10), (24, 10), (25, 25), (3, 25)),
)


def draw_scenes(count: int, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Draw colour pictures, (160, 160, 3), of overlapping shapes on a soft ground."""
    rng = np.random.default_rng(seed)
    return [_scene(rng) for _ in range(count)]


def draw_digits(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw digits, (N, 1, 28, 28) uint8, light on black, with their labels, (N,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(10, size=count)
    pictures = [_digit(int(label), rng) for label in labels]
    return _to_tensor(pictures), torch.from_numpy(labels)


def draw_clothing(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw silhouettes, (N, 1, 28, 28) uint8, light on black, and the numbers of their outlines."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(CLOTHES), size=count)
    pictures = [_garment(int(label), rng) for label in labels]
    return _to_tensor(pictures), torch.from_numpy(labels)


# Stand-ins for the pictures and labels of the 28x28 sets.
MAKERS = {"mnist": draw_digits, "fashion-mnist": draw_clothing}
SMOKE_PICTURES = 48  # enough for a smoke run of a few steps


def _scene(rng: np.random.Generator) -> NDArray[np.uint8]:
    ground = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    side = SCENE_SIDE
    image = Image.fromarray(ground).resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(8, 20)):
        corners = rng.uniform(0, side, (2, 2))
        box = [*corners.min(axis=0), *corners.max(axis=0)]
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape(box, fill=tuple(rng.integers(0, 256, 3).tolist()))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)))


def _digit(label: int, rng: np.random.Generator) -> Image.Image:
    canvas = Image.new("L", (SMALL_SIDE, SMALL_SIDE))
    font = ImageFont.load_default(size=float(rng.uniform(19, 25)))
    middle = tuple(SMALL_SIDE / 2 + rng.uniform(-1.5, 1.5, 2))
    ImageDraw.Draw(canvas).text(middle, str(label), fill=255, font=font, anchor="mm")
    return canvas.rotate(float(rng.uniform(-15, 15)), Image.Resampling.BILINEAR)


def _garment(label: int, rng: np.random.Generator) -> Image.Image:
    canvas = Image.new("L", (SMALL_SIDE, SMALL_SIDE))
    outline = np.array(CLOTHES[label]) * rng.uniform(0.85, 1, 2) + rng.uniform(-0.6, 0.6, 2)
    fill = int(rng.integers(90, 240))
    ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in outline], fill=fill)
    pixels = np.asarray(canvas).astype(float)
    folds = np.cos(np.arange(SMALL_SIDE) * rng.uniform(0.4, 2) + rng.uniform(0, 6))
    rows = rng.random() < 0.5
    pixels *= 1 + rng.uniform(0, 0.3) * (folds[:, None] if rows else folds)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _to_tensor(pictures: list[Image.Image]) -> Tensor:
    return torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures]))[:, None]
