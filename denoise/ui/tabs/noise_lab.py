"""The tab Noise lab: what noise does to a clean picture, and what each method makes of it."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from gradio.events import Dependency
from numpy.typing import NDArray

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import SettingError
from denoise.evaluation.methods import CleanImage
from denoise.images.arrays import to_8_bits
from denoise.images.picture import Picture
from denoise.metrics import psnr, ssim
from denoise.ui.server.failures import explained
from denoise.ui.server.service import COMPUTE, Service
from denoise.ui.tabs.compare_view import build_compare_view
from denoise.ui.tabs.residual_view import build_removed_view
from denoise.ui.tabs.sweep_view import build_sweep_view
from denoise.ui.widgets.controls import TYPED
from denoise.ui.widgets.noise_controls import (
    NoiseControls,
    build_noise_controls,
    describe_noise,
    noise_spec_of,
    show_unit,
)
from denoise.ui.widgets.parts import (
    PictureInput,
    clean_examples,
    is_tiny,
    model_choices,
    write_shown,
)
from denoise.ui.widgets.quoting import quoted
from denoise.ui.widgets.terms import term

PREPARED = 8  # pictures that are kept ready
# A chart that was drawn while its tab was hidden takes its width from the window's next change.
FIT_CHARTS = "() => { setTimeout(() => window.dispatchEvent(new Event('resize')), 50); }"
WORDS = (
    "Spoil a clean picture and see what is saved. **PSNR** (in dB, more is better) says how far "
    "the pixels are from the clean ones; **SSIM** (1 is perfect) how well the structure is kept. "
    "The same seed always gives the same noise, here, over HTTP and on the command line. The "
    "settings stand in the page's address: copy it to link to them."
)


class _Views(NamedTuple):
    clean: PictureInput
    clean_words: gr.Markdown
    noisy: gr.Image
    noisy_words: gr.Markdown
    denoised: gr.Image
    denoised_words: gr.Markdown
    pair: gr.State  # files of the noisy and the denoised picture, not enlarged


class _Lab:
    """What the tab's events do.

    A setting that cannot be, such as a mixture that is half typed, is told among the words: an
    event that fails would take with it the one that waits behind it for the last of the typing.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._prepare = lru_cache(PREPARED)(lambda file, model: service.prepare(file, [model]))

    def show_noise(self, file: str | None, model: str, *noise: Any) -> Any:
        """Gives words on the clean picture, the noisy one and its PSNR: no network runs."""
        with explained():
            if not file:
                return (gr.skip(),) * 3
            try:
                subject, noisy = self._spoil(file, model, *noise)
            except SettingError as error:
                return gr.skip(), gr.skip(), quoted(error)
            with ThreadPoolExecutor() as threads:
                shown = threads.submit(write_shown, self.service, noisy, "noisy.png")
                words = _psnr_words(subject.clean, noisy)
            return quoted(" ".join(subject.warnings)), shown.result(), words

    def show_denoised(self, file: str | None, model: str, *noise: Any) -> Any:
        """Gives all figures, the denoised picture, and the files of both."""
        with explained():
            if not file:
                return (gr.skip(),) * 4
            try:
                subject, noisy = self._spoil(file, model, *noise)
            except SettingError as error:  # once more: earlier figures may have come after it
                return quoted(error), gr.skip(), gr.skip(), gr.skip()
            denoised = self.service.denoise_pixels(noisy, model)
            words = describe_noise(noise_spec_of(*noise))
            kept = self._keep(denoised, "denoised.png")
            is_enlarged = is_tiny(denoised)
            return (
                f"{_figures(subject.clean, noisy)}  \n{quoted(words)}",
                write_shown(self.service, denoised, "denoised.png") if is_enlarged else kept,
                _figures(subject.clean, denoised),
                [self._keep(noisy, "noisy.png"), kept],
            )

    def _spoil(self, file: str, model: str, *noise: Any) -> tuple[CleanImage, NDArray[Any]]:
        spec = noise_spec_of(*noise)
        subject = self._prepare(file, model)
        return subject, spec.add_to(subject.clean)

    def _keep(self, pixels: NDArray[Any], name: str) -> str:
        return str(self.service.storage.write(Picture(to_8_bits(pixels)), name))


class LabTab(NamedTuple):
    """What the page needs of the tab."""

    fill: list[tuple[Any, list[Any], list[Any]]]  # functions, inputs and outputs
    model: gr.Dropdown
    noise: NoiseControls


def build_noise_lab_tab(service: Service) -> LabTab:
    """Adds the tab's contents."""
    gr.Markdown(WORDS, elem_classes="quiet")
    examples = clean_examples(service)
    noise, unit = build_noise_controls()
    model = gr.Dropdown(
        model_choices(service),
        value=DEFAULT_MODEL,
        label="Network",
        info=TYPED if service.zoo.takes_addresses else None,
        allow_custom_value=service.zoo.takes_addresses,
        elem_id="lab-network",
    )
    views = _build_views(examples)
    spoilt, fill = _listen(_Lab(service), noise, model, views)
    show_unit(spoilt, noise, unit)
    with gr.Tabs():
        with gr.Tab("Compare"):
            build_compare_view(service, views.clean, noise, spoilt, views.noisy)
        with gr.Tab("Sweep") as levels:
            build_sweep_view(service, views.clean, noise, spoilt)
        with gr.Tab("Removed") as removed:
            build_removed_view(service, views.pair)
    for tab in (levels, removed):
        tab.select(None, js=FIT_CHARTS, api_visibility="private")
    return LabTab(fill, model, noise)


def _listen(
    lab: _Lab, noise: NoiseControls, model: gr.Dropdown, views: _Views
) -> tuple[Dependency, list[tuple[Any, list[Any], list[Any]]]]:
    """Has the pictures follow the controls: the noisy one at once, the denoised one after it.

    Gives the first of these events, which all that follows the controls is to wait for: two that
    are "always_last" of the same change start each other again, for ever (Gradio 6.31).
    """
    inputs = [views.clean, model, *noise]
    quick = [views.clean_words, views.noisy, views.noisy_words]
    slow = [views.noisy_words, views.denoised, views.denoised_words, views.pair]
    last: dict[str, Any] = {
        "trigger_mode": "always_last",
        "concurrency_limit": 1,
        "api_visibility": "private",
    }
    spoilt = gr.on(
        [views.clean.change, model.input, *[one.change for one in noise]],
        lab.show_noise,
        inputs,
        quick,
        show_progress="hidden",
        concurrency_id="noise",
        **last,
    )
    spoilt.then(
        lab.show_denoised, inputs, slow, show_progress="minimal", concurrency_id=COMPUTE, **last
    )
    return spoilt, [(lab.show_noise, inputs, quick), (lab.show_denoised, inputs, slow)]


def _build_views(examples: list[str]) -> _Views:
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280):
            clean = PictureInput(
                type="filepath",
                format="png",
                value=examples[0],
                label="Clean picture",
                alt_text="The clean picture",
                sources=["upload", "clipboard"],
                height=400,
                buttons=["fullscreen"],
                elem_id="clean-picture",
            )
            clean_words = gr.Markdown(elem_classes="figures", elem_id="clean-words")
        noisy, noisy_words = _build_view("Noisy")
        denoised, denoised_words = _build_view("Denoised")
    gr.Examples(examples, clean, label="Clean photographs", api_visibility="private")
    pair = gr.State(None)
    return _Views(clean, clean_words, noisy, noisy_words, denoised, denoised_words, pair)


def _build_view(label: str) -> tuple[gr.Image, gr.Markdown]:
    name = label.lower()
    with gr.Column(min_width=280):
        image = gr.Image(
            label=label,
            alt_text=f"The picture, {name}",
            type="filepath",
            format="png",
            interactive=False,
            height=400,
            buttons=["download", "fullscreen"],
            elem_id=f"{name}-view",
        )
        return image, gr.Markdown(elem_classes="figures", elem_id=f"{name}-words")


def _figures(clean: NDArray[Any], image: NDArray[Any]) -> str:
    structure = ""
    if min(clean.shape[:2]) >= 11:
        structure = f" · {term('SSIM')} **{ssim(clean, to_8_bits(image)):.4f}**"
    return _psnr_words(clean, image) + structure


def _psnr_words(clean: NDArray[Any], image: NDArray[Any]) -> str:
    decibel = psnr(clean, to_8_bits(image))
    return f"{term('PSNR')} **{f'{decibel:.2f} dB' if np.isfinite(decibel) else 'equal'}**"
