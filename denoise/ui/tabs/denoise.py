"""The tab Denoise: a noisy picture in, a clean one out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from denoise.errors import ImageError
from denoise.inference.fitting import fit_to
from denoise.inference.settings import Settings
from denoise.ui.server.failures import explained
from denoise.ui.server.progress import Step
from denoise.ui.server.service import Result, Service
from denoise.ui.tabs.report import command_line, report_words
from denoise.ui.tabs.several_files import build_several
from denoise.ui.widgets.controls import build_controls, settings_of
from denoise.ui.widgets.parts import (
    FileFormat,
    PictureInput,
    build_file_format,
    flat_pixels,
    name_of,
    noisy_examples,
    start_by,
    write_shown,
)

READY = "Drop in a picture and press **Denoise**."
FAILED = "Nothing was denoised."
PRIVACY = (
    "Your pictures stay on this server for an hour at most and are sent nowhere else. "
    "Nothing else is kept."
)


class _Outcome(NamedTuple):
    """What `_Work.run` fills, in its order; the row holds all but `lossless`."""

    compared: gr.ImageSlider
    status: gr.Markdown
    report: gr.Markdown
    download: gr.DownloadButton
    command: gr.Code
    lossless: gr.State  # file of the result, for another format
    row: gr.Row


def build_denoise_tab(service: Service) -> None:
    """Adds the tab's contents to the page that is being built."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=320):
            picture = _build_input(service)
        with gr.Column(scale=2, min_width=300):
            controls = build_controls(service)
            with gr.Row():
                start = gr.Button("Denoise", variant="primary", elem_id="start", scale=2)
                cancel = gr.Button("Cancel", variant="stop", elem_id="cancel", scale=1)
    outcome, file_format = _build_outcome()
    build_several(service, controls)
    gr.Markdown(PRIVACY, elem_classes="quiet")

    work = _Work(service)
    inputs = [picture, *controls, *file_format]
    running = start_by(start, work.run, inputs, list(outcome), outcome.status)
    cancel.click(
        lambda: ("Cancelled. Nothing was changed.", gr.update(interactive=True)),
        None,
        [outcome.status, start],
        cancels=running,
        queue=False,
        api_visibility="private",
    )
    for choice in file_format:
        choice.input(
            work.change_format,
            [outcome.lossless, outcome.command, *file_format],
            [outcome.download, outcome.command],
            api_visibility="private",
        )


class _Work:
    """What the tab's buttons set off."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def run(
        self,
        file: str | None,
        model: str,
        noise: str,
        steps: float,
        strength: float,
        texture: float,
        detail: float,
        ensemble: bool,
        chosen_format: str,
        exif: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[Any]:
        """Denoises one picture, giving what changes of an `_Outcome`."""
        with explained():
            try:
                settings = settings_of(
                    self.service, model, noise, steps, strength, texture, detail, ensemble
                )
                yield from self._run_one(file, model, settings, chosen_format, exif, progress)
            except Exception:
                yield _only_status(FAILED)  # here, since a cancelled event counts as failed, too
                raise

    def _run_one(
        self,
        file: str | None,
        model: str,
        settings: Settings,
        chosen_format: str,
        exif: bool,
        progress: gr.Progress,
    ) -> Iterator[Any]:
        if not file:
            raise ImageError("There is no picture yet; drop one in first.")
        yield _only_status("Reading the picture …")
        for done in self.service.denoise(file, model, settings):
            if isinstance(done, Step):
                if done.unit == "tiles":
                    progress((done.done, done.total), desc="Denoising", unit="tiles")
                yield _only_status(_step_words(done))
            else:
                yield _show(self.service, file, done, model, settings, exif, chosen_format)

    def change_format(
        self, file: str | None, command: str | None, chosen_format: str, exif: bool
    ) -> Any:
        """Gives the download of the last result in another format, and the command for that."""
        with explained():
            if file is None:
                return gr.skip(), gr.skip()
            download = _download(self.service, file, chosen_format, exif)
            wanted = f"--format {chosen_format}{'' if exif else ' --no-exif'}"
            return download, re.sub(r"--format \w+( --no-exif)?", wanted, command or "")


def _step_words(step: Step) -> str:
    if step.unit == "tiles":
        return f"Tile {step.done} of {step.total}"
    return f"Fetching the network: {step.done / 1e6:.1f} of {step.total / 1e6:.1f} MB"


def _only_status(words: str) -> tuple[Any, ...]:
    """Gives an `_Outcome` of which nothing but the status changes."""
    return gr.skip(), words, *[gr.skip()] * 5


def _build_input(service: Service) -> PictureInput:
    picture = PictureInput(
        type="filepath",
        format="png",
        label="Noisy picture",
        alt_text="The noisy picture",
        sources=["upload", "clipboard", "webcam"],
        height=380,
        buttons=["fullscreen"],
        elem_id="noisy-picture",
    )
    gr.Examples(
        noisy_examples(service),
        picture,
        label="No picture at hand? Take one of these; noise was added to them",
        api_visibility="private",
    )
    return picture


def _build_outcome() -> tuple[_Outcome, FileFormat]:
    status = gr.Markdown(READY, elem_id="status")
    with gr.Row(equal_height=False, visible=False, elem_id="outcome") as row:
        with gr.Column(scale=3, min_width=300):
            compared = gr.ImageSlider(
                label="Before and after: move the line",
                type="filepath",
                format="png",
                interactive=False,
                max_height=720,
                elem_id="compared",
                buttons=["fullscreen"],
            )
        with gr.Column(scale=2, min_width=300):
            report = gr.Markdown(elem_id="report")
            file_format = build_file_format()
            download = gr.DownloadButton("Download", interactive=False, elem_id="download")
            command = gr.Code(
                label="Copy as command",
                language="shell",
                interactive=False,
                lines=1,
                wrap_lines=True,
                elem_id="command",
                buttons=["copy"],
            )
    outcome = _Outcome(compared, status, report, download, command, gr.State(None), row)
    return outcome, file_format


def _show(
    service: Service,
    file: str,
    result: Result,
    model: str,
    settings: Settings,
    exif: bool,
    chosen_format: str,
) -> tuple[Any, ...]:
    fitted, notes = fit_to(result.before, service.zoo.read_facts(model).needs)
    before = fitted if notes else flat_pixels(result.before)
    name = name_of(file)
    pair = (
        write_shown(service, before, f"before {name}"),
        write_shown(service, flat_pixels(result.after), f"after {name}"),
    )
    return (
        pair,
        "Done.",
        report_words(result.report),
        _download(service, str(result.file), chosen_format, exif),
        command_line(name, chosen_format, model, settings, keep_exif=exif),
        str(result.file),
        gr.update(visible=True),
    )


def _download(service: Service, lossless: str, chosen_format: str, exif: bool) -> Any:
    if not Path(lossless).is_file():
        raise ImageError("The result is older than an hour and gone; denoise the picture again.")
    if chosen_format == "PNG" and exif:
        return gr.update(value=lossless, interactive=True)
    picture = service.storage.read(lossless)
    file = service.storage.write(picture, lossless, chosen_format, keep_exif=exif)
    return gr.update(value=str(file), interactive=True)
