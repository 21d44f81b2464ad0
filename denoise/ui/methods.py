"""Choosing methods and starting what takes a clean picture through all of them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gradio as gr

from denoise.classic import CLASSICS, is_installed
from denoise.comparison import Subject
from denoise.errors import SettingError
from denoise.ui.endpoint import COMPUTE
from denoise.ui.failures import explained
from denoise.ui.noise_controls import NoiseControls, injection_of
from denoise.ui.parts import PictureInput, networks
from denoise.ui.service import Service


class Run(NamedTuple):
    """What takes a clean picture through methods: where to choose and to start it."""

    methods: gr.CheckboxGroup
    told: gr.Checkbox
    start: gr.Button
    stop: gr.Button
    status: gr.Markdown


def build_run(name: str, settings: Callable[[], list[Any]] = list) -> tuple[Run, list[Any]]:
    """Adds the choice of methods, the buttons and a line on how far it is.

    Args:
        name: of the view, and what its identifiers start with.
        settings: adds further components above the buttons, and gives them.
    """
    methods, told = _build_methods(name)
    added = settings()
    with gr.Row():
        start = gr.Button(name.capitalize(), variant="primary", elem_id=name)
        stop = gr.Button("Stop", scale=0, min_width=120)
    status = gr.Markdown(elem_id=f"{name}-status", elem_classes="figures")
    return Run(methods, told, start, stop, status), added


def listen_run(
    service: Service,
    run: Run,
    clean: PictureInput,
    noise: NoiseControls,
    settings: list[Any],
    outputs: list[Any],
    work: Callable[..., Iterator[Any]],
) -> None:
    """Has the buttons start and stop the work.

    Args:
        service: prepares the picture.
        run: the buttons.
        clean: the picture.
        noise: its noise.
        settings: further components.
        outputs: what the work fills, after the status.
        work: takes subject, injection, whether networks are told the level, and the settings'
            values; gives the values of status and outputs, again and again.
    """

    def start(file: str | None, methods: list[str], is_told: bool, *values: Any) -> Iterator[Any]:
        with explained():
            injection = injection_of(*values[: len(noise)])
            subject = _prepare(service, file, methods)
            yield from work(subject, injection, is_told, *values[len(noise) :])

    running = run.start.click(
        start,
        [clean, run.methods, run.told, *noise, *settings],
        [run.status, *outputs],
        concurrency_id=COMPUTE,
        concurrency_limit=1,
        show_progress="hidden",
        api_visibility="private",
    )
    run.stop.click(
        lambda: "Stopped.",
        None,
        run.status,
        cancels=running,
        queue=False,
        api_visibility="private",
    )


def _prepare(service: Service, file: str | None, methods: list[str]) -> Subject:
    if not file:
        raise SettingError("There is no clean picture yet; drop one in first.")
    if not methods:
        raise SettingError("No method is chosen; tick one or more.")
    return service.prepare(file, methods)


def _build_methods(name: str) -> tuple[gr.CheckboxGroup, gr.Checkbox]:
    models = networks()
    classics = [
        (
            f"{classic.title} (slow: a part of the picture)" if classic.is_slow else classic.title,
            key,
        )
        for key, classic in CLASSICS.items()
        if is_installed(key)
    ]
    photo = [facts.name for facts in models if facts.needs.domain == "photo"]
    lessons = [facts.name for facts in models if facts.name not in photo]
    quick = [key for _, key in classics if not CLASSICS[key].is_slow]
    methods = gr.CheckboxGroup(
        [*_named(photo), *classics, *_named(lessons)],
        value=photo + quick,
        label="Methods",
        info="With a network for 28x28 lessons all of them get the picture at that size.",
        elem_id=f"{name}-methods",
    )
    told = gr.Checkbox(
        label="Tell networks the noise level",
        info="Otherwise they judge by themselves. Networks that cannot be told always do.",
        elem_id=f"{name}-told",
    )
    return methods, told


def _named(networks: list[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in networks]
