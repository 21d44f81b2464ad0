"""Choosing methods and starting what takes a clean picture through all of them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import gradio as gr
from gradio.events import Dependency

from denoise.errors import SettingError
from denoise.evaluation.baselines import BASELINES, is_installed
from denoise.evaluation.methods import CleanImage
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.server.failures import explained
from denoise.ui.server.service import COMPUTE, Service
from denoise.ui.widgets.controls import TYPED
from denoise.ui.widgets.noise_controls import NoiseControls, noise_spec_of
from denoise.ui.widgets.parts import PictureInput, networks


class Run(NamedTuple):
    """What takes a clean picture through methods: where to choose and to start it."""

    name: str  # of the button
    methods: gr.CheckboxGroup | gr.Dropdown
    told: gr.Checkbox
    settings: list[Any]  # further components that decide what is found
    start: gr.Button
    stop: gr.Button
    status: gr.Markdown
    stale: gr.Markdown  # says that what stands below is for other settings than those above


def build_run(service: Service, name: str, settings: Callable[[], list[Any]] = list) -> Run:
    """Adds the choice of methods, the buttons and a line on how far it is.

    Args:
        service: whose networks they are.
        name: of the view, and what its identifiers start with.
        settings: adds further components above the buttons, and gives them.
    """
    methods, told = _build_methods(service, name)
    added = settings()
    with gr.Row():
        start = gr.Button(name.capitalize(), variant="primary", elem_id=name)
        stop = gr.Button("Stop", scale=0, min_width=120)
    status = gr.Markdown(elem_id=f"{name}-status", elem_classes="figures")
    stale = gr.Markdown(visible=False, elem_id=f"{name}-stale", elem_classes="stale")
    return Run(name.capitalize(), methods, told, added, start, stop, status, stale)


def listen_run(
    service: Service,
    run: Run,
    clean: PictureInput,
    noise: NoiseControls,
    changed: Dependency,
    shown: list[Any],
    outputs: list[Any],
    work: Callable[..., Iterator[Any]],
) -> None:
    """Has the buttons start and stop the work, and says where its outcome is out of date.

    Args:
        service: prepares the picture.
        run: the buttons.
        clean: the picture.
        noise: its noise.
        changed: the event that follows picture and noise.
        shown: components that decide only how the outcome is shown.
        outputs: what the work fills, after the status.
        work: takes subject, spec, whether networks are told the level, and the values of
            the run's settings and of `shown`; gives those of status and outputs, again and again.
    """
    asked = [clean, run.methods, run.told, *noise, *run.settings]
    made_for = gr.State(None)  # their values, of the last run

    def start(file: str | None, methods: list[str], is_told: bool, *values: Any) -> Iterator[Any]:
        with explained():
            spec = noise_spec_of(*values[: len(noise)])
            subject = _prepare(service, file, methods)
            now = [file, methods, is_told, *values][: len(asked)]
            for status, *filled in work(subject, spec, is_told, *values[len(noise) :]):
                yield status, now, *filled

    running = run.start.click(
        start,
        [*asked, *shown],
        [run.status, made_for, *outputs],
        concurrency_id=COMPUTE,
        concurrency_limit=1,
        show_progress="hidden",
        api_visibility="private",
    )
    at_once: dict[str, Any] = {"queue": False, "api_visibility": "private"}
    run.stop.click(lambda: "Stopped.", None, run.status, cancels=running, **at_once)
    own = [made_for, run.methods, run.told, *run.settings]
    for follow in (partial(gr.on, [one.change for one in own]), changed.then):
        follow(
            lambda made, *values: _stale_words(run.name, made, list(values)),
            [made_for, *asked],
            run.stale,
            show_progress="hidden",
            trigger_mode="always_last",
            **at_once,
        )


def noise_words(spec: NoiseSpec, noise: str) -> str:
    """Gives sentences on the noise that was added.

    Args:
        spec: that noise.
        noise: its kind and level, as people know them.
    """
    words = [f"Noise: {noise}, seed {spec.seed}."]
    words += ["The same in all channels."] * spec.gray
    if not spec.eight_bit:
        words.append("Clipped, not rounded." if spec.clip else "Neither clipped nor rounded.")
    return " ".join(words)


def method_choices(service: Service) -> tuple[list[tuple[str, str]], list[str]]:
    """Gives label and name of every method that is here, and the names of those chosen at first."""
    models = networks(service)
    photo = [facts.name for facts in models if facts.needs.domain == "photo"]
    lessons = [facts.name for facts in models if facts.name not in photo]
    installed = [name for name in BASELINES if is_installed(name)]
    labels = [(_label(name), name) for name in installed]
    quick = [name for name in installed if not BASELINES[name].is_slow]
    return [*_named(photo), *labels, *_named(lessons)], photo + quick


def _prepare(service: Service, file: str | None, methods: list[str]) -> CleanImage:
    if not file:
        raise SettingError("There is no clean picture yet; drop one in first.")
    if not methods:
        raise SettingError("No method is chosen; tick one or more.")
    return service.prepare(file, methods)


def _stale_words(name: str, made: list[Any] | None, now: list[Any]) -> Any:
    if made is None or _in_any_order(made) == _in_any_order(now):
        return gr.update(value="", visible=False)
    words = (
        "**The settings above have changed since**: what stands below is for those before. "
        f"**{name}** works it out anew."
    )
    return gr.update(value=words, visible=True)


def _in_any_order(values: list[Any]) -> list[Any]:
    """Gives the values with the methods in alphabetical order: they are chosen in any."""
    file, methods, *others = values
    return [file, sorted(methods), *others]


def _build_methods(
    service: Service, name: str
) -> tuple[gr.CheckboxGroup | gr.Dropdown, gr.Checkbox]:
    choices, chosen = method_choices(service)
    shown: dict[str, Any] = {
        "label": "Methods",
        "info": "With a network for 28x28 lessons all of them get the picture at that size.",
        "elem_id": f"{name}-methods",
    }
    methods: gr.CheckboxGroup | gr.Dropdown
    if service.zoo.takes_addresses:  # which are typed
        shown["info"] += f" {TYPED}"
        methods = gr.Dropdown(
            choices, value=chosen, multiselect=True, allow_custom_value=True, **shown
        )
    else:
        methods = gr.CheckboxGroup(choices, value=chosen, **shown)
    told = gr.Checkbox(
        label="Tell networks the noise level",
        info="Otherwise they judge by themselves. Networks that cannot be told always do.",
        elem_id=f"{name}-told",
    )
    return methods, told


def _label(classic: str) -> str:
    title = BASELINES[classic].title
    return f"{title} (slow: a part of the picture)" if BASELINES[classic].is_slow else title


def _named(names: list[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in names]
