"""The noise lab's settings in the page's address; never the picture."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from denoise.errors import DenoiseError, SettingError
from denoise.noise.kinds import KINDS, NoiseKind
from denoise.noise.numbers import parse_number
from denoise.noise.synthesis import NoiseSpec, check_level, find_kind
from denoise.noise.typical_camera import STAGES
from denoise.ui.tabs.address import Part
from denoise.ui.widgets.noise_controls import NoiseControls, level_update, read_mixture
from denoise.zoo.zoo import Zoo

BUNDLED_ZOO = Zoo(takes_addresses=False)
LAB = "lab"  # the part, in an address
MAX_DIGITS = 15  # of a seed: a browser's numbers are exact so far
NAMES = ("network", "kind", "level", "seed", "without", "gray", "eight_bit", "clip", "mixture")
# Of the camera's stages, which are a list of those that are on, the address names the others.
SAY = f"name === 'without' ? {[*STAGES]}.filter(one => !value.includes(one)).join() : value"


def lab_part(zoo: Zoo, model: gr.Dropdown, noise: NoiseControls) -> Part:
    """Return the noise lab as a part of the page; an address may name the zoo's networks."""
    return Part(
        LAB,
        dict(zip(NAMES, [model, *noise], strict=True)),
        lambda asked: settings_of(asked, zoo),
        (model.input, *[one.change for one in noise]),
        SAY,
    )


def settings_of(
    asked: Mapping[str, str], zoo: Zoo = BUNDLED_ZOO
) -> tuple[dict[str, Any], list[str]]:
    """Return updates of the controls, by name, from the parameters of an address.

    Returns:
        The updates, and a sentence on each parameter that was ignored.
    """
    refused: list[str] = []

    def take(name: str, read: Callable[[str], Any], default: Any = None) -> Any:
        if not asked.get(name):
            return default
        try:
            return read(asked[name])
        except DenoiseError as error:
            refused.append(f"The {name} in the address was ignored. {error}")
            return default

    def network(name: str) -> str:
        zoo.read_facts(name)
        return name

    kind = take("kind", lambda name: find_kind(name).name, "gaussian")
    found = KINDS[kind]
    updates = {
        "network": take("network", network),
        "kind": kind,
        "level": level_update(found, take("level", lambda text: _level(found, text))),
        "seed": take("seed", _seed, 0),
        "gray": take("gray", _flag),
        "eight_bit": take("eight_bit", _flag),
        "clip": take("clip", _flag),
        "mixture": take("mixture", _mixture),
        "without": take("without", _stages_on),
    }
    return {name: update for name, update in updates.items() if update is not None}, refused


def _level(kind: NoiseKind, text: str) -> float:
    """Return the level that a number or a fraction such as 25/255 stands for."""
    number: Any = text
    with contextlib.suppress(ValueError):
        number = parse_number(text)
    return check_level(kind, number)


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        shown = text[: MAX_DIGITS + 1]
        raise SettingError(f"The seed is a whole number, 0 or more; {shown!r} is not.")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise SettingError(f"It is true or false; {text!r} is not.")
    return text == "true"


def _stages_on(text: str) -> dict[str, Any]:
    """Return the update of the camera's stages that leaves those of a list out."""
    left_out = NoiseSpec(kind="camera", without=text.split(",")).without
    return gr.update(value=[name for name in STAGES if name not in left_out])


def _mixture(text: str) -> str:
    written = text.replace(" ", "+")  # as which an address reads a plus
    return NoiseSpec(kind=read_mixture(written)).kind
