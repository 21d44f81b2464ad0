"""The tab Denoise: a noisy picture in, a clean one out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import gradio as gr

from denoise.errors import ImageError
from denoise.images.picture import flatten
from denoise.inference.fitting import fit_to
from denoise.inference.settings import Settings
from denoise.ui.server.progress import Step
from denoise.ui.server.service import Result, Service
from denoise.ui.tabs.report import command_line, report_words
from denoise.ui.tabs.several_files import build_several
from denoise.ui.widgets.controls import Controls, build_controls, settings_of
from denoise.ui.widgets.events import AT_ONCE, Updates, Values, start_by
from denoise.ui.widgets.parts import (
    FileFormat,
    PictureInput,
    build_file_format,
    noisy_examples,
    write_shown,
)

READY = "Drop in a picture and press **Denoise**."
FAILED = "Nothing was denoised."
PRIVACY = (
    "Your pictures are deleted from this server an hour after their last use, and sent nowhere "
    "else. Nothing else is kept."
)


class Outcome(NamedTuple):
    """What the work fills; the row holds all but the status and `lossless`."""

    compared: gr.ImageSlider
    status: gr.Markdown
    report: gr.Markdown
    download: gr.DownloadButton
    command: gr.Code
    lossless: gr.State  # file of the result, for another format
    row: gr.Row


class Parts(NamedTuple):
    """The tab's components."""

    picture: PictureInput
    controls: Controls
    format: FileFormat
    outcome: Outcome


def build_denoise_tab(service: Service) -> None:
    """Add the tab's contents to the page that is being built."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=320):
            picture = _build_input(service)
        with gr.Column(scale=2, min_width=300):
            controls = build_controls(service)
            with gr.Row():
                start = gr.Button("Denoise", variant="primary", elem_id="start", scale=2)
                cancel = gr.Button("Cancel", variant="stop", elem_id="cancel", scale=1)
    parts = Parts(picture, controls, *_build_outcome())
    build_several(service, controls)
    gr.Markdown(PRIVACY, elem_classes="quiet")
    _listen(Work(service, parts), parts, start, cancel)


def _listen(work: "Work", parts: Parts, start: gr.Button, cancel: gr.Button) -> None:
    outcome = parts.outcome
    inputs = {parts.picture, *parts.controls, *parts.format}
    running = start_by(start, work.run, inputs, list(outcome), outcome.status)
    cancel.click(
        lambda: ("Cancelled. Nothing was changed.", gr.update(interactive=True)),
        None,
        [outcome.status, start],
        cancels=running,
        **AT_ONCE,
    )
    for choice in parts.format:
        choice.input(
            work.change_format,
            {outcome.lossless, outcome.command, *parts.format},
            [outcome.download, outcome.command],
            api_visibility="private",
        )


class Work:
    """What the tab's buttons set off."""

    def __init__(self, service: Service, parts: Parts) -> None:
        self.service = service
        self.parts = parts

    def run(
        self,
        values: Values,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[Updates]:
        """Denoise one picture, yielding what changes on the way."""
        try:
            yield from self._run_one(values, progress)
        except Exception:
            # Said here, since a cancelled event counts as failed, too.
            yield {self.parts.outcome.status: FAILED}
            raise

    def _run_one(self, values: Values, progress: gr.Progress) -> Iterator[Updates]:
        file, status = values[self.parts.picture], self.parts.outcome.status
        if not file:
            raise ImageError("There is no picture yet; drop one in first.")
        settings = settings_of(self.parts.controls, values, self.service.zoo)
        yield {status: "Reading the picture …"}
        for done in self.service.denoise(file, values[self.parts.controls.model], settings):
            if isinstance(done, Step):
                if done.unit == "tiles":
                    progress((done.done, done.total), desc="Denoising", unit="tiles")
                yield {status: _step_words(done)}
            else:
                yield self._show(values, settings, done)

    def _show(self, values: Values, settings: Settings, result: Result) -> Updates:
        file, model = values[self.parts.picture], values[self.parts.controls.model]
        image_format, keep_exif = (values[one] for one in self.parts.format)
        fitted, notes = fit_to(result.before, self.service.zoo.read_facts(model).needs)
        before = fitted if notes else flatten(result.before)
        name = Path(file).name
        command = command_line(name, image_format, model, settings, keep_exif=keep_exif)
        outcome = self.parts.outcome
        return {
            outcome.compared: (
                write_shown(self.service, before, f"before {name}"),
                write_shown(self.service, flatten(result.after), f"after {name}"),
            ),
            outcome.status: "Done.",
            outcome.report: report_words(result.report),
            outcome.download: self._download(str(result.file), image_format, keep_exif=keep_exif),
            outcome.command: command,
            outcome.lossless: str(result.file),
            outcome.row: gr.update(visible=True),
        }

    def change_format(self, values: Values) -> Updates:
        """Offer the last result in another format, with the command for that."""
        outcome = self.parts.outcome
        file, command = values[outcome.lossless], values[outcome.command]
        if file is None:
            return {outcome.download: gr.skip()}
        image_format, keep_exif = (values[one] for one in self.parts.format)
        wanted = f"--format {image_format}{'' if keep_exif else ' --no-exif'}"
        return {
            outcome.download: self._download(file, image_format, keep_exif=keep_exif),
            outcome.command: re.sub(r"--format \w+( --no-exif)?", wanted, command or ""),
        }

    def _download(self, lossless: str, image_format: str, *, keep_exif: bool) -> Updates:
        if not Path(lossless).is_file():
            raise ImageError(
                "The result is older than an hour and gone; denoise the picture again."
            )
        if image_format == "PNG" and keep_exif:
            return gr.update(value=lossless, interactive=True)
        result = self.service.read(lossless)
        file = self.service.storage.write(result, lossless, image_format, keep_exif=keep_exif)
        return gr.update(value=str(file), interactive=True)


def _step_words(step: Step) -> str:
    if step.unit == "tiles":
        return f"Tile {step.done} of {step.total}"
    return f"Fetching the network: {step.done / 1e6:.1f} of {step.total / 1e6:.1f} MB"


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
        label="No picture at hand? Take one of these, with added noise",
        api_visibility="private",
    )
    return picture


def _build_outcome() -> tuple[FileFormat, Outcome]:
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
    outcome = Outcome(compared, status, report, download, command, gr.State(None), row)
    return file_format, outcome
