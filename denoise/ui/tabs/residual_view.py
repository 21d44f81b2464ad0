"""What the network removed, and whether it looks like noise."""

from typing import Any

import gradio as gr

from denoise.evaluation.residual import MIN_SIDE, Residual, analyse_residual
from denoise.images.reading import load_picture
from denoise.ui.server.service import COMPUTE_LIMIT, Service
from denoise.ui.widgets.charts import histogram_chart, spectrum_chart
from denoise.ui.widgets.events import NOTHING
from denoise.ui.widgets.parts import build_view, write_shown
from denoise.ui.widgets.terms import term

WORDS = (
    "Noisy minus denoised, amplified around gray. If you can make out the picture in it, parts of "
    "the picture were removed with the noise. Shades over whole areas have another cause: noise "
    "that was clipped at black or white has a mean, and removing it restores the tone."
)


def build_residual_view(service: Service, pair: gr.State) -> None:
    """Add the view, which follows the pair of the noisy and the denoised picture."""
    gr.Markdown(WORDS, elem_classes="quiet")
    views = _build_views()

    def analyse(files: list[str] | None) -> Any:
        pixels = [load_picture(file).pixels for file in files or ()]
        if not pixels or min(pixels[0].shape[:2]) < MIN_SIDE:
            return NOTHING
        residual = analyse_residual(*pixels)
        picture = write_shown(service, residual.picture, "removed.png")
        charts = histogram_chart(residual), spectrum_chart(residual)
        return picture, _describe(residual), *charts

    pair.change(
        analyse,
        pair,
        views,
        trigger_mode="always_last",
        show_progress="hidden",
        concurrency_id="noise",
        concurrency_limit=COMPUTE_LIMIT,
        api_visibility="private",
    )


def _build_views() -> list[Any]:
    with gr.Row(equal_height=False):
        words = "What was removed, amplified around gray"
        view = build_view("Removed", words, width=300, height=480)
        with gr.Column(min_width=300):
            histogram = gr.Plot(label="Histogram; the line is normal noise of the same strength")
            spectrum = gr.Plot(label="Power by frequency; white noise is flat at 1")
    return [*view, histogram, spectrum]


def _describe(residual: Residual) -> str:
    return (
        f"Removed **{255 * residual.rms:.1f}/255** (root mean square), amplified "
        f"{residual.gain:.3g} times here.  \n"
        f"{term('Whiteness')} **{residual.whiteness:.3f}**: 1 is white noise, equal at all "
        "frequencies; coarse noise and picture have less.  \n"
        f"{term('Follows edges')} **{residual.follows_edges:+.2f}**: 0 or below means only noise "
        "was removed; towards 1, edges were removed with it."
    )
