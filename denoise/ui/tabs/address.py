"""The page's address: it opens a part of the page with its settings, and follows both."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import gradio as gr

from denoise.ui.widgets.events import Updates
from denoise.ui.widgets.toasts import warn

CLEAN, LEARN = "clean", "learn"  # the places, in an address
OLD_NAMES = {"denoise": CLEAN}
# What page.js does when a place is opened.
OPEN = "() => address.open('{}')"


class Part(NamedTuple):
    """A part of the place Learn, and its settings by their names in the address."""

    name: str  # in an address: `tab=name`
    controls: dict[str, Any]  # components, whose values the address holds
    # Returns updates of the controls, by name, and a sentence on each parameter that was ignored.
    read: Callable[[Mapping[str, str]], tuple[dict[str, Any], list[str]]] = lambda _: ({}, [])
    changes: tuple[Any, ...] = ()  # events after which the address follows
    say: str = "value"  # JavaScript: what the address says of a `value` with a `name`
    views: gr.Tabs | None = None  # that the address names, too, as `view`


def link_places(
    page: gr.Blocks,
    places: gr.Tabs,
    lessons: gr.Tabs,
    parts: list[Part],
    *,
    translate: Callable[[str], str] = str,
) -> None:
    """Open what the address asks for, with its settings, and warn of what it cannot mean.

    Args:
        page: whose address it is.
        places: with CLEAN and LEARN.
        lessons: in LEARN, with a tab for each part.
        parts: of LEARN.
        translate: says a warning in the page's language.
    """
    by_name = {part.name: part for part in parts}

    def read_address(request: gr.Request) -> Updates:
        asked = request.query_params
        name = OLD_NAMES.get(asked.get("tab", ""), asked.get("tab", ""))
        if name and name not in (CLEAN, LEARN, *by_name):
            choices = ", ".join((CLEAN, LEARN, *by_name))
            warn(translate(f"The tab in the address was ignored. Choose one of: {choices}."))
        if name not in by_name:
            return {places: gr.update(selected=name) if name == LEARN else gr.skip()}
        part = by_name[name]
        updates, refused = part.read(asked)
        for sentence in refused:
            warn(translate(sentence))
        opened = {places: gr.update(selected=LEARN), lessons: gr.update(selected=name)}
        if part.views is not None and "view" in updates:
            opened[part.views] = gr.update(selected=updates.pop("view"))
        return opened | {part.controls[key]: update for key, update in updates.items()}

    controls = [control for part in parts for control in part.controls.values()]
    controls += [part.views for part in parts if part.views is not None]
    page.load(  # by the queue: what goes past it cannot show a warning
        read_address,
        None,
        [places, lessons, *dict.fromkeys(controls)],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
    )


def follow_places(places: Iterable[gr.Tab]) -> None:
    """Have the address follow the place that is open."""
    for tab in places:
        tab.select(None, js=OPEN.format(tab.id), api_visibility="private")


def follow_part(tab: gr.Tab, part: Part) -> Part:
    """Have the address follow a part's settings, and hide them where it asks; return the part."""
    for name, control in part.controls.items():  # for `hide=` of page.js
        control.elem_classes = [*(control.elem_classes or []), f"part-{name}"]
    names = json.dumps(list(part.controls))
    write = (
        f"(...values) => address.write('{part.name}', Object.fromEntries({names}.map("
        f"(name, i) => {{ const value = values[i]; return [name, {part.say}]; }})))"
    )
    views = part.views.children if part.views is not None else []
    for view in views:
        if isinstance(view, gr.Tab):
            named = f"() => address.add('view', '{view.id}')"
            view.select(None, js=named, api_visibility="private")
    gr.on(
        [tab.select, *part.changes],
        None,
        list(part.controls.values()),
        js=write,
        api_visibility="private",
    )
    return part
