"""What the network took away, and whether it looks like noise."""

from typing import Any

import gradio as gr

from denoise.evaluation.residual import MIN_SIDE, analyse_residual
from denoise.images.reading import load_picture
from denoise.ui.server.failures import explained
from denoise.ui.server.service import Service
from denoise.ui.widgets.charts import histogram_chart, spectrum_chart
from denoise.ui.widgets.parts import write_shown
from denoise.ui.widgets.terms import term

WORDS = (
    "Noisy minus denoised, amplified around gray. If you can make out the picture in it, picture "
    "was taken away with the noise. Shades of whole areas have another cause: noise that was "
    "clipped at black or white has a mean, and removing it brings the tone back."
)


def build_removed_view(service: Service, pair: gr.State) -> None:
    """Adds the view, which follows the pair of the noisy and the denoised picture."""
    gr.Markdown(WORDS, elem_classes="quiet")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            residual = gr.Image(
                label="Removed",
                alt_text="What was removed, amplified around gray",
                type="filepath",
                format="png",
                interactive=False,
                height=480,
                buttons=["download", "fullscreen"],
                elem_id="removed-view",
            )
            words = gr.Markdown(elem_id="removed-words", elem_classes="figures")
        with gr.Column(min_width=300):
            histogram = gr.Plot(label="Histogram; line: normal noise as strong")
            spectrum = gr.Plot(label="Power by frequency; white noise is level at 1")

    def analyse(files: list[str] | None) -> Any:
        with explained():
            if not files:
                return (gr.skip(),) * 4
            noisy, denoised = (load_picture(file).pixels for file in files)
            if min(noisy.shape[:2]) < MIN_SIDE:
                return (gr.skip(),) * 4
            residual = analyse_residual(noisy, denoised)
            return (
                write_shown(service, residual.picture, "removed.png"),
                f"Removed **{255 * residual.rms:.1f}/255** (root mean square), shown "
                f"{residual.gain:.3g} times as strong.  \n"
                f"{term('Whiteness')} **{residual.whiteness:.3f}**: 1 is white noise, all "
                "frequencies alike; coarse noise and picture have less.  \n"
                f"{term('Follows edges')} **{residual.follows_edges:+.2f}**: near 0 or below is "
                "noise alone; towards 1, edges went with it.",
                histogram_chart(residual),
                spectrum_chart(residual),
            )

    pair.change(
        analyse,
        pair,
        [residual, words, histogram, spectrum],
        trigger_mode="always_last",
        show_progress="hidden",
        concurrency_id="noise",
        api_visibility="private",
    )
