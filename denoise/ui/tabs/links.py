"""The settings of the lessons in the page's address; never a picture."""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gradio as gr

from denoise.errors import DenoiseError, SettingError
from denoise.noise.kinds import KINDS, NoiseKind
from denoise.noise.numbers import parse_number
from denoise.noise.synthesis import NoiseSpec, check_level, find_kind
from denoise.noise.typical_camera import STAGES
from denoise.training.lesson import LOSSES, MAX_EPOCHS, OPTIMIZERS
from denoise.ui.tabs.address import Part
from denoise.ui.tabs.digit_controls import DRAWING, SHOWN_SAMPLES, Digits
from denoise.ui.tabs.samples import SETS, networks_for
from denoise.ui.tabs.train_controls import Choices
from denoise.ui.widgets.noise_controls import NoiseControls, level_update, read_mixture
from denoise.zoo.zoo import Zoo

BUNDLED_ZOO = Zoo(takes_addresses=False)
LAB = "lab"  # the part, in an address
VIEWS = ("compare", "sweep", "removed", "camera")  # of the lab
MAX_DIGITS = 15  # of a seed: a browser's numbers are exact so far
NAMES = ("network", "kind", "level", "seed", "without", "gray", "eight_bit", "clip", "mixture")
# Of the camera's stages, which are a list of those that are on, the address names the others.
SAY = f"name === 'without' ? {[*STAGES]}.filter(one => !value.includes(one)).join() : value"


def lab_part(zoo: Zoo, model: gr.Dropdown, noise: NoiseControls, views: gr.Tabs) -> Part:
    """Return the noise lab as a part of the page; an address may name the zoo's networks."""
    return Part(
        LAB,
        dict(zip(NAMES, [model, *noise], strict=True)),
        lambda asked: settings_of(asked, zoo),
        (model.input, *[one.change for one in noise]),
        SAY,
        views,
    )


def digits_part(zoo: Zoo, digits: Digits) -> Part:
    """Return the lesson Digits as a part of the page."""
    controls: dict[str, Any] = {
        "samples": digits.kind,
        "sample": digits.sample,
        "network": digits.network,
        "factor": digits.factor,
        "seed": digits.seed,
    }
    return Part(
        "digits",
        controls,
        lambda asked: digits_settings_of(asked, zoo),
        tuple(one.change for one in controls.values()),
        f"name === 'sample' && value === {DRAWING} ? '' : value",  # a drawing is never said
    )


def training_part(choices: Choices) -> Part:
    """Return the lesson Training as a part of the page."""
    controls: dict[str, Any] = {
        "network": choices.model,
        "samples": choices.kind,
        "factor": choices.factor,
        "loss": choices.loss,
        "optimizer": choices.optimizer,
        "epochs": choices.epochs,
    }
    changes = tuple(one.change for one in controls.values())
    networks = [str(value) for _, value in choices.model.choices]
    return Part("train", controls, lambda asked: training_settings_of(asked, networks), changes)


def networks_part(zoo: Zoo, model: gr.Dropdown) -> Part:
    """Return the cards of the networks as a part of the page."""

    def read(asked: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        found = _Asked(asked)
        return _given({"network": found.take("network", partial(_network, zoo))}), found.refused

    return Part("zoo", {"network": model}, read, (model.input,))


class _Asked:
    """The parameters of an address, read one by one."""

    def __init__(self, asked: Mapping[str, str]) -> None:
        self._asked = asked
        self.refused: list[str] = []  # a sentence on each that was ignored

    def take(self, name: str, read: Callable[[str], Any], default: Any = None) -> Any:
        if not self._asked.get(name):
            return default
        try:
            return read(self._asked[name])
        except DenoiseError as error:
            self.refused.append(f"The {name} in the address was ignored. {error}")
            return default


def settings_of(
    asked: Mapping[str, str], zoo: Zoo = BUNDLED_ZOO
) -> tuple[dict[str, Any], list[str]]:
    """Return updates of the lab's controls, by name, from the parameters of an address.

    Returns:
        The updates, and a sentence on each parameter that was ignored.
    """
    found = _Asked(asked)
    take = found.take

    named = take("kind", lambda name: find_kind(name).name, "gaussian")
    kind = KINDS[named]
    updates = {
        "network": take("network", partial(_network, zoo)),
        "kind": named,
        "level": level_update(kind, take("level", lambda text: _level(kind, text))),
        "seed": take("seed", _seed, 0),
        "gray": take("gray", _flag),
        "eight_bit": take("eight_bit", _flag),
        "clip": take("clip", _flag),
        "mixture": take("mixture", _mixture),
        "without": take("without", _stages_on),
        "view": take("view", partial(_one_of, list(VIEWS))),
    }
    return _given(updates), found.refused


def digits_settings_of(
    asked: Mapping[str, str], zoo: Zoo = BUNDLED_ZOO
) -> tuple[dict[str, Any], list[str]]:
    """Return updates of the controls of the lesson Digits, as `settings_of` does."""
    found = _Asked(asked)
    take = found.take
    kind = take("samples", partial(_one_of, list(SETS)), "digits")
    made_for = [facts.name for facts in networks_for(zoo, kind)]
    updates = {
        "samples": kind,
        "sample": take("sample", partial(_whole, highest=SHOWN_SAMPLES - 1)),
        "network": take("network", partial(_one_of, made_for)),
        "factor": take("factor", lambda text: _level(KINDS["gaussian"], text)),
        "seed": take("seed", _seed),
    }
    return _given(updates), found.refused


def training_settings_of(
    asked: Mapping[str, str], networks: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return updates of the controls of the lesson Training, as `settings_of` does."""
    found = _Asked(asked)
    take = found.take
    updates = {
        "network": take("network", partial(_one_of, networks)),
        "samples": take("samples", partial(_one_of, list(SETS))),
        "factor": take("factor", lambda text: _level(KINDS["gaussian"], text)),
        "loss": take("loss", partial(_one_of, list(LOSSES))),
        "optimizer": take("optimizer", partial(_one_of, list(OPTIMIZERS))),
        "epochs": take("epochs", partial(_whole, lowest=1, highest=MAX_EPOCHS)),
    }
    return _given(updates), found.refused


def _network(zoo: Zoo, name: str) -> str:
    zoo.read_facts(name)
    return name


def _given(updates: Mapping[str, Any]) -> dict[str, Any]:
    return {name: update for name, update in updates.items() if update is not None}


def _one_of(choices: list[str], text: str) -> str:
    if text not in choices:
        raise SettingError(f"Choose one of: {', '.join(choices)}.")
    return text


def _whole(text: str, *, lowest: int = 0, highest: int) -> int:
    is_number = text.isdecimal() and len(text) <= MAX_DIGITS
    if not is_number or not lowest <= int(text) <= highest:
        raise SettingError(f"It is a whole number from {lowest} to {highest}.")
    return int(text)


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
