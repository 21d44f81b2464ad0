"""The controls of the noise that is added, and what they say together."""

from typing import Any, NamedTuple

import gradio as gr
from gradio.events import Dependency

from denoise.errors import SettingError
from denoise.noise.kinds import KINDS, NoiseKind
from denoise.noise.synthesis import NoiseSpec, find_stages
from denoise.noise.typical_camera import STAGES
from denoise.ui.widgets.events import AT_ONCE, LATEST, Values
from denoise.ui.widgets.parts import Slider

FIRST_LEVEL = 0.1
CAMERA = "camera"  # the kind that has stages
TITLES = {"mosaic": "Mosaic and demosaicing", "color-matrix": "Colour matrix"}


class NoiseControls(NamedTuple):
    """The components; `noise_spec_of` reads them."""

    kind: gr.Dropdown
    level: gr.Slider
    seed: gr.Number
    stages: gr.CheckboxGroup  # of a camera, that are on
    gray: gr.Checkbox
    eight_bit: gr.Checkbox
    clip: gr.Checkbox
    mixture: gr.Textbox


def build_noise_controls() -> tuple[NoiseControls, gr.Markdown]:
    """Add the controls; return them and the place that names the level in its own unit."""
    kind = gr.Dropdown(list(KINDS), value="gaussian", label="Kind of noise", elem_id="kind")
    with gr.Column(min_width=240, elem_classes="tight reach"):
        level = Slider(
            0,
            1,
            value=FIRST_LEVEL,
            step=0.005,
            label="Level",
            info=_level_words(KINDS["gaussian"]),
            elem_id="level",
        )
        unit = gr.Markdown(
            _in_known_unit("gaussian", FIRST_LEVEL), elem_classes="figures", elem_id="unit"
        )
    seed = gr.Number(
        0, label="Seed", info="The same seed gives the same noise.", precision=0, elem_id="seed"
    )
    kind.input(lambda name: level_update(KINDS[name]), kind, level, **LATEST)
    stages = gr.CheckboxGroup(
        [(stage_title(name), name) for name in STAGES],
        value=list(STAGES),
        label="Stages of the camera",
        info="Untick one to see what it does to the noise; the level at middle gray stays.",
        visible=False,
        elem_id="stages",
    )
    return NoiseControls(kind, level, seed, stages, *_build_more(kind, level)), unit


def _build_more(kind: gr.Dropdown, level: gr.Slider) -> list[Any]:
    """Add what few visitors need: gray noise, float noise, its clipping, and mixtures."""
    with gr.Accordion("More about the noise", open=False):
        gray = gr.Checkbox(
            label="Gray noise", info="The same in all channels.", elem_id="gray-noise"
        )
        eight_bit = gr.Checkbox(
            value=True,
            label="As an 8-bit file",
            info="Clipped and rounded; otherwise the network gets the noise as drawn.",
            elem_id="eight-bit",
        )
        clip = gr.Checkbox(
            label="Clip",
            info="At black and white. An 8-bit file is always clipped.",
            elem_id="clip",
        )
        mixture = gr.Textbox(
            label="Mixture, in place of kind and level",
            info="Such as gaussian:0.1+salt-pepper:0.02, from left to right.",
            max_lines=1,
            scale=2,
            elem_id="mixture",
        )
        add = gr.Button("Add kind and level to the mixture", size="sm", min_width=200)
    add.click(_add_part, [mixture, kind, level], mixture, **AT_ONCE)
    return [gray, eight_bit, clip, mixture]


def follow_kind(changed: Dependency, noise: NoiseControls, unit: gr.Markdown) -> None:
    """Have the words on the level and the stages of a camera follow, after that event."""
    changed.then(
        lambda kind, level, mixture: (
            _in_known_unit(kind, level),
            gr.update(visible=has_camera((mixture or "").strip() or kind)),
        ),
        [noise.kind, noise.level, noise.mixture],
        [unit, noise.stages],
        show_progress="hidden",
        **LATEST,
    )


def stage_title(name: str) -> str:
    """Return a stage of a camera in words."""
    return TITLES.get(name) or name.replace("-", " ").capitalize()


def noise_spec_of(noise: NoiseControls, values: Values) -> NoiseSpec:
    """Return the noise that the controls ask for, or raise a SettingError."""
    kind = read_mixture(values[noise.mixture]) or values[noise.kind]
    left_out = [name for name in STAGES if name not in values[noise.stages]]
    return NoiseSpec(
        kind=kind,
        without=left_out if has_camera(kind) else (),
        level=float(values[noise.level]),
        seed=int(values[noise.seed] or 0),
        gray=values[noise.gray],
        eight_bit=values[noise.eight_bit],
        clip=values[noise.clip],
    )


def read_mixture(text: str | None) -> str:
    """Return a typed mixture, empty where none is typed, or raise a SettingError."""
    written = (text or "").strip()
    if written and ":" not in written:
        raise SettingError("A mixture is written like gaussian:0.1+salt-pepper:0.02.")
    return written


def has_camera(kind: str) -> bool:
    """Return whether a kind of noise, or a part of a mixture, is that of a camera."""
    return any(part.split(":")[0].strip() == CAMERA for part in kind.split("+"))


def describe_noise(spec: NoiseSpec) -> str:
    """Return the noise in the units that people know."""
    stages = find_stages(spec.kind, spec.level)
    return ", then ".join(f"{noise.name}: {noise.describe(level)}" for noise, level in stages)


def level_update(kind: NoiseKind, level: float | None = None) -> Any:
    """Return the update of the level's slider for a kind of noise; None: its first level."""
    value = min(FIRST_LEVEL, kind.max_level) if level is None else level
    return gr.update(maximum=kind.max_level, value=value, info=_level_words(kind))


def _in_known_unit(kind: str, level: float) -> str:
    return f"**{KINDS[kind].describe(min(level, KINDS[kind].max_level))}**"


def _add_part(mixture: str | None, kind: str, level: float) -> str:
    return "+".join(filter(None, [(mixture or "").strip(), f"{kind}:{level:g}"]))


def _level_words(kind: NoiseKind) -> str:
    return f"{kind.meaning}, 0 to {kind.max_level:g}".capitalize()
