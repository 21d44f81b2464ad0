"""All methods on one noisy picture: gallery, table, and the same detail of each."""

from collections.abc import Iterator
from functools import partial
from html import escape
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from denoise.evaluation.results import MethodResult, write_zip
from denoise.images.reading import load_picture
from denoise.ui.server.service import Service
from denoise.ui.widgets.events import AT_ONCE, LATEST, Updates
from denoise.ui.widgets.methods import Job, Spoilt, build_run, done_words, listen_run
from denoise.ui.widgets.noise_controls import describe_noise
from denoise.ui.widgets.parts import Slider, inline_image, write_shown
from denoise.ui.widgets.tables import Table, table_of
from denoise.ui.widgets.terms import measured_words

HEADERS = ["Method", "PSNR, dB", "SSIM", "HaarPSI", "s per Mpixel", "Parameters, M", "Note"]
TYPES = ["str", "number", "number", "number", "number", "number", "str"]
FORMATS = ["", ".2f", ".4f", ".4f", ".2f", ".2f", ""]
DETAIL_SIDES = (32, 64, 128, 256)
WORDS = (
    "All methods get the same noisy picture. A column's menu (⋮) sorts the table. **HaarPSI** "
    "(1 is perfect) comes close to what people see. Classical methods are told the noise level."
)
COLUMNS = ("PSNR", "SSIM", "HaarPSI", "s per Mpixel", "Parameters")

Shown = list[tuple[str, str]]  # title and file, at full size


class _Views(NamedTuple):
    status: gr.Markdown
    table: gr.Dataframe
    gallery: gr.Gallery
    packed: gr.DownloadButton
    shown: gr.State  # titles and files of the pictures at full size


def build_compare_view(service: Service, spoilt: Spoilt, noisy: gr.Image) -> list[Any]:
    """Add the view; a click into the noisy picture chooses the detail.

    Returns:
        The components that hold the detail's place: percent from left and top, side in pixels.
    """
    gr.Markdown(WORDS, elem_classes="quiet")
    run = build_run(service, "compare")
    table = _build_table()
    place = _build_place()
    strip = gr.HTML(elem_id="strip", padding=False)
    gallery = _build_gallery()
    packed = gr.DownloadButton(
        "Download all pictures and the table", interactive=False, elem_id="compare-download"
    )
    views = _Views(run.status, table, gallery, packed, shown := gr.State([]))
    work = partial(_work, service, views)
    listen_run(service, run, spoilt=spoilt, work=work, outputs=views[1:])
    gr.on(
        [shown.change, *[one.change for one in place]],
        show_details,
        [shown, *place],
        strip,
        show_progress="hidden",
        **LATEST,
    )

    def place_of(file: str, event: gr.SelectData) -> tuple[float, float]:
        """Return where a picture was clicked, in percent from left and top."""
        height, width = service.read(file).pixels.shape[:2]
        across, down = np.clip(np.array(event.index) / (width, height) * 100, 0, 100)
        return round(float(across)), round(float(down))

    noisy.select(place_of, noisy, place[:2], **AT_ONCE)
    return place


def _build_table() -> gr.Dataframe:
    table = gr.Dataframe(
        headers=HEADERS,
        datatype=TYPES,  # type: ignore[arg-type]
        interactive=False,
        label="Figures",
        buttons=["fullscreen", "copy"],
        elem_id="compare-table",
    )
    gr.Markdown(measured_words(*COLUMNS), elem_classes="quiet")
    return table


def _build_place() -> list[Any]:
    """Add the choice of a detail: percent from left and top, and its side in pixels."""
    with gr.Row(equal_height=True):
        return [
            Slider(0, 100, 50, step=1, label="Detail, from left", info="%", min_width=140),
            Slider(0, 100, 50, step=1, label="Detail, from top", info="%", min_width=140),
            gr.Dropdown(
                [(f"{side} pixels", side) for side in DETAIL_SIDES],
                value=64,
                label="Side of the detail",
                info="Click into the noisy picture to choose the place.",
                min_width=200,
            ),
        ]


def _build_gallery() -> gr.Gallery:
    return gr.Gallery(
        label="Pictures",
        format="png",
        columns=4,
        height="auto",
        object_fit="contain",
        interactive=False,
        buttons=["fullscreen"],
        elem_id="compare-gallery",
    )


def _work(service: Service, views: _Views, job: Job) -> Iterator[Updates]:
    image = job.image
    results: list[MethodResult] = []
    shown: Shown = []
    gallery: list[tuple[str, str]] = []
    for result in service.compare(image, job.spec, is_told=job.is_told):
        results.append(result)
        file = write_shown(service, result.image, f"{result.method}.png")
        caption = f"{result.title} · {result.psnr:.2f} dB"
        gallery = [*gallery, (file, caption)]
        if result.image.shape == image.clean.shape:  # not only a part of it
            shown = [*shown, (caption, file)]
        yield {
            views.status: f"{len(results) - 1} of {len(image.methods)} methods are done.",
            views.table: _table(results),
            views.gallery: gallery,
            views.shown: shown,
        }
    clean = write_shown(service, image.clean, "clean.png")
    packed = service.storage.new_file("compared.zip")
    write_zip(image.clean, results, packed)
    yield {
        views.status: done_words(job, describe_noise(job.spec)),
        views.gallery: [*gallery, (clean, "Clean picture")],
        views.packed: gr.update(value=str(packed), interactive=True),
        views.shown: [*shown, ("Clean picture", clean)],
    }


def _table(entries: list[MethodResult]) -> Table:
    rows = []
    for entry in entries:
        found = entry.to_dict()  # without infinities, which JSON has not
        figures = [found[key] for key in ("psnr", "ssim", "haarpsi", "seconds_per_mpixel")]
        size = None if entry.parameters is None else entry.parameters / 1e6
        rows.append([entry.title, *figures, size, entry.note])
    return table_of(rows, FORMATS)


def show_details(shown: Shown, across: float, down: float, side: int) -> str:
    """Return the same detail of every picture, enlarged without smoothing, as HTML."""
    figures = []
    for caption, file in shown:
        pixels = load_picture(file).pixels
        height, width = pixels.shape[:2]
        top = round(max(0, height - side) * down / 100)
        left = round(max(0, width - side) * across / 100)
        detail = pixels[top : top + side, left : left + side]
        figures.append(
            f"<figure>{inline_image(detail, f'Detail: {caption}')}"
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return f'<div class="strip">{"".join(figures)}</div>' if figures else ""
