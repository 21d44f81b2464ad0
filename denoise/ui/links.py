"""Settings in the page's address, so that a lesson can link to them. The picture never is."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import gradio as gr

from denoise.errors import DenoiseError
from denoise.noise import KINDS, check_level, find_kind, find_stages, seeded_generator
from denoise.ui.noise_controls import NoiseControls, level_update
from denoise.weights import read_facts

LAB = "lab"  # the tab, in an address
NAMES = ("network", "kind", "level", "seed", "gray", "eight_bit", "mixture")
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
    model: gr.Dropdown,
    noise: NoiseControls,
    say: Callable[[str], str] = str,
) -> None:
    """Has the address follow the lab's settings, and the settings the address at first.

    Args:
        page: whose address it is.
        tabs: of the page.
        model: the lab's network.
        noise: the lab's noise.
        say: gives a warning in the page's language.
    """
    controls = [model, *noise]

    def read_address(request: gr.Request) -> list[Any]:
        """Gives the tab to open, and the settings that the address names; wrong ones are said."""
        asked = request.query_params
        if asked.get("tab") != LAB:
            return [gr.skip()] * (1 + len(NAMES))
        try:
            return [gr.update(selected=LAB), *settings_of(asked)]
        except DenoiseError as error:
            gr.Warning(say(f"The address asks for something that there is not. {error}"))
            return [gr.update(selected=LAB)] + [gr.skip()] * len(NAMES)

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


def settings_of(asked: Mapping[str, str]) -> list[Any]:
    """Gives updates of the controls, in the order of NAMES, from the parameters of an address.

    Raises:
        DenoiseError: a network, kind, level, seed or mixture that is none.
    """
    kind = asked.get("kind", "gaussian")
    level = _number(asked.get("level"))
    seed = asked.get("seed", "0")
    found = find_kind(kind)
    if level is not None:
        check_level(found, level)
    seeded_generator(int(seed) if seed.isdecimal() and len(seed) < 16 else -1)
    if "network" in asked:
        read_facts(asked["network"])
    mixture = asked.get("mixture", "").replace(" ", "+")  # as which an address reads a plus
    if mixture:
        find_stages(mixture, 0.0)
    return [
        asked.get("network", gr.skip()),
        kind,
        level_update(KINDS[kind], level),
        int(seed),
        asked["gray"] == "true" if "gray" in asked else gr.skip(),
        asked["eight_bit"] == "true" if "eight_bit" in asked else gr.skip(),
        mixture or gr.skip(),
    ]


def _number(text: str | None) -> float | None:
    """Gives the number, or fraction, in a text; what is none becomes one that no check passes."""
    if text is None:
        return None
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError):
        return float("nan")
