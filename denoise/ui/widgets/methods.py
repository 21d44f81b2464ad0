"""Choose methods and run a noisy picture through all of them."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import gradio as gr
from gradio.events import Dependency

from denoise.errors import SettingError
from denoise.evaluation.baselines import BASELINES, is_installed
from denoise.evaluation.methods import CleanImage
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.server.service import Service
from denoise.ui.widgets.events import AT_ONCE, IN_TURN, LATEST, Updates, Values
from denoise.ui.widgets.noise_controls import NoiseControls, noise_spec_of, stage_title
from denoise.ui.widgets.parts import TYPED, PictureInput, networks
from denoise.ui.widgets.quoting import quoted

STALE = (
    "**The settings above have changed since**: the results below are for the earlier ones. "
    "Press **{}** for new results."
)


class Spoilt(NamedTuple):
    """The clean picture and its noise, which all methods share."""

    clean: PictureInput
    noise: NoiseControls
    changed: Dependency  # the event that follows both


class Run(NamedTuple):
    """Components that choose methods and start them."""

    name: str  # of the button
    methods: gr.CheckboxGroup | gr.Dropdown
    told: gr.Checkbox
    settings: list[Any]  # further components that decide what is measured
    start: gr.Button
    stop: gr.Button
    status: gr.Markdown
    stale: gr.Markdown  # warns that the settings have changed since the last run


class Job(NamedTuple):
    """What a run is asked for."""

    image: CleanImage
    spec: NoiseSpec
    is_told: bool  # whether networks are told the noise level
    values: Values  # of all components that it depends on


Work = Callable[[Job], Iterator[Updates]]


def build_run(service: Service, name: str, settings: Callable[[], list[Any]] = list) -> Run:
    """Add the choice of methods, the buttons and a line of progress.

    Identifiers start with the view's name. `settings` adds further components above the buttons.
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
    *,
    spoilt: Spoilt,
    work: Work,
    shown: Sequence[Any] = (),
    outputs: Sequence[Any],
) -> None:
    """Have the buttons start and stop the work, and warn where its outcome is out of date.

    The work fills the status and `outputs`; `shown` only decides how the outcome is shown.
    """
    asked = [spoilt.clean, run.methods, run.told, *spoilt.noise, *run.settings]
    made_for = gr.State(None)  # the settings of the last run

    def start(values: Values) -> Iterator[Updates]:
        spec = noise_spec_of(spoilt.noise, values)
        image = _prepare(service, values[spoilt.clean], values[run.methods])
        now = {made_for: _comparable(asked, values)}
        for updates in work(Job(image, spec, values[run.told], values)):
            yield now | updates

    running = run.start.click(
        start,
        {*asked, *shown},
        [run.status, made_for, *outputs],
        show_progress="hidden",
        **IN_TURN,
    )
    run.stop.click(lambda: "Stopped.", None, run.status, cancels=running, **AT_ONCE)

    def warn(values: Values) -> Any:
        made = values[made_for]
        is_stale = made is not None and made != _comparable(asked, values)
        words = STALE.format(run.name) if is_stale else ""
        return gr.update(value=words, visible=is_stale)

    own = [made_for, run.methods, run.told, *run.settings]
    for follow in (partial(gr.on, [one.change for one in own]), spoilt.changed.then):
        follow(warn, {made_for, *asked}, run.stale, show_progress="hidden", **LATEST)


def done_words(job: Job, noise: str) -> str:
    """Return sentences on a run that is done: its noise, described already, and warnings."""
    spec = job.spec
    words = ["Done.", f"Noise: {noise}, seed {spec.seed}."]
    words += ["The same in all channels."] * spec.gray
    words += [f"Left out: {stage_title(name)}." for name in spec.without]
    if not spec.eight_bit:
        words.append("Clipped, not rounded." if spec.clip else "Neither clipped nor rounded.")
    return quoted(" ".join([*words, *job.image.warnings]))


def method_choices(service: Service) -> tuple[list[tuple[str, str]], list[str]]:
    """Return label and name of every method, and the names of those chosen at first."""
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


def _comparable(asked: list[Any], values: Values) -> list[Any]:
    """Return the values of components, in which the order of chosen methods does not count."""
    found = [values[one] for one in asked]
    return [sorted(one) if isinstance(one, list) else one for one in found]


def _build_methods(
    service: Service, name: str
) -> tuple[gr.CheckboxGroup | gr.Dropdown, gr.Checkbox]:
    choices, chosen = method_choices(service)
    shown: dict[str, Any] = {
        "label": "Methods",
        "info": "If one of them is a 28x28 network, all of them get the picture at that size.",
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
        info="Otherwise they estimate it. Networks that cannot be told always do.",
        elem_id=f"{name}-told",
    )
    return methods, told


def _label(classic: str) -> str:
    title = BASELINES[classic].title
    return f"{title} (slow: a part of the picture)" if BASELINES[classic].is_slow else title


def _named(names: list[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in names]
