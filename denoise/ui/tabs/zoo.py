"""The tab Zoo: what each network is, how good it is, and how it came about."""

import re
import shutil
from dataclasses import fields, replace
from typing import Any

import gradio as gr

from denoise.defaults import DEFAULT_MODEL
from denoise.ui.server.service import Service
from denoise.ui.widgets.events import LATEST
from denoise.ui.widgets.parts import DOMAINS, auto_at_25, model_choices, networks
from denoise.ui.widgets.quoting import quoted_all
from denoise.ui.widgets.tables import table_of
from denoise.ui.widgets.terms import measured_words
from denoise.weights.card import compose_card
from denoise.weights.facts import ModelFacts

WORDS = (
    "All networks at a glance, and the card of each: what it was trained on, what was measured, "
    "and what it cannot do. Every figure was measured on the weights that are used here."
)
# What tells most comes first: a phone shows two columns.
HEADERS = ["Network", "PSNR at 25/255, dB", "s per Mpixel", "Parameters", "File, MB", "For"]
MEASURED = ("PSNR at 25/255", "s per Mpixel, measured", "Parameters", "File")
TYPES = ["str", "number", "number", "number", "number", "str"]
FORMATS = ["", ".2f", ".2f", ",", ".2f", ""]
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
PICTURE = re.compile(r"\]\(([\w-]+\.png)\)")


def build_zoo_tab(service: Service) -> list[Any]:
    """Add the tab's contents; return the function, inputs and outputs that first fill it."""
    gr.Markdown(WORDS, elem_classes="quiet")
    gr.Dataframe(
        table_of([_row(service, facts) for facts in networks(service)], FORMATS),
        headers=HEADERS,
        datatype=TYPES,  # type: ignore[arg-type]
        interactive=False,
        label="Networks",
        elem_id="zoo-table",
    )
    gr.Markdown(measured_words(*MEASURED), elem_classes="quiet")
    model = gr.Dropdown(
        model_choices(service), value=DEFAULT_MODEL, label="Card of", elem_id="zoo-network"
    )
    card = gr.Markdown(elem_id="zoo-card", elem_classes="card")

    def show(name: str) -> str:
        return _card_text(service, name)

    model.change(show, model, card, show_progress="hidden", **LATEST)
    return [show, model, card]


def _row(service: Service, facts: ModelFacts) -> list[Any]:
    at_25 = [row["psnr"] for row in auto_at_25(facts)]
    size = service.zoo.weights_size(facts.name)
    return [
        facts.name,
        at_25[0] if at_25 else None,
        facts.metrics.get("seconds_per_mpixel"),
        facts.parameters,
        None if size is None else size / 1e6,
        DOMAINS[facts.needs.domain],
    ]


def _card_text(service: Service, name: str) -> str:
    """Return the card, with its pictures copied to where they are served from."""
    folder = service.zoo.fetch(name, with_weights=False).folder
    facts = service.zoo.read_facts(name)
    texts = {field.name: quoted_all(getattr(facts, field.name)) for field in fields(facts)}
    text = FRONT_MATTER.sub("", compose_card(replace(facts, **texts), folder))

    def serve(match: re.Match[str]) -> str:
        copy = service.storage.new_file(match[1])
        shutil.copyfile(folder / match[1], copy)
        return f"](gradio_api/file={copy.as_posix()})"

    return PICTURE.sub(serve, text)
