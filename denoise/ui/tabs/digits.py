"""The lesson Digits: one of the tutorials' networks at work on 28x28 pixels, step by step."""

from collections.abc import Callable
from functools import cached_property
from html import escape
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from denoise.datasets.mnist import SMALL_IMAGE_SETS
from denoise.evaluation.benchmark_28x28 import find_training_set
from denoise.evaluation.classifier import CLASSIFIERS, Classifier
from denoise.noise.synthesis import add_noise
from denoise.ui.server.loaded_models import Model, Trained
from denoise.ui.server.service import Service
from denoise.ui.tabs.digit_controls import (
    DRAWING,
    SHOWN_SAMPLES,
    Digits,
    build_digits,
    list_samples,
)
from denoise.ui.tabs.digit_figure import Small, decibel_words, draw_figure, draw_layers
from denoise.ui.tabs.digit_prompts import write_prompts
from denoise.ui.tabs.samples import SETS, Samples, SampleStore, denoise_all, networks_for
from denoise.ui.widgets.drawing import frame_digit, read_drawing
from denoise.ui.widgets.events import IN_TURN, Updates, Values
from denoise.ui.widgets.parts import picture_grid
from denoise.ui.widgets.terms import term
from denoise.weights.facts import ModelFacts, list_models

GRID_COLUMNS = 10
DRAW = IN_TURN | {"trigger_mode": "always_last", "show_progress": "hidden"}
QUICK: dict[str, Any] = {  # by the queue: what goes past it tells nobody that a state has changed
    "concurrency_limit": None,
    "show_progress": "hidden",
    "api_visibility": "private",
}


class _Shown(NamedTuple):
    """What a visitor looks at."""

    samples: Samples
    number: int  # of the sample; -1: a drawing
    clean: Small
    factor: float
    seed: int
    model: Model


class _Lesson:
    """What the lesson's events do."""

    def __init__(self, service: Service, samples: SampleStore) -> None:
        self.service = service
        self.samples = samples

    @cached_property
    def readers(self) -> dict[str, Classifier]:
        """The classifiers that are here, by name of their set."""
        here = {facts.name for facts in list_models(CLASSIFIERS)} if CLASSIFIERS.is_dir() else set()
        device = self.service.device
        return {
            name: Classifier(described.classifier, device=device)
            for name, described in SMALL_IMAGE_SETS.items()
            if described.classifier in here
        }

    def networks(self, kind: str) -> list[ModelFacts]:
        """Return the networks that were made for a kind of samples, a key of SETS."""
        return networks_for(self.service.zoo, kind)

    def show(self, parts: Digits, values: Values) -> Updates:
        """Return all that depends on the controls."""
        kind, own = values[parts.kind], values[parts.own]
        networks = self.networks(kind)
        names = [facts.name for facts in networks]
        if own is not None and find_training_set(own.facts) == SETS[kind]:
            names.append(own.facts.name)
        first = names[0] if len(names) == len(networks) else names[-1]  # the visitor's own
        name = values[parts.network] if values[parts.network] in names else first
        model: Model = own if own is not None and own.facts.name == name else name
        shown = self._shown(parts, values, model)
        figure, layers = self._figure(shown, SETS[kind], has_layers=values[parts.are_layers_open])
        return {
            parts.network: gr.update(choices=names, value=name),
            parts.samples: list_samples(shown.samples.pictures[:SHOWN_SAMPLES], shown.number),
            parts.source: shown.samples.source,
            parts.figure: figure,
            parts.grid: self._grid(shown),
            parts.prompts: write_prompts(networks),
            parts.layers: layers,
        }

    def choose_own(self, own: Trained | None) -> tuple[Any, Any]:
        """Choose the visitor's own network, if any, and samples of what it was trained on."""
        if own is None:
            return gr.skip(), gr.skip()
        (kind,) = (kind for kind, name in SETS.items() if name == find_training_set(own.facts))
        names = [*(facts.name for facts in self.networks(kind)), own.facts.name]
        return kind, gr.update(choices=names, value=own.facts.name)

    def _shown(self, parts: Digits, values: Values, model: Model) -> _Shown:
        samples = self.samples.get(SETS[values[parts.kind]])
        number, drawn = int(values[parts.sample] or 0), values[parts.drawn]
        if number < 0 and drawn is None:
            number = 0
        clean = drawn if number < 0 else samples.pictures[min(number, SHOWN_SAMPLES - 1)]
        seed = int(values[parts.seed] or 0)
        return _Shown(samples, number, clean, values[parts.factor], seed, model)

    def _figure(self, shown: _Shown, name: str, *, has_layers: bool) -> tuple[str, str]:
        """Return the figure, and the layers where they are asked for, as HTML."""
        noisy = add_noise(shown.clean, "gaussian", shown.factor, seed=shown.seed)
        denoised = self.service.denoise_pixels(noisy, shown.model)
        insides = self.service.look_inside(noisy, shown.model)
        noisy_words, denoised_words = (
            f"{decibel_words(shown.clean, one)}{self._read(shown, name, one)}"
            for one in (noisy, denoised)
        )
        layers = draw_layers(insides.layers) if has_layers else ""
        return draw_figure(noisy, denoised, insides, (noisy_words, denoised_words)), layers

    def _read(self, shown: _Shown, name: str, picture: Small) -> str:
        """Return what a classifier sees; it does not know clothing that the program has drawn."""
        if name not in self.readers or (name != "mnist" and shown.samples.is_made):
            return ""
        label, probability = self.readers[name](picture)[0]
        return f"<br>{term('reads')} <b>{escape(label)}</b> ({probability:.0%})"

    def _grid(self, shown: _Shown) -> str:
        """Return the tutorials' grid: ten test pictures, noisy, and rebuilt by the network."""
        originals = shown.samples.pictures[:GRID_COLUMNS]
        noisy = np.stack(
            [
                add_noise(one, "gaussian", shown.factor, seed=shown.seed + index)
                for index, one in enumerate(originals)
            ]
        )
        rebuilt = denoise_all(self.service, noisy, shown.model)
        rows: dict[str, NDArray[np.uint8]] = {"noisy": noisy, "denoised": rebuilt}
        error = np.mean((originals / 255.0 - rebuilt / 255.0) ** 2)
        words = f"{term('Mean squared error')} of these ten: {error:.4f}"
        return f"{picture_grid(rows | {'original': originals})}<p>{words}</p>"


class DigitsLesson(NamedTuple):
    """What the page needs of the lesson."""

    parts: Digits
    choose_own: Callable[[Trained | None], tuple[Any, Any]]  # returns updates of kind and network


def build_digits_lesson(
    service: Service, samples: SampleStore, tab: gr.Tab, own: gr.State
) -> DigitsLesson:
    """Add the lesson's contents, filled when it is opened; `own` holds the visitor's network."""
    lesson = _Lesson(service, samples)
    names = [facts.name for kind in SETS for facts in lesson.networks(kind)]
    parts = build_digits(own, names)

    def show(values: Values) -> Updates:
        return lesson.show(parts, values)

    def take_drawing(event: gr.EventData) -> Any:
        """Take a drawing as the networks know digits, if something was drawn."""
        framed = frame_digit(read_drawing(event._data.get("drawing")))
        return gr.skip() if framed is None else (framed, DRAWING)

    def take_sample(event: gr.EventData) -> int:
        number = event._data.get("number")
        return number if isinstance(number, int) and 0 <= number < SHOWN_SAMPLES else 0

    parts.drawing.input(take_drawing, None, [parts.drawn, parts.sample], **QUICK)
    parts.samples.input(take_sample, None, parts.sample, **QUICK)
    parts.kind.input(lambda: 0, None, parts.sample, **QUICK)
    parts.unfold.expand(lambda: True, None, parts.are_layers_open, **QUICK)
    parts.unfold.collapse(lambda: False, None, parts.are_layers_open, **QUICK)
    followed = (parts.kind, parts.sample, parts.factor, parts.seed, parts.drawn)
    changes = [one.change for one in (*followed, parts.are_layers_open)]
    gr.on(
        [tab.select, *changes, parts.network.input], show, set(parts.causes), parts.effects, **DRAW
    )
    return DigitsLesson(parts, lesson.choose_own)
