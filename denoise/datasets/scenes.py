"""Seeded scenes to render: objects of many materials on a floor, under lamps or a sky."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.extras import optional

Scene = dict[str, Any]  # as mitsuba's load_dict takes it

SHAPES = {"sphere": 0.45, "cube": 0.25, "cylinder": 0.12, "disk": 0.08, "rectangle": 0.1}
ROOM = 6.0  # half a side of the floor, in units of a large object


def describe_scene(seed: int, side: int) -> Scene:
    """Return the scene of a seed as mitsuba takes it: objects on a floor, lights and a camera."""
    rng = np.random.default_rng([seed, 22])
    scene: Scene = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": int(rng.integers(4, 13))},
        "sensor": _camera(rng, side),
    }
    scene |= {f"wall{i}": wall for i, wall in enumerate(_walls(rng))}
    scene |= {f"object{i}": _object(rng) for i in range(rng.integers(4, 15))}
    scene |= {f"light{i}": light for i, light in enumerate(_lights(rng))}
    return scene


def _camera(rng: np.random.Generator, side: int) -> Scene:
    angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(3.0, 7.5)
    height = rng.uniform(0.6, 5.0)
    origin = [distance * math.cos(angle), distance * math.sin(angle), height]
    target = [*rng.uniform(-0.8, 0.8, 2), rng.uniform(0.2, 0.9)]
    camera: Scene = {
        "type": "perspective",
        "fov": rng.uniform(25, 60),
        "to_world": _transform().look_at(origin=origin, target=target, up=[0, 0, 1]),
        "sampler": {"type": "independent"},
        "film": {
            "type": "hdrfilm",
            "width": side,
            "height": side,
            "rfilter": {"type": str(rng.choice(["box", "box", "tent", "gaussian"]))},
            "pixel_format": "rgb",
        },
    }
    if rng.random() < 0.4:  # a lens: what is not in focus is blurred, and noisier
        sight = float(np.linalg.norm(np.subtract(target, origin)))
        camera |= {
            "type": "thinlens",
            "aperture_radius": rng.uniform(0.03, 0.2),
            "focus_distance": sight * rng.uniform(0.7, 1.3),
        }
    return camera


def _walls(rng: np.random.Generator) -> list[Scene]:
    """Return a floor and, in a third of the scenes, walls, which send light back and forth."""
    floor = {
        "type": "rectangle",
        "to_world": _transform().scale([ROOM * 1.8] * 3),
        "material": _material(rng, is_surface=True),
    }
    if rng.random() > 0.35:
        return [floor]
    turns = (([0, 1, 0], 90, [-1, 0, 0]), ([0, 1, 0], -90, [1, 0, 0]), ([1, 0, 0], 90, [0, 1, 0]))
    walls = [
        {
            "type": "rectangle",
            "to_world": _transform()
            .translate([1.7 * ROOM * x for x in place])
            .rotate(axis, degrees)
            .scale([1.8 * ROOM] * 3),
            "material": {"type": "twosided", "inner": _diffuse(rng)},
        }
        for axis, degrees, place in turns
    ]
    return [floor, *walls]


def _object(rng: np.random.Generator) -> Scene:
    size = math.exp(rng.uniform(math.log(0.15), math.log(0.7)))
    place = [*rng.uniform(-2.2, 2.2, 2), size * rng.choice([1.0, rng.uniform(1, 3)], p=[0.8, 0.2])]
    shape = str(rng.choice(list(SHAPES), p=list(SHAPES.values())))
    material = _material(rng, is_surface=shape not in ("sphere", "cube"))
    if shape == "sphere":
        return {"type": shape, "center": place, "radius": size, "material": material}
    if shape == "cylinder":
        end = list(np.add(place, size * rng.normal(size=3)))
        ends = {"p0": place, "p1": end, "radius": size * rng.uniform(0.2, 0.6)}
        return {"type": shape, **ends, "material": material}
    turned = _transform().translate(place).rotate(list(rng.normal(size=3)), rng.uniform(0, 360))
    squeezed = turned.scale([size * x for x in rng.uniform(0.5, 1.0, 3)])
    return {"type": shape, "to_world": squeezed, "material": material}


def _lights(rng: np.random.Generator) -> list[Scene]:
    """Return the sky, lamps, or both; small lamps make hard shadows and, in glass, caustics."""
    kind = rng.random()
    lights: list[Scene] = []
    if kind < 0.7:
        lights += [_lamp(rng) for _ in range(rng.integers(1, 4))]
    if kind > 0.45:
        lights.append(_sky(rng))
    else:  # a little light from everywhere, as no real room is black
        lights.append({"type": "constant", "radiance": _rgb(rng.uniform(0.005, 0.05, 3))})
    return lights


def _lamp(rng: np.random.Generator) -> Scene:
    radius = math.exp(rng.uniform(math.log(0.15), math.log(1.2)))
    place = [*rng.uniform(-3.5, 3.5, 2), rng.uniform(3.0, 6.0)]
    power = rng.uniform(20, 80) / (math.pi * radius**2)
    warmth = rng.uniform(-0.4, 0.4)
    radiance = _rgb([power * (1 + warmth), power, power * (1 - warmth)])
    glow = {"type": "area", "radiance": radiance}
    if rng.random() < 0.5:
        return {"type": "sphere", "center": place, "radius": radius, "emitter": glow}
    facing = _transform().look_at(origin=place, target=[*rng.uniform(-1, 1, 2), 0.0], up=[0, 1, 0])
    return {"type": "rectangle", "to_world": facing.scale([radius] * 3), "emitter": glow}


def _sky(rng: np.random.Generator) -> Scene:
    """Return light from all around: a gradient with soft clouds and a sun."""
    mitsuba = optional("mitsuba", "renders")
    rows, columns = 32, 64
    up = np.linspace(1, -1, rows)[:, None, None]
    zenith, horizon = rng.uniform(0.1, 1.0, 3), rng.uniform(0.3, 1.2, 3)
    sky = np.where(up > 0, horizon + (zenith - horizon) * up, 0.3 * horizon)
    sky = np.broadcast_to(sky, (rows, columns, 3)) * np.exp(0.4 * _clouds(rng, rows, columns))
    if rng.random() < 0.6:  # the sun is small and bright: the hardest light to find by chance
        row, column = rng.integers(2, rows // 2), rng.integers(columns)
        sky[row : row + 2, column : column + 2] += rng.uniform(20, 300)
    bitmap = mitsuba.Bitmap(np.ascontiguousarray(sky, np.float32))
    upright = _transform().rotate([1, 0, 0], 90)
    return {"type": "envmap", "bitmap": bitmap, "to_world": upright}


def _clouds(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    coarse = rng.standard_normal((rows // 8, columns // 8, 1))
    return np.asarray(np.kron(coarse, np.ones((8, 8, 1))), np.float64)


def _material(rng: np.random.Generator, *, is_surface: bool) -> Scene:
    """Return a material; a surface is seen from both sides and lets no light through."""
    makers = [_diffuse, _metal, _plastic] if is_surface else [_diffuse, _metal, _plastic, _glass]
    shares = [0.6, 0.15, 0.25] if is_surface else [0.4, 0.2, 0.2, 0.2]
    made = makers[rng.choice(len(makers), p=shares)](rng)
    return {"type": "twosided", "inner": made} if is_surface else made


def _diffuse(rng: np.random.Generator) -> Scene:
    return {"type": "diffuse", "reflectance": _texture(rng)}


def _metal(rng: np.random.Generator) -> Scene:
    metal = str(rng.choice(["Au", "Ag", "Cu", "Al", "Cr"]))
    if rng.random() < 0.3:
        return {"type": "conductor", "material": metal}
    return {"type": "roughconductor", "material": metal, "alpha": rng.uniform(0.05, 0.5)}


def _plastic(rng: np.random.Generator) -> Scene:
    reflectance = _texture(rng)
    if rng.random() < 0.5:
        return {"type": "plastic", "diffuse_reflectance": reflectance}
    alpha = rng.uniform(0.05, 0.4)
    return {"type": "roughplastic", "diffuse_reflectance": reflectance, "alpha": alpha}


def _glass(rng: np.random.Generator) -> Scene:
    if rng.random() < 0.7:
        return {"type": "dielectric", "int_ior": rng.uniform(1.3, 1.8)}
    return {"type": "roughdielectric", "int_ior": 1.5, "alpha": rng.uniform(0.05, 0.3)}


def _texture(rng: np.random.Generator) -> Scene:
    """Return one colour, a checkerboard, or a picture of grain as wood, stone and cloth have it."""
    base = rng.uniform(0.05, 0.95, 3)
    draw = rng.random()
    if draw < 0.45:
        return _rgb(base)
    scale = _transform().scale([math.exp(rng.uniform(math.log(1), math.log(24)))] * 3)
    if draw < 0.65:
        other = _rgb(rng.uniform(0.05, 0.95, 3))
        return {"type": "checkerboard", "color0": _rgb(base), "color1": other, "to_uv": scale}
    mitsuba = optional("mitsuba", "renders")
    grain = _grain(rng)[..., None] * rng.uniform(-0.4, 0.4, 3) + base
    bitmap = mitsuba.Bitmap(np.clip(grain, 0.02, 0.98).astype(np.float32))
    return {"type": "bitmap", "bitmap": bitmap, "raw": True, "to_uv": scale}


def _grain(rng: np.random.Generator, side: int = 128) -> NDArray[np.float64]:
    """Return a seamless field of deviation 1, (side, side): fine, coarse or drawn out one way."""
    frequency = np.fft.fftfreq(side)
    stretch = math.exp(rng.uniform(0, math.log(8)))
    radius = np.hypot(frequency[:, None] * stretch, frequency[None, :])
    filtered = np.fft.fft2(rng.standard_normal((side, side)))
    filtered /= np.maximum(radius, 1 / side) ** rng.uniform(0.5, 1.8)
    field = np.fft.ifft2(filtered).real
    field -= field.mean()
    return np.asarray(field / field.std())


def _rgb(values: Sequence[float] | NDArray[np.float64]) -> Scene:
    return {"type": "rgb", "value": [float(value) for value in values]}


def _transform() -> Any:
    return optional("mitsuba", "renders").ScalarTransform4f()
