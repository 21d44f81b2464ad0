"""Several pictures at once: chosen, denoised one after another, and downloaded together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from denoise.errors import DenoiseError, ImageError
from denoise.inference.settings import Settings
from denoise.ui.server.failures import explained
from denoise.ui.server.service import Result, Service
from denoise.ui.server.uploads import uploaded_file
from denoise.ui.server.zips import MAX_MANY, check_many, pack_files
from denoise.ui.widgets.controls import Controls, settings_of
from denoise.ui.widgets.parts import FileFormat, build_file_format, start_by
from denoise.ui.widgets.quoting import quoted

WORDS = (
    f"Choose up to {MAX_MANY} files; they are denoised with the network and the settings above. "
    "One that is no picture does not stop the others."
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
    """Adds the part of the tab, which takes its settings from the tab's controls."""
    with gr.Accordion("Several files at once", open=False, elem_id="several"):
        gr.Markdown(WORDS, elem_classes="quiet")
        several = _build()
    work = _Work(service)
    running = start_by(
        several.start,
        work.run,
        [several.files, *several.format, *controls],
        [several.status, several.results, several.finished, several.download],
        several.status,
    )
    at_once: dict[str, Any] = {"queue": False, "api_visibility": "private"}
    running.success(work.pack, several.finished, several.download, **at_once)
    several.stop.click(
        lambda finished: (
            f"Stopped; finished pictures: {len(finished)}.",
            gr.update(interactive=True),
            work.pack(finished),
        ),
        several.finished,
        [several.status, several.start, several.download],
        cancels=running,
        **at_once,
    )


class _Work:
    """What the buttons set off."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def run(
        self, files: list[str] | None, chosen_format: str, exif: bool, *controls: Any
    ) -> Iterator[Any]:
        """Denoises one picture after another; gives status, results twice, and the download."""
        with explained():
            settings = settings_of(self.service, *controls)
            if not files:
                raise ImageError("There are no pictures yet; choose some first.")
            check_many(len(files))
            finished: list[str] = []
            refused: list[str] = []
            empty = gr.update(value=None, interactive=False)
            for number, file in enumerate(files, start=1):
                yield f"Picture {number} of {len(files)}", _listed(finished), finished, empty
                try:
                    chosen = (controls[0], settings, chosen_format, exif)
                    for written in self._denoise(file, *chosen):
                        finished = [*finished, *written]
                        yield gr.skip(), gr.skip(), finished, gr.skip()
                except DenoiseError as error:
                    refused.append(str(error))
            yield _summary(len(finished), refused), _listed(finished), finished, gr.skip()

    def pack(self, finished: list[str]) -> Any:
        """Gives the download of all results."""
        with explained():
            if not finished:
                return gr.update(value=None, interactive=False)
            packed = self.service.storage.new_file("denoised.zip")
            pack_files(map(Path, finished), packed)
            return gr.update(value=str(packed), interactive=True)

    def _denoise(
        self, file: str, model: str, settings: Settings, chosen_format: str, exif: bool
    ) -> Iterator[list[str]]:
        """Gives nothing after every tile, where it can be stopped, and the written file last."""
        upload = uploaded_file({"path": str(file)}, self.service.storage.folder)
        for done in self.service.denoise(
            upload, model, settings, image_format=chosen_format, keep_exif=exif
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


def _listed(finished: list[str]) -> Any:
    return gr.update(value=finished, visible=bool(finished))


def _summary(finished: int, refused: list[str]) -> str:
    done = f"{finished} of {finished + len(refused)} pictures are done."
    return "\n\n".join([done, *map(quoted, refused)])
