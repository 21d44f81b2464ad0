"""Settings in the page's address, so that a lesson can link to them; never the picture."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from denoise.errors import DenoiseError, SettingError
from denoise.noise.kinds import KINDS, NoiseKind
from denoise.noise.numbers import parse_number
from denoise.noise.synthesis import NoiseSpec, check_level, find_kind
from denoise.noise.typical_camera import STAGES
from denoise.ui.widgets.events import Updates
from denoise.ui.widgets.noise_controls import NoiseControls, level_update, read_mixture
from denoise.ui.widgets.toasts import warn
from denoise.zoo.zoo import Zoo

BUNDLED_ZOO = Zoo(takes_addresses=False)
LAB = "lab"  # the tab, in an address
MAX_DIGITS = 15  # of a seed: a browser's numbers are exact so far
NAMES = ("network", "kind", "level", "seed", "without", "gray", "eight_bit", "clip", "mixture")
# A Space shows the page in a frame; the address that visitors see is that of the frame's parent.
WRITE = (
    "(...values) => { const names = "
    + f"{[*NAMES]}, stages = {[*STAGES]}"
    + """;
  const address = new URL(window.location);
  address.searchParams.set('tab', 'lab');
  names.forEach((name, i) => {
    const is_list = Array.isArray(values[i]);  // of the camera's stages that are on
    const value = is_list ? stages.filter(one => !values[i].includes(one)).join() : values[i];
    if (value === '' || value === null) address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  });
  window.history.replaceState(null, '', address);
  if (window.parent !== window) {
    window.parent.postMessage({queryString: address.search.slice(1), hash: ''}, '*');
  }
}"""
)


def link_settings(
    page: gr.Blocks,
    tabs: gr.Tabs,
    zoo: Zoo,
    model: gr.Dropdown,
    noise: NoiseControls,
    *,
    say: Callable[[str], str] = str,
) -> None:
    """Take the lab's settings from the address at first, and have the address follow them.

    An address may name the networks of the zoo. `say` translates a warning.
    """
    controls = dict(zip(NAMES, [model, *noise], strict=True))
    tab_names = [str(tab.id) for tab in tabs.children if isinstance(tab, gr.Tab)]

    def read_address(request: gr.Request) -> Updates:
        """Open the tab and take the settings that the address names; warn of wrong ones."""
        asked = request.query_params
        tab = asked.get("tab")
        updates, refused = settings_of(asked, zoo) if tab == LAB else ({}, [])
        if tab and tab not in tab_names:
            choices = ", ".join(tab_names)
            refused = [f"The tab in the address was ignored. Choose one of: {choices}."]
        for sentence in refused:
            warn(say(sentence))
        selected = gr.update(selected=tab) if tab in tab_names else gr.skip()
        return {tabs: selected} | {controls[name]: update for name, update in updates.items()}

    gr.on(
        [model.input, *[one.change for one in noise]],
        None,
        list(controls.values()),
        js=WRITE,
        api_visibility="private",
    )
    page.load(  # by the queue: what goes past it cannot show a warning
        read_address,
        None,
        [tabs, *controls.values()],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
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
