"""The parts of the lesson Digits: causes on the left, effects on the right."""

from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from denoise.ui.tabs.digit_figure import build_figure
from denoise.ui.tabs.samples import SET_CHOICES
from denoise.ui.widgets.drawing import build_drawing_field
from denoise.ui.widgets.parts import Slider, inline_image

SHOWN_SAMPLES = 12
DRAWING = -1  # stands for the drawing among the numbers of samples
FACTOR = 0.4  # of the noise, at first
WORDS = (
    "A noisy picture of 784 numbers is squeezed into a **code**, and a picture is built from that "
    "alone. What the code cannot hold, such as noise, is lost."
)
CHOOSE = """
element.addEventListener('click', (event) => {
  const sample = event.target.closest('button');
  if (sample) trigger('input', { number: Number(sample.dataset.number) });
});
"""


class Chips(gr.Radio):
    """A choice that hands over what the browser has, even if it is no longer offered.

    The browser drops what is chosen for it while the lesson is not open. Like a `Slider`, this has
    no `__init__`.
    """

    is_template = True  # drawn by the front end of gr.Radio

    def preprocess(self, payload: str | int | float | None) -> str | int | float | None:
        """Return what was chosen, unchecked."""
        return payload


class Digits(NamedTuple):
    """The components."""

    kind: gr.Radio  # of samples: a key of SETS
    sample: gr.Number  # or DRAWING
    factor: Slider
    seed: gr.Number
    network: Chips
    drawn: gr.State  # a drawing, framed
    own: gr.State  # the network that the visitor has trained, if any
    are_layers_open: gr.State
    samples: gr.HTML
    drawing: gr.HTML
    source: gr.Markdown
    figure: gr.HTML
    grid: gr.HTML
    prompts: gr.HTML
    layers: gr.HTML
    unfold: gr.Accordion  # the layers

    @property
    def causes(self) -> list[Any]:
        """The components that a visitor changes."""
        return [*self[:5], self.drawn, self.own, self.are_layers_open]

    @property
    def effects(self) -> list[Any]:
        """The components that follow."""
        return [self.network, self.samples, self.source, *self[11:15]]


def build_digits(own: gr.State, networks: list[str]) -> Digits:
    """Add the components.

    Args:
        own: the network that the visitor has trained, if any.
        networks: all that there are, or else the browser drops what an address asks for; once the
            lesson is opened, those for the samples are offered.
    """
    gr.Markdown(WORDS, elem_classes="quiet part-words")
    states = gr.State(None), own, gr.State(False)
    with gr.Row(equal_height=False, elem_classes="lesson"):
        with gr.Column(min_width=290, scale=0, elem_classes="causes"):
            kind, sample, samples, source = _build_samples()
            with gr.Column(elem_classes="reach"):
                factor = Slider(
                    0, 1, FACTOR, step=0.05, label="Noise (white is 1)", elem_id="digits-factor"
                )
            with gr.Column(elem_classes="last"):
                seed = gr.Number(0, label="Seed", precision=0, elem_id="digits-seed")
            with gr.Column(elem_classes="part-drawing tight last"):
                drawing = build_drawing_field()
        with gr.Column(min_width=320, scale=1, elem_classes="effects"):
            network = Chips(
                networks,
                value=networks[0],
                label="Network",
                show_label=False,
                container=False,
                elem_id="digits-network",
            )
            figure = build_figure()
            grid = gr.HTML(elem_id="digits-grid", elem_classes="part-grid", padding=False)
            prompts = gr.HTML(
                elem_id="digits-prompts", elem_classes="part-prompts last", padding=False
            )
            with gr.Accordion(
                "Layer by layer: what each makes of this picture",
                open=False,
                elem_id="digits-layers",
                elem_classes="part-layers last",
            ) as unfold:
                layers = gr.HTML(padding=False)
    chosen = kind, sample, factor, seed, network
    shown = samples, drawing, source, figure, grid, prompts, layers
    return Digits._make([*chosen, *states, *shown, unfold])


def list_samples(pictures: NDArray[np.uint8], chosen: int) -> str:
    """Return buttons with the samples as HTML; the chosen one is pressed."""
    buttons = (
        f'<button type="button" data-number="{number}" aria-label="Sample {number + 1}" '
        f'aria-pressed="{str(number == chosen).lower()}">{inline_image(picture, "")}</button>'
        for number, picture in enumerate(pictures)
    )
    return f'<div class="samples">{"".join(buttons)}</div>'


def _build_samples() -> tuple[gr.Radio, gr.Number, gr.HTML, gr.Markdown]:
    kind = gr.Radio(
        SET_CHOICES,
        value="digits",
        label="Samples of",
        show_label=False,
        container=False,
        elem_id="digits-kind",
    )
    sample = gr.Number(0, label="Sample", precision=0, visible="hidden")
    samples = gr.HTML(js_on_load=CHOOSE, elem_id="digits-samples", padding=False)
    source = gr.Markdown(elem_classes="quiet small", elem_id="digits-source")
    return kind, sample, samples, source
