"""The tab Train: train one of the lessons' networks, watch it learn, and use it."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from denoise.datasets.mnist import describe_small_images
from denoise.metrics import psnr
from denoise.noise.synthesis import add_noise
from denoise.training.lesson import LOSSES, MAX_EPOCHS, OPTIMIZERS, Lesson, LessonTraining, Look
from denoise.ui.server.loaded_models import Model, Trained
from denoise.ui.server.service import Service
from denoise.ui.tabs.classroom import MAX_MINUTES, Classroom
from denoise.ui.tabs.samples import SETS, Samples, SampleStore
from denoise.ui.widgets.charts import lesson_chart, sweep_chart
from denoise.ui.widgets.events import AT_ONCE, Updates, Values
from denoise.ui.widgets.parts import Slider, picture_grid

COMPARED_AT = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
COMPARED = 100  # test pictures
WORDS = (
    "Train a network here and now. In every **epoch** it sees each training picture once, with "
    "noise, and its weights change a little so that its answer comes closer to the clean picture. "
    "It is tested on pictures that it never sees in training."
)


class _Choices(NamedTuple):
    model: gr.Dropdown
    kind: gr.Radio
    factor: Slider
    loss: gr.Dropdown
    optimizer: gr.Dropdown
    epochs: Slider


class _Views(NamedTuple):
    status: gr.Markdown
    losses: gr.Plot
    held_out: gr.Plot
    pictures: gr.HTML
    compared: gr.Plot
    weights: gr.DownloadButton
    own: gr.State


def build_train_tab(
    service: Service, samples: SampleStore, classroom: Classroom, own: gr.State
) -> None:
    """Add the tab's contents; `own` takes the network that the visitor has trained."""
    gr.Markdown(WORDS, elem_classes="quiet")
    choices = _Choices(*_build_task(service), *_build_method())
    with gr.Row():
        start = gr.Button("Train", variant="primary", elem_id="train")
        stop = gr.Button("Stop and keep", scale=0, min_width=180, elem_id="train-stop")
    views = _build_views(own)

    def train(values: Values, request: gr.Request) -> Iterator[Updates]:
        lesson = _lesson_of(choices, values)
        with classroom.seat(request.session_hash or "") as is_over:
            yield from _train(service, samples, lesson, views, is_over)

    def end(request: gr.Request) -> None:
        classroom.stop(request.session_hash or "")

    start.click(
        train,
        set(choices),
        list(views),
        concurrency_limit=None,  # the classroom says no at once, where a queue would wait
        show_progress="hidden",
        api_visibility="private",
    )
    stop.click(end, None, None, **AT_ONCE)


def _lesson_of(choices: _Choices, values: Values) -> Lesson:
    lesson = Lesson(
        model=values[choices.model],
        images=SETS[values[choices.kind]],
        factor=values[choices.factor],
        loss=values[choices.loss],
        optimizer=values[choices.optimizer],
        epochs=int(values[choices.epochs]),
    )
    lesson.check()
    return lesson


def _build_task(service: Service) -> tuple[gr.Dropdown, gr.Radio, Slider]:
    models = [facts.name for facts in service.zoo.list_models() if facts.needs.domain == "28x28"]
    with gr.Row(equal_height=True):
        model = gr.Dropdown(
            models,
            value=Lesson.model if Lesson.model in models else models[0],
            label="Network",
            info="Only its architecture; training starts from new weights.",
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
            info="Standard deviation of the noise; white is 1.",
            elem_id="train-factor",
        )
    return model, kind, factor


def _build_method() -> tuple[gr.Dropdown, gr.Dropdown, Slider]:
    with gr.Row(equal_height=True):
        loss = gr.Dropdown(
            list(LOSSES),
            value=Lesson.loss,
            label="Loss",
            info="What training makes small.",
            min_width=220,
            elem_id="train-loss",
        )
        optimizer = gr.Dropdown(
            list(OPTIMIZERS),
            value=Lesson.optimizer,
            label="Optimiser",
            info="How training changes the weights.",
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
    return loss, optimizer, epochs


def _build_views(own: gr.State) -> _Views:
    status = gr.Markdown(elem_id="train-status", elem_classes="figures")
    with gr.Row():
        losses = gr.Plot(label="Loss on the training pictures", elem_id="train-losses")
        held_out = gr.Plot(
            label="PSNR on pictures that it has never seen", elem_id="train-held-out"
        )
    pictures = gr.HTML(elem_id="train-pictures", padding=False)
    compared = gr.Plot(label="Your network and the shipped one, by noise", elem_id="train-compared")
    weights = gr.DownloadButton(
        "Download the network's folder", interactive=False, elem_id="train-download"
    )
    return _Views(status, losses, held_out, pictures, compared, weights, own)


def _train(
    service: Service,
    samples: SampleStore,
    lesson: Lesson,
    views: _Views,
    is_over: Callable[[], bool],
) -> Iterator[Updates]:
    found = samples.get(lesson.images, is_test=False)
    folder = service.storage.new_file("zoo")
    training = LessonTraining(lesson, found.tensor(), _describe(found, lesson), folder)
    for look in training.run():
        words = f"{_progress_words(look, lesson)}  \n{_source_words(found)}"
        yield {views.status: words} | _show(look, views)
        if is_over():
            break
    facts = training.write()
    own = service.loaded.adopt(facts.name, folder)
    shutil.rmtree(folder / "run", ignore_errors=True)
    packed = shutil.make_archive(str(folder.with_name(facts.name)), "zip", folder)
    epoch = look.step / look.steps * lesson.epochs
    done = (
        f"Done after {look.seconds:.0f} s at epoch {epoch:.1f} of {lesson.epochs}: the network is "
        f"**{facts.name}** under Digits, until you train another or leave the page.  \n"
        f"{_source_words(found)}"
    )
    yield _show(look, views) | {
        views.status: done,
        views.compared: _compare(service, samples, lesson, own),
        views.weights: gr.update(value=packed, interactive=True),
        views.own: own,
    }


def _describe(found: Samples, lesson: Lesson) -> list[dict[str, str]]:
    """Return the training data as a card names it."""
    described = describe_small_images(lesson.images, len(found.pictures))
    if not found.is_made:
        return described
    name = f"pictures like those of {described[0]['name']}, made by the program"
    return [described[0] | {"name": name, "license": "Apache-2.0"}]


def _show(look: Look, views: _Views) -> Updates:
    rows = {
        title: np.rint(255 * pictures).astype(np.uint8)
        for title, pictures in zip(("noisy", "denoised", "original"), look.pictures, strict=True)
    }
    return {
        views.losses: lesson_chart(look.losses, "loss"),
        views.held_out: lesson_chart(look.held_out, "PSNR, dB"),
        views.pictures: picture_grid(rows),
    }


def _source_words(found: Samples) -> str:
    hint = " The lesson Digits can fetch it." if found.is_made else ""
    return found.source + hint


def _progress_words(look: Look, lesson: Lesson) -> str:
    epoch = look.step / look.steps * lesson.epochs
    left = look.seconds / look.step * (look.steps - look.step)
    return f"Epoch **{epoch:.1f}** of {lesson.epochs} · about {left:.0f} s left"


def _compare(service: Service, samples: SampleStore, lesson: Lesson, own: Trained) -> Any:
    """Draw PSNR by noise factor: noisy, the shipped network, and the visitor's own."""
    clean = samples.get(lesson.images).pictures[:COMPARED]
    shipped = f"{lesson.model}, shipped"
    methods: dict[str, Model | None] = {"noisy": None, shipped: lesson.model, own.facts.name: own}
    rows = []
    for factor in COMPARED_AT:
        noisy = [add_noise(one, level=factor, seed=index) for index, one in enumerate(clean)]
        for title, model in methods.items():
            made = [service.denoise_pixels(one, model) for one in noisy] if model else noisy
            figures = [psnr(one, other) for one, other in zip(clean, made, strict=True)]
            rows.append({"level": factor, "method": title, "psnr": float(np.mean(figures))})
    return sweep_chart(rows, "PSNR", "gaussian", None)
