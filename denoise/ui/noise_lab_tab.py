"""The tab Noise lab: what noise does to a clean picture, and what a network makes of it."""

from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoise.denoiser import DEFAULT_MODEL, fit_picture
from denoise.images import Picture
from denoise.metrics import psnr, ssim
from denoise.noise import KINDS, add_noise
from denoise.ui.endpoint import COMPUTE
from denoise.ui.failures import explained
from denoise.ui.parts import (
    PictureInput,
    clean_examples,
    flat_pixels,
    model_choices,
    write_shown,
)
from denoise.ui.service import Service

MAX_PIXELS = 1_000_000  # worked on here, so that the slider answers at once
WORDS = (
    "Spoil a clean picture and see what a network saves. **PSNR** (in dB, more is better) says "
    "how far the pixels are from the clean ones; **SSIM** (1 is perfect) how well the structure "
    "is kept. The same seed always gives the same noise, here, over HTTP and on the command line."
)


def build_noise_lab_tab(service: Service) -> list[Any]:
    """Adds the tab's contents; gives the function, inputs and outputs that first fill it."""
    gr.Markdown(WORDS, elem_classes="quiet")
    examples = clean_examples(service)
    with gr.Row(equal_height=True):
        kind = gr.Dropdown(list(KINDS), value="gaussian", label="Kind of noise", elem_id="kind")
        level = gr.Slider(
            0,
            1,
            value=0.1,
            step=0.005,
            label="Level",
            info=_level_words("gaussian"),
            elem_id="level",
        )
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, elem_id="seed")
        model = gr.Dropdown(model_choices(), value=DEFAULT_MODEL, label="Network", min_width=240)
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280):
            clean = PictureInput(
                type="filepath",
                format="png",
                value=examples[0],
                label="Clean picture",
                sources=["upload", "clipboard"],
                height=400,
                buttons=["fullscreen"],
                elem_id="clean-picture",
            )
            clean_words = gr.Markdown(elem_classes="figures", elem_id="clean-words")
        noisy, noisy_words = _build_view("Noisy")
        denoised, denoised_words = _build_view("Denoised")
    gr.Examples(examples, clean, label="Clean photographs", api_visibility="private")

    def update(file: str | None, kind: str, level: float, seed: float, model: str) -> Any:
        with explained():
            if not file:
                return (gr.skip(),) * 5
            pixels, notes = _prepare(service.read(file), model)
            noisy = add_noise(pixels, kind, level, seed=int(seed))
            denoised = service.denoiser(model)(noisy)
            return (
                " ".join(notes),
                write_shown(service, noisy, "noisy.png"),
                _figures(pixels, noisy),
                write_shown(service, denoised, "denoised.png"),
                _figures(pixels, denoised),
            )

    def change_kind(name: str) -> Any:
        top = KINDS[name].max_level
        return gr.update(maximum=top, value=min(0.1, top), info=_level_words(name))

    inputs = [clean, kind, level, seed, model]
    outputs = [clean_words, noisy, noisy_words, denoised, denoised_words]
    kind.input(change_kind, kind, level, queue=False, api_visibility="private")
    gr.on(
        [clean.change, kind.change, level.change, seed.change, model.input],
        update,
        inputs,
        outputs,
        trigger_mode="always_last",
        show_progress="minimal",
        concurrency_id=COMPUTE,
        concurrency_limit=1,
        api_visibility="private",
    )
    return [update, inputs, outputs]


def _build_view(label: str) -> tuple[gr.Image, gr.Markdown]:
    name = label.lower()
    with gr.Column(min_width=280):
        image = gr.Image(
            label=label,
            type="filepath",
            format="png",
            interactive=False,
            height=400,
            buttons=["download", "fullscreen"],
            elem_id=f"{name}-view",
        )
        return image, gr.Markdown(elem_classes="figures", elem_id=f"{name}-words")


def _level_words(kind: str) -> str:
    found = KINDS[kind]
    return f"{found.meaning}, 0 to {found.max_level:g}".capitalize()


def _prepare(picture: Picture, model: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Gives the pixels to work on, and sentences on what was done to them."""
    fitted, notes = fit_picture(picture, model)
    if notes:
        return fitted, (f"For {model} the picture was {', '.join(notes)}.",)
    pixels = flat_pixels(picture)
    height, width = pixels.shape[:2]
    if height * width <= MAX_PIXELS:
        return pixels, ()
    shrink = (MAX_PIXELS / (height * width)) ** 0.5
    size = (max(1, int(width * shrink)), max(1, int(height * shrink)))
    eight_bit = pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)
    small = Image.fromarray(eight_bit).resize(size, Image.Resampling.BOX)
    return np.asarray(small), (f"Shrunk to {size[0]} x {size[1]} here, to answer quickly.",)


def _figures(clean: NDArray[Any], image: NDArray[Any]) -> str:
    decibel = psnr(clean, image)
    shown = f"{decibel:.2f} dB" if np.isfinite(decibel) else "equal"
    structure = f" · SSIM **{ssim(clean, image):.4f}**" if min(clean.shape[:2]) >= 11 else ""
    return f"PSNR **{shown}**{structure}"
