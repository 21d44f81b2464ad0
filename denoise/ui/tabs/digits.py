"""The tab Digits: the tutorials' networks at work on 28x28 pixels, with their codes."""

from functools import cached_property
from html import escape
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from denoise.datasets.mnist import SMALL_IMAGE_SETS
from denoise.errors import ImageError
from denoise.evaluation.benchmark_28x28 import find_training_set
from denoise.evaluation.classifier import CLASSIFIERS, Classifier
from denoise.noise.synthesis import add_noise
from denoise.ui.server.loaded_models import Model, Trained
from denoise.ui.server.service import Service
from denoise.ui.tabs.digit_cells import Small, cell, code_picture, decibel_words, enlarged
from denoise.ui.tabs.samples import SETS, SampleStore
from denoise.ui.widgets.drawing import build_drawing_field, frame_digit, read_drawing
from denoise.ui.widgets.events import AT_ONCE, IN_TURN, Values
from denoise.ui.widgets.parts import Slider, picture_grid
from denoise.ui.widgets.terms import term
from denoise.weights.facts import ModelFacts, list_models

SHOWN_SAMPLES = 12
GRID_COLUMNS = 10
FACTOR = 0.4  # of the noise, at first
FACTOR_WORDS = "Standard deviation of the noise; white is 1."
WORDS = (
    "Draw a digit or take a sample, and add noise. Each network first turns the noisy picture "
    "into a **code** of fewer numbers, or of mostly zeros. It then builds a picture from that code "
    "alone. What the code cannot express, such as noise, is lost on the way."
)
DRAW = IN_TURN | {"trigger_mode": "always_last", "show_progress": "minimal"}
QUICK = AT_ONCE | {"show_progress": "hidden"}


class _Digits:
    """What the tab's events do."""

    def __init__(self, service: Service, samples: SampleStore) -> None:
        self.service = service
        self.samples = samples

    @cached_property
    def networks(self) -> list[ModelFacts]:
        """The networks for pictures of 28x28."""
        return [facts for facts in self.service.zoo.list_models() if facts.needs.domain == "28x28"]

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

    def show(self, board: "_Board", values: Values) -> str:
        """Return the board: clean, noisy, and what each network makes of it."""
        clean, own = values[board.clean], values[board.own]
        if clean is None:
            return ""
        name = SETS[values[board.kind]]
        seed = int(values[board.seed] or 0)
        noisy = add_noise(clean, "gaussian", values[board.factor], seed=seed)
        cells = [
            cell("Original", clean, self._read(name, clean)),
            cell("Noisy", noisy, f"{decibel_words(clean, noisy)}{self._read(name, noisy)}"),
        ]
        models: list[Model] = [*(facts.name for facts in self.networks), *filter(None, [own])]
        cells += [self._network_cell(model, name, clean, noisy) for model in models]
        return f'<div class="board">{"".join(cells)}</div>'

    def list_networks(self, own: Trained | None) -> Any:
        """Offer the networks; the visitor's own, where there is one, is then chosen."""
        names = [facts.name for facts in self.networks]
        if own is None:
            return gr.update(choices=names)
        return gr.update(choices=[*names, own.facts.name], value=own.facts.name)

    def grid(self, model: str, factor: float, own: Trained | None) -> str:
        """Return the tutorial's grid: ten test pictures, noisy, and rebuilt by one network."""
        chosen: Model = own if own and own.facts.name == model else model
        name = find_training_set(self.service.loaded.facts_of(chosen))
        originals = list(self.samples.get(name).pictures[:GRID_COLUMNS])
        noisy = [
            add_noise(picture, "gaussian", factor, seed=index)
            for index, picture in enumerate(originals)
        ]
        rebuilt = [self.service.denoise_pixels(one, chosen) for one in noisy]
        rows = {"noisy": noisy, "reconstructed": rebuilt, "original": originals}
        both = np.stack([originals, rebuilt]) / 255.0
        error = np.mean((both[0] - both[1]) ** 2)
        words = f"{term('Mean squared error')} of these ten: {error:.4f}"
        return f"{picture_grid(rows)}<p>{words}</p>"

    def choose(self, kind: str, event: gr.SelectData) -> Small:
        """Return the sample that was clicked."""
        picture: Small = self.samples.get(SETS[kind]).pictures[int(event.index)]
        return picture

    def take_drawing(self, event: gr.EventData) -> Any:
        """Return a drawing as the networks know digits; change nothing where nothing was drawn."""
        framed = frame_digit(read_drawing(event._data.get("drawing")))
        return gr.skip() if framed is None else framed

    def list_samples(self, kind: str) -> tuple[list[NDArray[Any]], str, Small, Any]:
        """Return the samples of a kind, their source, the first one, and an offer of more."""
        samples = self.samples.get(SETS[kind])
        shown = [enlarged(one, 3) for one in samples.pictures[:SHOWN_SAMPLES]]
        fetch = gr.update(visible=samples.is_made)
        return shown, samples.source, samples.pictures[0], fetch

    def download(self, kind: str) -> tuple[list[NDArray[Any]], str, Small, Any]:
        """Fetch the data set, and return what `list_samples` does."""
        try:
            self.samples.download(SETS[kind])
        except ImageError as error:
            raise ImageError("The data set cannot be downloaded from here.") from error
        return self.list_samples(kind)

    def _read(self, name: str, picture: Small) -> str:
        if name not in self.readers:
            return ""
        label, probability = self.readers[name](picture)[0]
        return f"<br>{term('reads')} <b>{escape(label)}</b> ({probability:.0%})"

    def _network_cell(self, model: Model, name: str, clean: Small, noisy: Small) -> str:
        facts = self.service.loaded.facts_of(model)
        denoised = self.service.denoise_pixels(noisy, model)
        code = self.service.encode(noisy, model)
        stranger = "" if find_training_set(facts) == name else "<br><i>not made for this</i>"
        words = f"{decibel_words(clean, denoised)}{self._read(name, denoised)}{stranger}"
        shown = None if code is None else code_picture(code.numpy())
        return cell(facts.name, denoised, words, shown)


class _Board(NamedTuple):
    """What the board depends on."""

    clean: gr.State  # the picture
    kind: gr.Radio
    factor: Slider
    seed: gr.Number
    own: gr.State  # the network that the visitor has trained, if any


def build_digits_tab(service: Service, samples: SampleStore, tab: gr.Tab, own: gr.State) -> None:
    """Add the tab's contents, filled when it is opened; `own` holds the visitor's network."""
    digits = _Digits(service, samples)
    gr.Markdown(WORDS, elem_classes="quiet")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=320, scale=1):
            drawing = build_drawing_field()
        with gr.Column(min_width=320, scale=2):
            kind, gallery, source, fetch = _build_samples()
    with gr.Row(equal_height=True):
        factor = _build_factor("Noise factor", FACTOR_WORDS, "digits-factor")
        seed = gr.Number(0, label="Seed", precision=0, elem_id="digits-seed")
    shown = gr.HTML(elem_id="digits-board", padding=False)
    board = _Board(clean := gr.State(None), kind, factor, seed, own)

    listed = [gallery, source, clean, fetch]
    board_of = (lambda values: digits.show(board, values), set(board), shown)
    for event, work, inputs, outputs in (
        (tab.select, digits.list_samples, kind, listed),
        (kind.change, digits.list_samples, kind, listed),
        (fetch.click, digits.download, kind, listed),
        (gallery.select, digits.choose, kind, clean),
        (drawing.input, digits.take_drawing, None, clean),
    ):
        event(work, inputs, outputs, **QUICK).then(*board_of, **DRAW)
    gr.on([factor.change, seed.change], *board_of, **DRAW)
    _build_grid(digits, tab, own)


def _build_samples() -> tuple[gr.Radio, gr.Gallery, gr.Markdown, gr.Button]:
    return (
        gr.Radio(list(SETS), value="Digits", label="Samples of", elem_id="digits-kind"),
        gr.Gallery(
            label="Or take a sample",
            format="png",
            columns=6,
            height=295,
            object_fit="contain",
            allow_preview=False,
            interactive=False,
            buttons=[],
            elem_id="digits-samples",
        ),
        gr.Markdown(elem_classes="quiet", elem_id="digits-source"),
        gr.Button("Fetch the data set (about 12 MB)", size="sm", visible=False),
    )


def _build_factor(label: str, info: str | None, elem_id: str) -> Slider:
    return Slider(0, 1, FACTOR, step=0.05, label=label, info=info, min_width=240, elem_id=elem_id)


def _build_grid(digits: _Digits, tab: gr.Tab, own: gr.State) -> None:
    """Add the tutorial's grid, filled when the tab is opened."""
    gr.Markdown("### The tutorial's picture: ten test pictures through one network")
    with gr.Row(equal_height=True):
        names = [facts.name for facts in digits.networks]
        model = gr.Dropdown(
            names, value=names[0], label="Network", min_width=240, elem_id="grid-network"
        )
        factor = _build_factor("Noise factor of the grid", None, "grid-factor")
    grid = gr.HTML(elem_id="digits-grid", padding=False)
    grid_of = (digits.grid, [model, factor, own], grid)
    tab.select(*grid_of, **DRAW)
    own.change(digits.list_networks, own, model, **QUICK)
    gr.on([model.change, factor.change], *grid_of, **DRAW)
