"""Drawn pictures, seeded: pages, charts, pixel art, screens, stars, cells; what no photo shows."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

Drawing = NDArray[np.uint8]  # (SIDE, SIDE, 3), sRGB
Color = tuple[int, int, int]

SIDE = 320  # pixels
WORDS = (
    "the of total noise = 1037 fig. 3 and a[12] != b[4]; il1|I! rn m 8B3S5 image clean (x + y) "
    "https://example.org QUALITY 99.5% sigma 0.25 None while Return; kg/m2 Question? Yes, {0: 1}"
)


def draw_page(rng: np.random.Generator) -> Drawing:
    """Return printed text in one or two sizes, dark on light or light on dark."""
    paper, ink = _paper_and_ink(rng)
    page = Image.new("RGB", (SIDE, SIDE), paper)
    pen = ImageDraw.Draw(page)
    top = 4.0
    while top < SIDE:
        size = float(
            rng.choice([9, 10, 11, 12, 14, 18, 28], p=[0.2, 0.2, 0.2, 0.2, 0.1, 0.06, 0.04])
        )
        font = ImageFont.load_default(size)
        line = " ".join(rng.choice(WORDS.split(), 20))
        color = ink if rng.random() < 0.85 else _color(rng)
        pen.text((float(rng.integers(0, 24)), top), line, fill=color, font=font)
        top += size * rng.uniform(1.1, 1.6) + 24 * (rng.random() < 0.1)
    return np.asarray(page)


def draw_chart(rng: np.random.Generator) -> Drawing:
    """Return lines, bars, a grid and text."""
    paper, ink = _paper_and_ink(rng)
    chart = Image.new("RGB", (SIDE, SIDE), paper)
    pen = ImageDraw.Draw(chart)
    step = int(rng.integers(20, 60))
    for at in range(step, SIDE, step):
        pen.line([(0, at), (SIDE, at)], fill=_mixed(paper, ink, 0.2))
        if rng.random() < 0.7:
            pen.line([(at, 0), (at, SIDE)], fill=_mixed(paper, ink, 0.2))
    for _ in range(rng.integers(1, 5)):
        _draw_curve(pen, rng)
    for left in range(int(rng.integers(0, 40)), SIDE, int(rng.integers(12, 80))):
        if rng.random() < 0.4:
            pen.rectangle([left, int(rng.integers(SIDE)), left + 9, SIDE], fill=_color(rng))
    for _ in range(8):
        pen.text(tuple(rng.integers(0, SIDE, 2)), str(rng.choice(WORDS.split())), fill=ink)
    return np.asarray(chart)


def draw_pixel_art(rng: np.random.Generator) -> Drawing:
    """Return a game's picture: few colours, hard edges, dithered grounds."""
    scale = int(rng.choice([1, 1, 2, 3]))
    side = math.ceil(SIDE / scale)
    palette = rng.integers(0, 256, (int(rng.integers(4, 17)), 3), dtype=np.uint8)
    place = np.indices((side, side))
    picked = np.zeros((side, side), int)
    for _ in range(rng.integers(3, 20)):
        middle, radius = rng.integers(0, side, 2), rng.integers(2, side // 3)
        away = np.abs(place - middle[:, None, None])
        inside = np.hypot(*away) < radius if rng.random() < 0.4 else away.max(axis=0) < radius
        checks = _dither(place, rng)
        picked[inside] = np.where(checks, *rng.integers(0, len(palette), 2))[inside]
    return np.kron(palette[picked], np.ones((scale, scale, 1), np.uint8))[:SIDE, :SIDE]


def draw_halftone(gray: NDArray[np.floating], rng: np.random.Generator) -> Drawing:
    """Return a gray picture, at least (SIDE, SIDE) in [0,1], as a newspaper's screen of dots."""
    turned, period = rng.uniform(0, math.pi / 2), rng.uniform(3, 9)
    down, right = np.indices((SIDE, SIDE))
    u = math.cos(turned) * right + math.sin(turned) * down
    v = math.cos(turned) * down - math.sin(turned) * right
    screen = (np.cos(u * 2 * math.pi / period) + np.cos(v * 2 * math.pi / period)) / 4 + 0.5
    dots = (gray[:SIDE, :SIDE] > screen).astype(float)
    dots = gaussian_filter(dots, rng.uniform(0.0, 0.7)) if rng.random() < 0.7 else dots
    return np.repeat(_to_8_bits(dots)[..., None], 3, axis=2)


def draw_stars(rng: np.random.Generator) -> Drawing:
    """Return a night sky: stars of all brightnesses, a little glow, now and then a galaxy."""
    light = np.zeros((SIDE, SIDE, 3))
    count = int(rng.integers(60, 600))
    places = rng.uniform(3, SIDE - 3, (count, 2))
    brightness = np.minimum(rng.pareto(1.2, count) * 0.06, 2.0)
    width = rng.uniform(0.55, 1.3)  # as the air and the lens leave a point
    for place, flux in zip(places, brightness, strict=True):
        _add_blob(light, place, width, flux * np.clip(rng.normal(1, 0.15, 3), 0.5, 1.5))
    for _ in range(rng.integers(0, 4)):
        place = rng.uniform(0, SIDE, 2)
        _add_blob(light, place, rng.uniform(4, 40), rng.uniform(0.02, 0.3, 3))
    return _to_8_bits(light + rng.uniform(0.0, 0.08) + 0.02 * rng.random(3))


def draw_cells(rng: np.random.Generator) -> Drawing:
    """Return glowing cells on black, gray or in one colour, as a microscope sees them."""
    light = np.zeros((SIDE, SIDE, 3))
    tint = np.ones(3) if rng.random() < 0.6 else rng.uniform(0.0, 1.0, 3)
    for _ in range(rng.integers(10, 70)):
        size = math.exp(rng.uniform(math.log(2), math.log(18)))
        _add_blob(light, rng.uniform(0, SIDE, 2), size, rng.uniform(0.1, 1.0) * tint)
    peak = rng.uniform(0.15, 1.0)
    return _to_8_bits(peak * (light / max(light.max(), 1e-6) + rng.uniform(0, 0.1)))


def draw_shades(rng: np.random.Generator) -> Drawing:
    """Return smooth shades and plain shapes, as skies, screens and drawings have them."""
    ground = rng.random((3, 3, 3))
    channels = [
        np.asarray(
            Image.fromarray(ground[..., i].astype(np.float32)).resize(
                (SIDE, SIDE), Image.Resampling.BICUBIC
            )
        )
        for i in range(3)
    ]
    picture = Image.fromarray(_to_8_bits(np.stack(channels, axis=2)))
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(0, 8)):
        corners = rng.integers(0, SIDE, (2, 2))
        box = [*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()]
        (pen.ellipse if rng.random() < 0.5 else pen.rectangle)(box, fill=_color(rng))
    return np.asarray(picture)


DRAWERS: dict[str, Callable[[np.random.Generator], Drawing]] = {
    "page": draw_page,
    "chart": draw_chart,
    "pixel art": draw_pixel_art,
    "stars": draw_stars,
    "cells": draw_cells,
    "shades": draw_shades,
}


def draw_all(
    count: int, photos: Sequence[NDArray[np.uint8]], seed: int = 0
) -> dict[str, list[Drawing]]:
    """Return `count` pictures of each kind, halftones of the photos among them."""
    rng = np.random.default_rng([seed, 7])
    drawn = {name: [draw(rng) for _ in range(count)] for name, draw in DRAWERS.items()}
    return drawn | {"halftone": _halftones(count, photos, rng)}


def _halftones(
    count: int, photos: Sequence[NDArray[np.uint8]], rng: np.random.Generator
) -> list[Drawing]:
    halftones = []
    for _ in range(count):
        photo = Image.fromarray(photos[int(rng.integers(len(photos)))]).convert("L")
        gray = np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) / 255
        halftones.append(draw_halftone(gray, rng))
    return halftones


def _draw_curve(pen: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    x = np.arange(0, SIDE, 4)
    bends = rng.normal(0, 30, 4)
    y = SIDE * rng.random() + sum(
        bend * np.sin(x / rng.uniform(6, 60) + 3 * i) for i, bend in enumerate(bends)
    )
    points = [(float(left), float(top)) for left, top in zip(x, y, strict=True)]
    pen.line(points, fill=_color(rng), width=int(rng.choice([1, 1, 2, 3])))


def _dither(place: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.bool_]:
    down, right = place
    kind = rng.integers(4)
    if kind == 0:
        return np.asarray((down + right) % 2 == 0)
    if kind == 1:
        return np.asarray((down % 2 == 0) & (right % 2 == 0))
    return np.asarray(down >= 0 if kind == 2 else right % 2 == 0)


def _add_blob(
    light: NDArray[np.float64], place: NDArray[np.float64], width: float, color: NDArray[np.float64]
) -> None:
    (y, x), reach = place, math.ceil(4 * width)
    rows = np.arange(max(0, int(y) - reach), min(SIDE, int(y) + reach + 1))
    columns = np.arange(max(0, int(x) - reach), min(SIDE, int(x) + reach + 1))
    distance = ((rows - y) ** 2)[:, None] + (columns - x) ** 2
    blob = np.exp(-distance / (2 * width**2))
    light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += blob[..., None] * color


def _paper_and_ink(rng: np.random.Generator) -> tuple[Color, Color]:
    draw = rng.random()
    if draw < 0.5:
        return (255, 255, 255), (int(rng.integers(0, 60)),) * 3
    if draw < 0.7:
        return (int(rng.integers(0, 50)),) * 3, (int(rng.integers(180, 256)),) * 3
    light = tuple(int(value) for value in rng.integers(190, 256, 3))
    return (light[0], light[1], light[2]), (20, 20, 20)


def _color(rng: np.random.Generator) -> Color:
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


def _mixed(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round((1 - share) * a + share * b) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _to_8_bits(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
