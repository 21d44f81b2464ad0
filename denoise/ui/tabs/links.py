"""Settings in the page's address, so that a lesson can link to them. The picture never is."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from denoise.errors import DenoiseError, SettingError
from denoise.noise.kinds import KINDS, NoiseKind
from denoise.noise.numbers import parse_number
from denoise.noise.synthesis import check_level, find_kind
from denoise.ui.widgets.noise_controls import NoiseControls, level_update, noise_spec_of
from denoise.ui.widgets.toasts import warn
from denoise.zoo.zoo import Zoo

BUNDLED_ZOO = Zoo(takes_addresses=False)
LAB = "lab"  # the tab, in an address
MAX_DIGITS = 15  # of a seed: a browser's numbers are exact so far
NAMES = ("network", "kind", "level", "seed", "gray", "eight_bit", "clip", "mixture")
# A Space shows the page in a frame; the address that visitors see is that of the frame's parent.
WRITE = (
    "(...values) => { const names = "
    + repr(list(NAMES))
    + """;
  const address = new URL(window.location);
  address.searchParams.set('tab', 'lab');
  names.forEach((name, i) => {
    const value = values[i];
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
    """Has the address follow the lab's settings, and the settings the address at first.

    Args:
        page: whose address it is.
        tabs: of the page.
        zoo: of the networks that an address may name.
        model: the lab's network.
        noise: the lab's noise.
        say: gives a warning in the page's language.
    """
    controls = [model, *noise]
    tab_names = [str(tab.id) for tab in tabs.children if isinstance(tab, gr.Tab)]

    def read_address(request: gr.Request) -> list[Any]:
        """Gives the tab to open, and the settings that the address names; wrong ones are said."""
        asked = request.query_params
        tab = asked.get("tab")
        refused: list[str] = []
        settings = [gr.skip()] * len(NAMES)
        if tab == LAB:
            settings, refused = settings_of(asked, zoo)
        elif tab and tab not in tab_names:
            refused = [f"The address's tab was not taken. It is one of: {', '.join(tab_names)}."]
        for sentence in refused:
            warn(say(sentence))
        return [gr.update(selected=tab) if tab in tab_names else gr.skip(), *settings]

    gr.on(
        [model.input, *[one.change for one in noise]],
        None,
        controls,
        js=WRITE,
        api_visibility="private",
    )
    page.load(  # by the queue: what goes past it cannot show a warning
        read_address,
        None,
        [tabs, *controls],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
    )


def settings_of(asked: Mapping[str, str], zoo: Zoo = BUNDLED_ZOO) -> tuple[list[Any], list[str]]:
    """Gives updates of the controls, in the order of NAMES, from the parameters of an address.

    Returns:
        The updates, and sentences on what there is not: it is left out, and the rest taken.
    """
    refused: list[str] = []

    def take(name: str, read: Callable[[str], Any], default: Any) -> Any:
        if not asked.get(name):
            return default
        try:
            return read(asked[name])
        except DenoiseError as error:
            refused.append(f"The address's {name} was not taken. {error}")
            return default

    def network(name: str) -> str:
        zoo.read_facts(name)
        return name

    kind = take("kind", lambda name: find_kind(name).name, "gaussian")
    found = KINDS[kind]
    updates = {
        "network": take("network", network, gr.skip()),
        "kind": kind,
        "level": level_update(found, take("level", lambda text: _level(found, text), None)),
        "seed": take("seed", _seed, 0),
        "gray": take("gray", _flag, gr.skip()),
        "eight_bit": take("eight_bit", _flag, gr.skip()),
        "clip": take("clip", _flag, gr.skip()),
        "mixture": take("mixture", _mixture, gr.skip()),
    }
    return [updates[name] for name in NAMES], refused


def _level(kind: NoiseKind, text: str) -> float:
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


def _mixture(text: str) -> str:
    written = text.replace(" ", "+")  # as which an address reads a plus
    noise_spec_of("", 0, 0, False, True, False, written)
    return written
