"""The lesson Training: train one of the lessons' networks, watch it learn, and use it."""

import shutil
from collections.abc import Callable, Iterator
from typing import NamedTuple

import altair
import gradio as gr
import numpy as np
import torch
from numpy.typing import NDArray

from denoise.datasets.mnist import describe_small_images
from denoise.metrics import psnr
from denoise.noise.synthesis import add_noise
from denoise.training.lesson import SHOWN, Lesson, LessonTraining, Look
from denoise.training.tasks.small_image import spoil
from denoise.ui.server.loaded_models import Model, Trained
from denoise.ui.server.service import Service
from denoise.ui.tabs.classroom import Classroom
from denoise.ui.tabs.samples import SETS, Samples, SampleStore, denoise_all
from denoise.ui.tabs.train_controls import Choices, Views, build_choices, build_views
from denoise.ui.widgets.charts import lesson_chart, sweep_chart
from denoise.ui.widgets.events import AT_ONCE, LATEST, Updates, Values
from denoise.ui.widgets.parts import picture_grid

COMPARED_AT = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
COMPARED = 100  # test pictures
WORDS = (
    "A new network learns here: in every **epoch** it sees each training picture once, with noise, "
    "and changes its weights a little to come closer to the clean one."
)


class Training(NamedTuple):
    """What the page needs of the lesson."""

    choices: Choices
    use: gr.Button  # leads to the network that was trained


def build_train_lesson(
    service: Service, samples: SampleStore, classroom: Classroom, tab: gr.Tab, own: gr.State
) -> Training:
    """Add the lesson's contents; `own` takes the network that the visitor has trained."""
    gr.Markdown(WORDS, elem_classes="quiet part-words")
    with gr.Row(equal_height=False, elem_classes="lesson"):
        with gr.Column(min_width=290, scale=0, elem_classes="causes"):
            choices = build_choices(service)
            with gr.Row():
                start = gr.Button("Train", variant="primary", min_width=100, elem_id="train")
                stop = gr.Button("Stop and keep", min_width=150, elem_id="train-stop")
        with gr.Column(min_width=320, scale=1, elem_classes="effects"):
            views = build_views(own)

    def train(values: Values, request: gr.Request) -> Iterator[Updates]:
        lesson = _lesson_of(choices, values)
        with classroom.seat(request.session_hash or "") as is_over:
            yield from _train(service, samples, lesson, views, is_over)

    def end(request: gr.Request) -> None:
        classroom.stop(request.session_hash or "")

    def preview(kind: str, factor: float) -> str:
        return _preview(samples.get(SETS[kind], is_test=False), factor)

    start.click(
        train,
        set(choices),
        list(views),
        concurrency_limit=None,  # the classroom says no at once, where a queue would wait
        show_progress="hidden",
        api_visibility="private",
    )
    stop.click(end, None, None, **AT_ONCE)
    changes = [tab.select, choices.kind.change, choices.factor.change]
    gr.on(
        changes,
        preview,
        [choices.kind, choices.factor],
        views.pictures,
        show_progress="hidden",
        **LATEST,
    )
    return Training(choices, views.use)


def _lesson_of(choices: Choices, values: Values) -> Lesson:
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


def _preview(found: Samples, factor: float) -> str:
    """Return what the network will be tested on, before it has begun."""
    clean = found.pictures[:SHOWN]
    noisy = spoil(found.tensor()[:SHOWN] / 255, factor, torch.Generator().manual_seed(0))
    return picture_grid({"noisy": _in_8_bits(noisy[:, 0].numpy()), "original": clean})


def _train(
    service: Service,
    samples: SampleStore,
    lesson: Lesson,
    views: Views,
    is_over: Callable[[], bool],
) -> Iterator[Updates]:
    found = samples.get(lesson.images, is_test=False)
    folder = service.storage.new_file("zoo")
    training = LessonTraining(lesson, found.tensor(), _describe(found, lesson), folder)
    first: NDArray[np.float32] | None = None  # what the network made after its first epoch
    ended = {view: gr.update(visible=False) for view in (views.use, views.weights, views.compared)}
    for look in training.run():
        epoch = look.step / look.steps * lesson.epochs
        if first is None and epoch >= 1:
            first = look.pictures[1]
        words = f"{_progress_words(look, epoch, lesson)}  \n{found.source}"
        yield {views.status: words} | _show(look, epoch, first, views) | ended
        if is_over():
            break
    facts = training.write()
    own = service.loaded.adopt(facts.name, folder)
    shutil.rmtree(folder / "run", ignore_errors=True)
    packed = shutil.make_archive(str(folder.with_name(facts.name)), "zip", folder)
    done = (
        f"Done after {look.seconds:.0f} s, at epoch {epoch:.1f} of {lesson.epochs}. "
        f"**{facts.name}** is yours until you train another or leave the page.  \n{found.source}"
    )
    yield {
        views.status: done,
        views.weights: gr.update(value=packed, visible=True),
        views.use: gr.update(visible=True),
        views.own: own,
    }
    for chart in _compare(service, samples, lesson, own):
        yield {views.compared: gr.update(value=chart, visible=True)}


def _describe(found: Samples, lesson: Lesson) -> list[dict[str, str]]:
    """Return the training data as a card names it."""
    described = describe_small_images(lesson.images, len(found.pictures))
    if not found.is_made:
        return described
    name = f"pictures like those of {described[0]['name']}, made by the program"
    return [described[0] | {"name": name, "license": "Apache-2.0"}]


def _show(look: Look, epoch: float, first: NDArray[np.float32] | None, views: Views) -> Updates:
    noisy, denoised, clean = look.pictures
    rows = {"noisy": noisy, f"epoch {epoch:.1f}": denoised, "original": clean}
    if first is not None:
        rows = {"noisy": noisy, "epoch 1": first} | rows
    return {
        views.losses: lesson_chart(look.losses, "loss"),
        views.held_out: lesson_chart(look.held_out, "PSNR, dB"),
        views.pictures: picture_grid({title: _in_8_bits(one) for title, one in rows.items()}),
    }


def _in_8_bits(pictures: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255 * pictures).astype(np.uint8)


def _progress_words(look: Look, epoch: float, lesson: Lesson) -> str:
    left = look.seconds / look.step * (look.steps - look.step)
    return f"Epoch **{epoch:.1f}** of {lesson.epochs} · about {left:.0f} s left"


def _compare(
    service: Service, samples: SampleStore, lesson: Lesson, own: Trained
) -> Iterator[altair.LayerChart]:
    """Draw PSNR by noise factor, one more at a time: noisy, the shipped network, and one's own."""
    clean = samples.get(lesson.images).pictures[:COMPARED]
    shipped = f"{lesson.model}, shipped"
    methods: dict[str, Model | None] = {"noisy": None, shipped: lesson.model, own.facts.name: own}
    rows = []
    for factor in COMPARED_AT:
        noisy = np.stack(
            [add_noise(one, level=factor, seed=index) for index, one in enumerate(clean)]
        )
        for title, model in methods.items():
            made = denoise_all(service, noisy, model) if model else noisy
            figures = [psnr(one, other) for one, other in zip(clean, made, strict=True)]
            rows.append({"level": factor, "method": title, "psnr": float(np.mean(figures))})
        yield sweep_chart(rows, "PSNR", "gaussian", None)
