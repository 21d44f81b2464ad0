"""The tab Noise lab: what noise does to a clean picture, and how well each method undoes it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from gradio.events import Dependency
from numpy.typing import NDArray

from denoise.errors import SettingError
from denoise.evaluation.methods import CleanImage
from denoise.images.arrays import to_8_bits
from denoise.images.picture import Picture
from denoise.metrics import psnr, ssim
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.server.service import Service
from denoise.ui.tabs.camera_view import build_camera_view
from denoise.ui.tabs.compare_view import build_compare_view
from denoise.ui.tabs.residual_view import build_residual_view
from denoise.ui.tabs.sweep_view import build_sweep_view
from denoise.ui.widgets.events import IN_TURN, NOTHING, Updates, Values
from denoise.ui.widgets.methods import Spoilt
from denoise.ui.widgets.noise_controls import (
    NoiseControls,
    build_noise_controls,
    describe_noise,
    follow_kind,
    noise_spec_of,
)
from denoise.ui.widgets.parts import (
    PictureInput,
    build_model_choice,
    build_view,
    clean_examples,
    is_tiny,
    write_shown,
)
from denoise.ui.widgets.quoting import quoted
from denoise.ui.widgets.terms import term

HEIGHT = 320  # pixels, of a picture with its words, so that three fit a screen
PREPARED = 8  # pictures that are kept ready
Fill = tuple[Callable[..., Any], set[Any], list[Any]]  # function, inputs and outputs
# A chart that was drawn while its tab was hidden takes its width from the window's next change.
FIT_CHARTS = "() => { setTimeout(() => window.dispatchEvent(new Event('resize')), 50); }"
WORDS = (
    "Add noise to a clean picture and see how much can be restored. The page's address holds the "
    "settings: copy it to link to them."
)


class Views(NamedTuple):
    """The pictures and the words below them."""

    clean: PictureInput
    clean_words: gr.Markdown
    noisy: gr.Image
    noisy_words: gr.Markdown
    denoised: gr.Image
    denoised_words: gr.Markdown
    pair: gr.State  # files of the noisy and the denoised picture, not enlarged


class Lab:
    """What the tab's events do.

    An impossible setting, such as a half-typed mixture, is explained among the words. If the event
    failed instead, the event that waits behind it for the last of the typing would be lost.
    """

    def __init__(
        self, service: Service, model: gr.Dropdown, noise: NoiseControls, views: Views
    ) -> None:
        self.service = service
        self.model = model
        self.noise = noise
        self.views = views
        self._prepare = lru_cache(PREPARED)(lambda file, model: service.prepare(file, [model]))

    @property
    def inputs(self) -> set[Any]:
        """The components that the events read."""
        return {self.views.clean, self.model, *self.noise}

    def show_noise(self, values: Values) -> Updates:
        """Show the noisy picture and its PSNR, and words on the clean one; no network runs."""
        views = self.views
        if not values[views.clean]:
            return NOTHING
        try:
            image, noisy, _ = self._spoil(values)
        except SettingError as error:
            return {views.noisy_words: quoted(error)}
        with ThreadPoolExecutor() as threads:
            shown = threads.submit(write_shown, self.service, noisy, "noisy.png")
            words = _psnr_words(image.clean, noisy)
        return {
            views.clean_words: quoted(" ".join(image.warnings)),
            views.noisy: shown.result(),
            views.noisy_words: words,
        }

    def show_denoised(self, values: Values) -> Updates:
        """Show the denoised picture and all figures, and keep the files of both pictures."""
        views = self.views
        if not values[views.clean]:
            return NOTHING
        try:
            image, noisy, spec = self._spoil(values)
        except SettingError as error:  # said again: figures may have replaced it meanwhile
            return {views.noisy_words: quoted(error)}
        denoised = self.service.denoise_pixels(noisy, values[self.model])
        words = quoted(describe_noise(spec))
        kept = self._keep(denoised, "denoised.png")
        shown = kept
        if is_tiny(denoised):
            shown = write_shown(self.service, denoised, "denoised.png")
        return {
            views.noisy_words: f"{_figures(image.clean, noisy)}  \n{words}",
            views.denoised: shown,
            views.denoised_words: _figures(image.clean, denoised),
            views.pair: [self._keep(noisy, "noisy.png"), kept],
        }

    def _spoil(self, values: Values) -> tuple[CleanImage, NDArray[Any], NoiseSpec]:
        spec = noise_spec_of(self.noise, values)
        image = self._prepare(values[self.views.clean], values[self.model])
        return image, spec.add_to(image.clean), spec

    def _keep(self, pixels: NDArray[Any], name: str) -> str:
        return str(self.service.storage.write(Picture(to_8_bits(pixels)), name))


class LabTab(NamedTuple):
    """What the page needs of the tab."""

    fill: list[Fill]
    model: gr.Dropdown
    noise: NoiseControls
    views: gr.Tabs  # of all methods, and of what was removed


def build_noise_lab_tab(service: Service) -> LabTab:
    """Add the tab's contents."""
    gr.Markdown(WORDS, elem_classes="quiet part-words")
    examples = clean_examples(service)
    with gr.Row(equal_height=False, elem_classes="lesson"):
        with gr.Column(min_width=290, scale=0, elem_classes="causes"):
            noise, unit = build_noise_controls()
            model = build_model_choice(service, "lab-network")
        with gr.Column(min_width=320, scale=1, elem_classes="effects"):
            views = _build_views(examples)
            changed, fill = _listen(Lab(service, model, noise, views))
            follow_kind(changed, noise, unit)
            methods = _build_methods(service, Spoilt(views.clean, noise, changed), views)
    return LabTab(fill, model, noise, methods)


def _build_methods(service: Service, spoilt: Spoilt, views: Views) -> gr.Tabs:
    """Add what is measured on all methods, and on what the network removed."""
    methods = gr.Tabs(elem_classes="part-methods")
    with methods:
        with gr.Tab("Compare", id="compare"):
            place = build_compare_view(service, spoilt, views.noisy)
        with gr.Tab("Sweep", id="sweep") as levels:
            build_sweep_view(service, spoilt)
        with gr.Tab("Removed", id="removed") as removed:
            build_residual_view(service, views.pair)
        with gr.Tab("Camera", id="camera"):
            build_camera_view(service, spoilt, place)
    for tab in (levels, removed):
        tab.select(None, js=FIT_CHARTS, api_visibility="private")
    return methods


def _listen(lab: Lab) -> tuple[Dependency, list[Fill]]:
    """Have the pictures follow the controls: the noisy one at once, the denoised one after it.

    Returns:
        The first of these events, and what fills the views at first. Whatever follows the controls
        must wait for that event: two events that are "always_last" of the same change start each
        other again, for ever (Gradio 6.31).
    """
    views = lab.views
    quick = [views.clean_words, views.noisy, views.noisy_words]
    slow = [views.noisy_words, views.denoised, views.denoised_words, views.pair]
    last = IN_TURN | {"trigger_mode": "always_last"}
    changed = gr.on(
        [views.clean.change, lab.model.input, *[one.change for one in lab.noise]],
        lab.show_noise,
        lab.inputs,
        quick,
        show_progress="hidden",
        **last | {"concurrency_id": "noise"},
    )
    changed.then(lab.show_denoised, lab.inputs, slow, show_progress="minimal", **last)
    return changed, [(lab.show_noise, lab.inputs, quick), (lab.show_denoised, lab.inputs, slow)]


def _build_views(examples: list[str]) -> Views:
    size = {"width": 240, "height": HEIGHT}
    with gr.Row(equal_height=False):
        with gr.Column(min_width=240):
            clean = PictureInput(
                type="filepath",
                format="png",
                value=examples[0],
                label="Clean picture",
                alt_text="The clean picture",
                sources=["upload", "clipboard"],
                height=HEIGHT,
                buttons=["fullscreen"],
                elem_id="clean-picture",
            )
            clean_words = gr.Markdown(elem_classes="figures", elem_id="clean-words")
        noisy, noisy_words = build_view("Noisy", "The picture, noisy", **size)
        denoised, denoised_words = build_view("Denoised", "The picture, denoised", **size)
    gr.Examples(examples, clean, label="Clean photographs", api_visibility="private")
    pair = gr.State(None)
    return Views(clean, clean_words, noisy, noisy_words, denoised, denoised_words, pair)


def _figures(clean: NDArray[Any], image: NDArray[Any]) -> str:
    structure = ""
    if min(clean.shape[:2]) >= 11:
        structure = f" · {term('SSIM')} **{ssim(clean, to_8_bits(image)):.4f}**"
    return _psnr_words(clean, image) + structure


def _psnr_words(clean: NDArray[Any], image: NDArray[Any]) -> str:
    decibel = psnr(clean, to_8_bits(image))
    return f"{term('PSNR')} **{f'{decibel:.2f} dB' if np.isfinite(decibel) else 'equal'}**"
