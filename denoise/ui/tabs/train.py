"""The tab Train: train one of the lessons' networks, watch it learn, and use it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from denoise.datasets.mnist import describe_small_images
from denoise.errors import SettingError
from denoise.metrics import psnr
from denoise.noise.synthesis import add_noise
from denoise.training.lesson import LOSSES, MAX_EPOCHS, OPTIMIZERS, Lesson, LessonTraining, Look
from denoise.ui.server.failures import explained
from denoise.ui.server.loaded_models import Model, Trained
from denoise.ui.server.service import Service
from denoise.ui.tabs.samples import SETS, Samples, SampleStore
from denoise.ui.widgets.charts import lesson_chart, sweep_chart
from denoise.ui.widgets.parts import Slider, inline_image

MAX_MINUTES = 5
COMPARED_AT = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
COMPARED = 100  # test pictures
WORDS = (
    "Train a network here and now. In every **epoch** it sees each training picture once, under "
    "noise, and is changed a little so that its answer comes nearer to the clean picture. What it "
    "learned is judged on pictures that it never sees in training."
)


class Classroom:
    """Lets one training run at a time, and stops it when its visitor asks."""

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self._visitor: str | None = None
        self._stop = threading.Event()

    @contextmanager
    def seat(self, visitor: str) -> Iterator[Callable[[], bool]]:
        """Keeps others out, and gives a function that tells whether to end: stopped, or too long.

        Raises:
            SettingError: somebody else has the seat.
        """
        if not self._busy.acquire(blocking=False):
            raise SettingError(
                f"Somebody else is training here just now, for at most {MAX_MINUTES} minutes; try "
                "again then."
            )
        try:
            self._visitor = visitor
            self._stop.clear()
            until = time.monotonic() + 60 * MAX_MINUTES
            yield lambda: self._stop.is_set() or time.monotonic() > until
        finally:
            self._visitor = None
            self._busy.release()

    def stop(self, visitor: str) -> None:
        """Ends the training of a visitor, if it is that one's, at its next look."""
        if self._visitor == visitor:
            self._stop.set()


class _Views(NamedTuple):
    status: gr.Markdown
    losses: gr.Plot
    held_out: gr.Plot
    pictures: gr.HTML
    compared: gr.Plot
    weights: gr.DownloadButton


def build_train_tab(
    service: Service, samples: SampleStore, classroom: Classroom, own: gr.State
) -> None:
    """Adds the tab's contents.

    Args:
        service: gives folders to write to, and the shipped networks.
        samples: gives the pictures.
        classroom: of all visitors.
        own: takes the network that was trained.
    """
    gr.Markdown(WORDS, elem_classes="quiet")
    choices = _build_choices(service)
    with gr.Row():
        start = gr.Button("Train", variant="primary", elem_id="train")
        stop = gr.Button("Stop and keep", scale=0, min_width=180, elem_id="train-stop")
    views = _build_views()

    def train(
        model: str,
        kind: str,
        factor: float,
        loss: str,
        optimizer: str,
        epochs: float,
        request: gr.Request,
    ) -> Iterator[Any]:
        with explained():
            lesson = Lesson(model, SETS[kind], factor, loss, optimizer, int(epochs))
            lesson.check()
            with classroom.seat(request.session_hash or "") as is_over:
                yield from _train(service, samples, lesson, is_over)

    def end(request: gr.Request) -> None:
        classroom.stop(request.session_hash or "")

    start.click(
        train,
        choices,
        [*views, own],
        concurrency_limit=None,  # the classroom says no at once, where a queue would wait
        show_progress="hidden",
        api_visibility="private",
    )
    stop.click(end, None, None, queue=False, api_visibility="private")


def _build_choices(service: Service) -> list[Any]:
    models = [facts.name for facts in service.zoo.list_models() if facts.needs.domain == "28x28"]
    with gr.Row(equal_height=True):
        model = gr.Dropdown(
            models,
            value=Lesson.model if Lesson.model in models else models[0],
            label="Network",
            info="Its architecture; the weights start anew.",
            min_width=220,
            elem_id="train-network",
        )
        kind = gr.Radio(
            list(SETS), value="Clothing", label="Pictures", min_width=220, elem_id="train-kind"
        )
        factor = Slider(
            0.05,
            1,
            Lesson.factor,
            step=0.05,
            label="Noise factor",
            info="Standard deviation of the noise, where white is 1.",
            elem_id="train-factor",
        )
    with gr.Row(equal_height=True):
        loss = gr.Dropdown(
            list(LOSSES),
            value=Lesson.loss,
            label="Loss",
            info="What is made small.",
            min_width=220,
            elem_id="train-loss",
        )
        optimizer = gr.Dropdown(
            list(OPTIMIZERS),
            value=Lesson.optimizer,
            label="Optimiser",
            info="How the weights are changed.",
            min_width=220,
            elem_id="train-optimizer",
        )
        epochs = Slider(
            1,
            MAX_EPOCHS,
            Lesson.epochs,
            step=1,
            label="Epochs",
            info=f"At most {MAX_MINUTES} minutes.",
            elem_id="train-epochs",
        )
    return [model, kind, factor, loss, optimizer, epochs]


def _build_views() -> _Views:
    status = gr.Markdown(elem_id="train-status", elem_classes="figures")
    with gr.Row():
        losses = gr.Plot(label="Loss on what it is trained on", elem_id="train-losses")
        held_out = gr.Plot(label="PSNR on pictures that it never saw", elem_id="train-held-out")
    pictures = gr.HTML(elem_id="train-pictures", padding=False)
    compared = gr.Plot(label="Yours and the shipped one, by noise", elem_id="train-compared")
    weights = gr.DownloadButton(
        "Download the network's folder", interactive=False, elem_id="train-download"
    )
    return _Views(status, losses, held_out, pictures, compared, weights)


def _train(
    service: Service, samples: SampleStore, lesson: Lesson, is_over: Callable[[], bool]
) -> Iterator[Any]:
    """Gives values for the views and the own network while it trains."""
    found = samples.training(lesson.images)
    described = describe_small_images(lesson.images, len(found.pictures))
    if found.is_made:
        name = f"pictures like those of {described[0]['name']}, made by the program"
        described = [described[0] | {"name": name, "license": "Apache-2.0"}]
    folder = service.storage.new_file("zoo")
    training = LessonTraining(lesson, found.tensor(), described, folder)
    for look in training.run():
        words = f"{_progress_words(look, lesson)}  \n{_source_words(found)}"
        yield words, *_charts(look), _grid(look), gr.skip(), gr.skip(), gr.skip()
        if is_over():
            break
    facts = training.write()
    own = service.loaded.adopt(facts.name, folder)
    shutil.rmtree(folder / "run", ignore_errors=True)
    packed = shutil.make_archive(str(folder.with_name(facts.name)), "zip", folder)
    epoch = look.step / look.steps * lesson.epochs
    done = (
        f"Done after {look.seconds:.0f} s at epoch {epoch:.1f} of {lesson.epochs}: it is "
        f"**{facts.name}** in the tab Digits now, until you train another or leave the page.  \n"
        f"{_source_words(found)}"
    )
    compared = _compared(service, samples, lesson, own)
    download = gr.update(value=packed, interactive=True)
    yield done, *_charts(look), _grid(look), compared, download, own


def _source_words(found: Samples) -> str:
    hint = " The tab Digits can fetch it." if found.is_made else ""
    return found.source + hint


def _progress_words(look: Look, lesson: Lesson) -> str:
    epoch = look.step / look.steps * lesson.epochs
    left = look.seconds / look.step * (look.steps - look.step)
    return f"Epoch **{epoch:.1f}** of {lesson.epochs} · about {left:.0f} s left"


def _charts(look: Look) -> tuple[Any, Any]:
    losses = lesson_chart(look.losses, "loss")
    return losses, lesson_chart(look.held_out, "PSNR, dB")


def _grid(look: Look) -> str:
    """Gives rows of noisy, denoised and clean pictures as HTML."""
    rows = []
    for title, pictures in zip(("noisy", "denoised", "original"), look.pictures, strict=True):
        shown = np.rint(255 * pictures).astype(np.uint8)
        cells = "".join(f"<td>{inline_image(picture, title)}</td>" for picture in shown)
        rows.append(f"<tr><th>{title}</th>{cells}</tr>")
    return f'<table class="grid"><tbody>{"".join(rows)}</tbody></table>'


def _compared(service: Service, samples: SampleStore, lesson: Lesson, own: Trained) -> Any:
    """Gives the chart of PSNR by noise factor: noisy, the shipped network, and the own."""
    clean = samples.get(lesson.images).pictures[:COMPARED]
    shipped = f"{lesson.model}, shipped"
    methods: dict[str, Model | None] = {
        "noisy": None,
        shipped: lesson.model,
        own.facts.name: own,
    }
    rows = []
    for factor in COMPARED_AT:
        noisy = [add_noise(one, level=factor, seed=index) for index, one in enumerate(clean)]
        for title, model in methods.items():
            made = [service.denoise_pixels(one, model) for one in noisy] if model else noisy
            figures = [psnr(one, other) for one, other in zip(clean, made, strict=True)]
            rows.append({"level": factor, "method": title, "psnr": float(np.mean(figures))})
    return sweep_chart(rows, "PSNR", "gaussian", None)
