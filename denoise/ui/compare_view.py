"""All methods on one noisy picture: gallery, table, and the same detail of each."""

import base64
import io
from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from denoise.comparison import Entry, Injection, Subject, pack
from denoise.errors import SettingError
from denoise.ui.endpoint import COMPUTE
from denoise.ui.failures import explained
from denoise.ui.methods import build_methods
from denoise.ui.noise_controls import NoiseControls, injection_of
from denoise.ui.parts import PictureInput, write_shown
from denoise.ui.service import Service

HEADERS = ["Method", "PSNR, dB", "SSIM", "HaarPSI", "s per Mpixel", "Parameters, M", "Note"]
TYPES = ["str", "number", "number", "number", "number", "number", "str"]
DETAIL_SIDES = (32, 64, 128, 256)
WORDS = (
    "All on the same noisy picture. Sort the table by a click on its head. **HaarPSI** (1 is "
    "perfect) is near to what people see; classical methods are told the noise level."
)

Shown = list[tuple[str, str]]  # title and file, at full size


def build_compare_view(
    service: Service, clean: PictureInput, noise: NoiseControls, noisy: gr.Image
) -> None:
    """Adds the view; a click into the noisy picture chooses the detail."""
    gr.Markdown(WORDS, elem_classes="quiet")
    methods, told = build_methods("compare")
    with gr.Row():
        start = gr.Button("Compare", variant="primary", elem_id="compare")
        stop = gr.Button("Stop", scale=0, min_width=120)
    status = gr.Markdown(elem_id="compare-status", elem_classes="figures")
    table = gr.Dataframe(
        headers=HEADERS,
        datatype=TYPES,  # type: ignore[arg-type]
        interactive=False,
        label="Figures",
        buttons=["fullscreen", "copy"],
        elem_id="compare-table",
    )
    with gr.Row(equal_height=True):
        across = gr.Slider(0, 100, 50, step=1, label="Detail, from left", info="%", min_width=140)
        down = gr.Slider(0, 100, 50, step=1, label="Detail, from top", info="%", min_width=140)
        side = gr.Dropdown(
            [(f"{side} pixels", side) for side in DETAIL_SIDES],
            value=64,
            label="Side of the detail",
            info="A click into the noisy picture chooses the place.",
            min_width=200,
        )
    strip = gr.HTML(elem_id="strip", padding=False)
    gallery = gr.Gallery(
        label="Pictures",
        format="png",
        columns=4,
        height="auto",
        object_fit="contain",
        interactive=False,
        buttons=["fullscreen"],
        elem_id="compare-gallery",
    )
    packed = gr.DownloadButton(
        "Download all pictures and the table", interactive=False, elem_id="compare-download"
    )
    shown = gr.State([])

    def run(file: str | None, methods: list[str], is_told: bool, *noise: Any) -> Iterator[Any]:
        with explained():
            injection = injection_of(*noise)
            if not file:
                raise SettingError("There is no clean picture yet; drop one in first.")
            if not methods:
                raise SettingError("No method is chosen; tick one or more.")
            subject = service.prepare(file, methods)
            yield from _run(service, subject, injection, is_told=is_told)

    running = start.click(
        run,
        [clean, methods, told, *noise],
        [status, table, gallery, packed, shown],
        concurrency_id=COMPUTE,
        concurrency_limit=1,
        show_progress="hidden",
        api_visibility="private",
    )
    stop.click(
        lambda: "Stopped.",
        None,
        status,
        cancels=running,
        queue=False,
        api_visibility="private",
    )
    gr.on(
        [shown.change, across.change, down.change, side.change],
        show_details,
        [shown, across, down, side],
        strip,
        queue=False,
        show_progress="hidden",
        trigger_mode="always_last",
        api_visibility="private",
    )
    noisy.select(place_of, noisy, [across, down], queue=False, api_visibility="private")


def _run(
    service: Service, subject: Subject, injection: Injection, *, is_told: bool
) -> Iterator[Any]:
    entries: list[Entry] = []
    shown: Shown = []
    gallery: list[tuple[str, str]] = []
    for entry in service.compare(subject, injection, is_told=is_told):
        entries.append(entry)
        file = write_shown(service, entry.image, f"{entry.method}.png")
        caption = f"{entry.title} · {entry.psnr:.2f} dB"
        gallery = [*gallery, (file, caption)]
        if entry.image.shape == subject.clean.shape:  # not a part of it only
            shown = [*shown, (caption, file)]
        done = f"{len(entries) - 1} of {len(subject.methods)} methods are done."
        yield done, _rows(entries), gallery, gr.skip(), shown
    clean = write_shown(service, subject.clean, "clean.png")
    packed = service.new_file("compared.zip")
    pack(subject.clean, entries, packed)
    yield (
        " ".join(["Done.", *subject.warnings]),
        _rows(entries),
        [*gallery, (clean, "Clean")],
        gr.update(value=str(packed), interactive=True),
        [*shown, ("Clean", clean)],
    )


def _rows(entries: list[Entry]) -> list[list[Any]]:
    table = []
    for entry in entries:
        found = entry.to_dict()
        size = None if entry.parameters is None else entry.parameters / 1e6
        figures = [
            _rounded(found["psnr"], 2),
            _rounded(found["ssim"], 4),
            _rounded(found["haarpsi"], 4),
            _rounded(found["seconds_per_mpixel"], 2),
            _rounded(size, 2),
        ]
        table.append([entry.title, *figures, entry.note])
    return table


def _rounded(figure: float | None, digits: int) -> float | None:
    return None if figure is None else round(figure, digits)


def show_details(shown: Shown, across: float, down: float, side: int) -> str:
    """Gives the same detail of every picture, enlarged without smoothing, as HTML."""
    figures = []
    for caption, file in shown:
        with Image.open(file) as image:
            left = round((image.width - min(side, image.width)) * across / 100)
            top = round((image.height - min(side, image.height)) * down / 100)
            crop = image.crop(
                (left, top, left + min(side, image.width), top + min(side, image.height))
            )
        content = io.BytesIO()
        crop.save(content, "PNG")
        source = base64.b64encode(content.getvalue()).decode()
        figures.append(
            f'<figure><img src="data:image/png;base64,{source}" alt="Detail: {escape(caption)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return f'<div class="strip">{"".join(figures)}</div>' if figures else ""


def place_of(noisy: str, event: gr.SelectData) -> tuple[float, float]:
    """Gives where a click into a picture was, in percent from left and top."""
    with Image.open(noisy) as image:
        size = np.array(image.size)
    across, down = np.clip(np.array(event.index) / size * 100, 0, 100)
    return round(float(across)), round(float(down))
