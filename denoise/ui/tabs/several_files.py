"""Several files at once: denoised one after another, downloaded together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from denoise.errors import DenoiseError, ImageError
from denoise.inference.settings import Settings
from denoise.ui.server.service import Result, Service
from denoise.ui.server.uploads import uploaded_file
from denoise.ui.server.zips import MAX_MANY, check_many, pack_files
from denoise.ui.widgets.controls import Controls, settings_of
from denoise.ui.widgets.events import AT_ONCE, Updates, Values, start_by
from denoise.ui.widgets.parts import FileFormat, build_file_format
from denoise.ui.widgets.quoting import quoted

WORDS = (
    f"Choose up to {MAX_MANY} files. The network and the settings above apply to all of them. "
    "A file that is not a picture does not stop the others."
)


class _Several(NamedTuple):
    files: gr.File
    format: FileFormat
    start: gr.Button
    stop: gr.Button
    status: gr.Markdown
    results: gr.File
    download: gr.DownloadButton
    finished: gr.State  # files of the results


def build_several(service: Service, controls: Controls) -> None:
    """Add the part of the tab; the tab's controls are its settings, too."""
    with gr.Accordion("Several files at once", open=False, elem_id="several"):
        gr.Markdown(WORDS, elem_classes="quiet")
        several = _build()
    work = _Work(service, several, controls)
    running = start_by(
        several.start,
        work.run,
        {several.files, *several.format, *controls},
        [several.status, several.results, several.finished, several.download],
        several.status,
    )
    running.success(work.pack, several.finished, several.download, **AT_ONCE)
    several.stop.click(
        lambda finished: {
            several.status: f"Stopped; finished pictures: {len(finished)}.",
            several.start: gr.update(interactive=True),
            several.download: work.pack(finished),
        },
        several.finished,
        [several.status, several.start, several.download],
        cancels=running,
        **AT_ONCE,
    )


class _Work:
    """What the buttons set off."""

    def __init__(self, service: Service, several: _Several, controls: Controls) -> None:
        self.service = service
        self.several = several
        self.controls = controls

    def run(self, values: Values) -> Iterator[Updates]:
        """Denoise one picture after another, yielding what changes on the way."""
        several, files = self.several, values[self.several.files]
        settings = settings_of(self.controls, values, self.service.zoo)
        if not files:
            raise ImageError("There are no pictures yet; choose some first.")
        check_many(len(files))
        yield {several.download: gr.update(value=None, interactive=False)}
        finished: list[str] = []
        refused: list[str] = []
        for number, file in enumerate(files, start=1):
            words = f"Picture {number} of {len(files)}"
            yield {several.status: words} | self._list(finished)
            try:
                for written in self._denoise(file, values, settings):
                    finished = [*finished, *written]
                    yield {several.finished: finished}
            except DenoiseError as error:
                refused.append(str(error))
        words = _summary(len(finished), refused)
        yield {several.status: words} | self._list(finished)

    def pack(self, finished: list[str]) -> Any:
        """Offer all results in one zip."""
        if not finished:
            return gr.update(value=None, interactive=False)
        packed = self.service.storage.new_file("denoised.zip")
        pack_files(map(Path, finished), packed)
        return gr.update(value=str(packed), interactive=True)

    def _list(self, finished: list[str]) -> Updates:
        return {
            self.several.results: gr.update(value=finished, visible=bool(finished)),
            self.several.finished: finished,
        }

    def _denoise(self, file: str, values: Values, settings: Settings) -> Iterator[list[str]]:
        """Yield nothing after every tile, where it can be stopped, and the written file last."""
        image_format, keep_exif = (values[one] for one in self.several.format)
        for done in self.service.denoise(
            uploaded_file({"path": str(file)}, self.service.storage.folder),
            values[self.controls.model],
            settings,
            image_format=image_format,
            keep_exif=keep_exif,
        ):
            yield [str(done.file)] if isinstance(done, Result) else []


def _build() -> _Several:
    files = gr.File(
        label="Noisy pictures", file_count="multiple", height=220, elem_id="several-files"
    )
    with gr.Row(equal_height=True):
        file_format = build_file_format()
    with gr.Row():
        start = gr.Button("Denoise all", variant="primary", elem_id="several-start", scale=2)
        stop = gr.Button("Stop", elem_id="several-stop", scale=1)
    status = gr.Markdown(elem_id="several-status", elem_classes="figures")
    results = gr.File(
        label="Denoised pictures",
        file_count="multiple",
        interactive=False,
        visible=False,
        elem_id="several-results",
    )
    download = gr.DownloadButton(
        "Download all as a zip", interactive=False, elem_id="several-download"
    )
    return _Several(files, file_format, start, stop, status, results, download, gr.State([]))


def _summary(finished: int, refused: list[str]) -> str:
    done = f"{finished} of {finished + len(refused)} pictures are done."
    return "\n\n".join([done, *map(quoted, refused)])
