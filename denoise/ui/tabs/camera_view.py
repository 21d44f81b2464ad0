"""A camera from inside: what each of its stages does to the noise."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import gradio as gr
import numpy as np

from denoise.errors import DenoiseError
from denoise.evaluation.methods import CleanImage
from denoise.images.arrays import LUMA, to_8_bits
from denoise.noise.camera_stages import Passed, show_stages
from denoise.noise.synthesis import NoiseSpec, seeded_generator
from denoise.ui.server.service import Service
from denoise.ui.widgets.events import LATEST, Values
from denoise.ui.widgets.methods import Spoilt
from denoise.ui.widgets.noise_controls import CAMERA, noise_spec_of, stage_title
from denoise.ui.widgets.parts import inline_image
from denoise.ui.widgets.terms import measured_words, term

WORDS = (
    "**What demosaicing does to noise.** On a sensor every pixel has noise of its own, but sees "
    "one colour only. Demosaicing fills in the other two from the neighbours, and their noise "
    "comes along: grain grows coarse and coloured. White balance and colour matrix make it "
    "stronger, the tone curve lifts it out of the shadows, and smoothing turns grain into "
    "blotches. A network that knows white noise only takes blotches for a part of the picture."
)
CHOOSE = "Choose **camera** as the kind of noise, and no mixture, to look into the camera."
HOW = (
    "A detail of the picture after each stage, and below it the noise alone, always equally "
    "strong. Light is brightened for the eye until the tone curve does it. Click into the noisy "
    "picture to choose another detail; its size is that under Compare."
)
PREPARED = 8  # pictures that are kept ready
SPREAD = 6.0  # deviations of the noise that are shown from black to white


def build_camera_view(service: Service, spoilt: Spoilt, place: list[Any]) -> None:
    """Add the view; it shows the detail at a place: percent from left and top, side in pixels."""
    gr.Markdown(WORDS, elem_classes="quiet")
    words = gr.Markdown(CHOOSE, elem_id="camera-words")
    stages = gr.HTML(elem_id="camera-stages", padding=False)
    gr.Markdown(measured_words("Neighbours", "Channels"), elem_classes="quiet")
    asked = {spoilt.clean, *spoilt.noise, *place}
    show = partial(_show, lru_cache(PREPARED)(service.prepare), spoilt, place)
    for follow in (partial(gr.on, [one.change for one in place]), spoilt.changed.then):
        follow(show, asked, [words, stages], show_progress="hidden", **LATEST)


def _show(
    prepare: Callable[[str], CleanImage], spoilt: Spoilt, place: list[Any], values: Values
) -> tuple[str, str]:
    """Return words and the stages as HTML; none where the noise is not that of a camera alone."""
    try:
        spec = noise_spec_of(spoilt.noise, values)
        if spec.kind != CAMERA or spec.level == 0 or not values[spoilt.clean]:
            return CHOOSE, ""
        clean = np.atleast_3d(prepare(values[spoilt.clean]).clean / 255)
    except DenoiseError:  # which is said at the noisy picture
        return CHOOSE, ""
    across, down, side = (values[one] for one in place)
    height, width = clean.shape[:2]
    part = _part_of(height, down, side), _part_of(width, across, side)
    return HOW, stages_shown(clean, spec, part)


def stages_shown(clean: Any, spec: NoiseSpec, part: tuple[slice, slice]) -> str:
    """Return pictures of each stage of a camera as HTML, with what is measured of their noise."""
    if spec.gray and clean.shape[2] == 3:
        clean = (clean @ LUMA)[..., None]
    passed = show_stages(
        clean, spec.level, seeded_generator(spec.seed), without=spec.without, part=part
    )
    figures = (_figure(stage_title(stage), one) for stage, one in passed.items())
    return f'<div class="strip stages">{"".join(figures)}</div>'


def _figure(title: str, passed: Passed) -> str:
    spread = SPREAD * float(passed.noise.std()) or 1.0
    words = [f"<b>{title}</b>", f"{term('Neighbours')} {passed.neighbours:.2f}"]
    if passed.noise.shape[2] == 3:
        words.append(f"{term('Channels')} {passed.channels:.2f}")
    pictures = (
        inline_image(np.squeeze(to_8_bits(pixels)), f"{name}: {title}")
        for name, pixels in (
            ("Detail", passed.picture),
            ("Noise alone", 0.5 + passed.noise / spread),
        )
    )
    return f"<figure>{''.join(pictures)}<figcaption>{'<br>'.join(words)}</figcaption></figure>"


def _part_of(length: int, percent: float, side: int) -> slice:
    """Return so many rows or columns, from an even one on, as the mosaic of a camera is laid."""
    first = round(max(0, length - side) * percent / 200) * 2
    return slice(first, first + side)
