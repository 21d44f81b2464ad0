"""The tab Denoise: a noisy picture in, a clean one out."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from denoise.denoiser import fit_picture
from denoise.errors import DenoiseError, ImageError
from denoise.images import OUTPUT_FORMATS
from denoise.settings import Settings
from denoise.ui.controls import build_controls, settings_of
from denoise.ui.endpoint import COMPUTE
from denoise.ui.failures import explained
from denoise.ui.parts import (
    PictureInput,
    flat_pixels,
    in_255,
    name_of,
    noisy_examples,
    write_shown,
)
from denoise.ui.service import Result, Service, Step
from denoise.ui.terms import term
from denoise.ui.uploads import uploaded_file

READY = "Drop in a picture and press **Denoise**."
FAILED = "Nothing was denoised."
PRIVACY = (
    "Your pictures stay on this server for an hour at most and are sent nowhere else. "
    "Nothing else is kept."
)
SOURCES = {
    "guessed": "the network judged it by itself",
    "told": "you set it",
    "chosen": "the best of those that were tried",
    "estimated": "as estimated",
    "ignored": "this network cannot be told",
}


class _Outcome(NamedTuple):
    """What `_Work.run` fills, in its order; the row holds all but `lossless`."""

    compared: gr.ImageSlider
    status: gr.Markdown
    report: gr.Markdown
    download: gr.DownloadButton
    command: gr.Code
    lossless: gr.State  # file of the result, for another format
    row: gr.Row


class _Format(NamedTuple):
    """Settings of the file to download."""

    name: gr.Dropdown
    keep_exif: gr.Checkbox


def build_denoise_tab(service: Service) -> None:
    """Adds the tab's contents to the page that is being built."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=320):
            picture = _build_input(service)
        with gr.Column(scale=2, min_width=300):
            controls = build_controls()
            with gr.Row():
                start = gr.Button("Denoise", variant="primary", elem_id="start", scale=2)
                cancel = gr.Button("Cancel", variant="stop", elem_id="cancel", scale=1)
    outcome, image_format = _build_outcome()
    several, several_results = _build_several()
    gr.Markdown(PRIVACY, elem_classes="quiet")

    work = _Work(service)
    shared: dict[str, Any] = {
        "concurrency_id": COMPUTE,
        "concurrency_limit": 1,
        "api_visibility": "private",
        # "once" would drop what is asked for while a cancelled job finishes its last tile.
        "trigger_mode": "multiple",
    }
    at_once: dict[str, Any] = {"queue": False, "api_visibility": "private"}
    start.click(lambda: gr.update(interactive=False), None, start, **at_once)
    running = start.click(
        work.run,
        [picture, *controls, *image_format],
        list(outcome),
        show_progress="minimal",
        show_progress_on=[outcome.status],
        **shared,
    )
    for ended in (running.success, running.failure):
        ended(lambda: gr.update(interactive=True), None, start, **at_once)
    running_several = several.upload(
        work.run_several,
        [several, *controls, *image_format],
        [several_results, outcome.status],
        show_progress="minimal",
        **shared,
    )
    cancel.click(
        lambda: ("Cancelled. Nothing was changed.", gr.update(interactive=True)),
        None,
        [outcome.status, start],
        cancels=[running, running_several],
        **at_once,
    )
    for choice in image_format:
        choice.input(
            work.change_format,
            [outcome.lossless, outcome.command, *image_format],
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
                settings = settings_of(model, noise, steps, strength, texture, detail, ensemble)
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
                progress((done.done, done.total), desc="Denoising", unit="tiles")
                yield _only_status(f"Tile {done.done} of {done.total}")
            else:
                yield _show(self.service, file, done, model, settings, exif, chosen_format)

    def run_several(
        self,
        files: list[str] | None,
        model: str,
        noise: str,
        steps: float,
        strength: float,
        texture: float,
        detail: float,
        ensemble: bool,
        chosen_format: str,
        exif: bool,
    ) -> Iterator[Any]:
        """Denoises one picture after another, giving the finished files and the status."""
        with explained():
            settings = settings_of(model, noise, steps, strength, texture, detail, ensemble)
            if not files:
                raise ImageError("There are no pictures yet; choose some first.")
            finished: list[str] = []
            refused: list[str] = []
            for number, file in enumerate(files, start=1):
                yield finished, f"Picture {number} of {len(files)}"
                try:
                    upload = uploaded_file({"path": str(file)}, self.service.folder)
                    for done in self.service.denoise(
                        upload,
                        model,
                        settings,
                        image_format=chosen_format,
                        keep_exif=exif,
                    ):
                        if isinstance(done, Result):
                            finished = [*finished, str(done.file)]
                        yield finished, f"Picture {number} of {len(files)}"
                except DenoiseError as error:
                    refused.append(str(error))
            yield finished, _summary(len(finished), refused)

    def change_format(
        self, file: str | None, command: str | None, chosen_format: str, exif: bool
    ) -> Any:
        """Gives the download of the last result in another format, and the command for that."""
        with explained():
            if file is None:
                return gr.skip(), gr.skip()
            download = _download(self.service, file, chosen_format, exif)
            return download, re.sub(r"--format \w+", f"--format {chosen_format}", command or "")


def _only_status(words: str) -> tuple[Any, ...]:
    """Gives an `_Outcome` of which nothing but the status changes."""
    return gr.skip(), words, *[gr.skip()] * 5


def _summary(finished: int, refused: list[str]) -> str:
    done = f"{finished} of {finished + len(refused)} pictures are done."
    return "\n\n".join([done, *refused])


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


def _build_outcome() -> tuple[_Outcome, _Format]:
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
            image_format = _Format(
                gr.Dropdown(list(OUTPUT_FORMATS), value="PNG", label="Format of the download"),
                gr.Checkbox(
                    value=True,
                    label="Keep the photo's details (EXIF)",
                    info="Camera, date and, where the file has one, the place.",
                ),
            )
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
    return outcome, image_format


def _build_several() -> tuple[gr.File, gr.File]:
    with gr.Accordion("Several files at once", open=False):
        several = gr.File(label="Noisy pictures", file_count="multiple", height=140)
        results = gr.File(
            label="Denoised pictures",
            file_count="multiple",
            interactive=False,
            elem_id="several-results",
        )
    return several, results


def _show(
    service: Service,
    file: str,
    result: Result,
    model: str,
    settings: Settings,
    exif: bool,
    chosen_format: str,
) -> tuple[Any, ...]:
    fitted, notes = fit_picture(result.before, model)
    before = fitted if notes else flat_pixels(result.before)
    name = name_of(file)
    pair = (
        write_shown(service, before, f"before {name}"),
        write_shown(service, flat_pixels(result.after), f"after {name}"),
    )
    return (
        pair,
        "Done.",
        _report_words(result.report),
        _download(service, str(result.file), chosen_format, exif),
        _command_line(name, chosen_format, model, settings),
        str(result.file),
        gr.update(visible=True),
    )


def _download(service: Service, lossless: str, chosen_format: str, exif: bool) -> Any:
    if not Path(lossless).is_file():
        raise ImageError("The result is older than an hour and gone; denoise the picture again.")
    if chosen_format == "PNG" and exif:
        return gr.update(value=lossless, interactive=True)
    picture = service.read(lossless)
    file = service.write(picture, lossless, chosen_format, keep_exif=exif)
    return gr.update(value=str(file), interactive=True)


def _report_words(report: dict[str, Any]) -> str:
    width, height = report["size"]
    estimated, used = report["sigma_estimated"], report["sigma_used"]
    source = SOURCES[report["sigma_source"]]
    seconds = sum(report["seconds"].values())
    lines = [
        f"**{width} x {height}** pixels by **{report['model']}** in **{seconds:.1f} s** "
        f"on {report['device']}, {report['precision']}.",
        f"Fine texture by **{report['textured_by']}**: made up." if report["textured_by"] else "",
        f"{term('Noise found')}: about **{in_255(estimated)}**." if estimated is not None else "",
        f"Noise level used: {in_255(used)}, {source}."
        if used is not None
        else f"Noise level: {source}.",
        _choice_words(report["choice"]),
        *report["warnings"],
    ]
    return "\n\n".join(line for line in lines if line)


def _choice_words(choice: dict[str, Any] | None) -> str:
    """Gives the levels that were tried and what was estimated for them, as a table."""
    if choice is None:
        return ""
    if choice["judged_by"] is None:
        return "For such noise no estimate holds; it was left to the network."
    tried = [(_level_words(one["sigma"]), one["rms"]) for one in choice["ratings"]]
    lines = [
        f"| Noise level tried | Error as estimated by {term(choice['judged_by'])} |",
        "| --- | --- |",
        *[f"| {level} | {255 * error:.2f}/255 |" for level, error in tried],
        "",
        "Less is better; a level other than auto is taken where it is clearly better.",
    ]
    return "\n".join(lines)


def _level_words(sigma: float | None) -> str:
    return "auto" if sigma is None else in_255(sigma)


def _command_line(name: str, chosen_format: str, model: str, settings: Settings) -> str:
    parts = ["python", "-m", "denoise", "run", name, "-o", "denoised", "--model", model]
    parts += ["--format", chosen_format]
    if isinstance(settings.sigma, float):
        parts += ["--sigma", f"{round(settings.sigma * 255)}/255"]
    parts += ["--choose"] * settings.choose
    for option, default in (("strength", 1), ("texture", 0), ("detail", 0)):
        share = getattr(settings, option)
        parts += [f"--{option}", f"{share:g}"] if share != default else []
    return shlex.join(parts + ["--ensemble"] * settings.ensemble)
