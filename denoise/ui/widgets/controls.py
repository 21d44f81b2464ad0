"""What a visitor sets before denoising: the network, the noise level and more."""

from typing import NamedTuple

import gradio as gr

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import DenoiseError
from denoise.inference.settings import Settings
from denoise.ui.server.service import Service
from denoise.ui.widgets.events import LATEST, Updates, Values
from denoise.ui.widgets.parts import Slider, describe_model, model_choices
from denoise.ui.widgets.quoting import quoted
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo

AUTO, TOLD = "Auto: estimate it from the picture", "Set it myself"
CHOSEN = "Try several levels and use the best (slower)"
TYPED = "You can type a network on the Hub: org/repo/name, or org/repo/file for any checkpoint."


class Controls(NamedTuple):
    """The components; `settings_of` reads them."""

    model: gr.Dropdown
    noise: gr.Radio
    steps: gr.Slider
    strength: gr.Slider
    texture: gr.Slider
    detail: gr.Slider
    ensemble: gr.Checkbox


def build_controls(service: Service) -> Controls:
    """Add the controls to the page that is being built."""
    facts = service.zoo.read_facts(DEFAULT_MODEL)
    model = build_model_choice(service, "model")
    words = gr.Markdown(describe_model(facts), elem_classes="quiet", elem_id="model-words")
    controls = Controls(
        model,
        gr.Radio([AUTO, CHOSEN, TOLD], value=AUTO, label="Noise level", elem_id="noise"),
        _build_steps(facts),
        _build_share("Strength", 1, "How much of the change to apply."),
        _build_share(
            "Texture",
            0,
            "0 is faithful to the picture. More invents fine texture where noise has buried it.",
            visible=facts.textured is not None,
        ),
        _build_share(
            "Restored detail",
            0,
            "Puts back the part of what was removed that looks like picture, not like noise.",
        ),
        gr.Checkbox(
            label="Best quality",
            info="Averages eight orientations: a little better, eight times slower.",
        ),
    )
    _follow_model(service, controls, words)
    _follow_noise(controls)
    return controls


def build_model_choice(service: Service, elem_id: str) -> gr.Dropdown:
    """Add the choice of a network, which may be typed where the server allows it."""
    return gr.Dropdown(
        model_choices(service),
        value=DEFAULT_MODEL,
        label="Network",
        info=TYPED if service.zoo.takes_addresses else None,
        allow_custom_value=service.zoo.takes_addresses,
        elem_id=elem_id,
    )


def settings_of(controls: Controls, values: Values, zoo: Zoo) -> Settings:
    """Return the settings that the controls ask for."""
    takes_sigma = zoo.read_facts(values[controls.model]).needs.takes_sigma
    noise = values[controls.noise] if takes_sigma else AUTO
    return Settings(
        sigma=round(values[controls.steps]) / 255 if noise == TOLD else None,
        strength=values[controls.strength],
        ensemble=values[controls.ensemble],
        texture=values[controls.texture],
        detail=values[controls.detail],
        choose=noise == CHOSEN,
    )


def _build_steps(facts: ModelFacts) -> Slider:
    return Slider(
        0,
        round(facts.needs.trained_sigma[1] * 255),
        value=25,
        step=1,
        label="Noise level, in steps of 1/255",
        info=_steps_words(25),
        visible=False,
        elem_id="steps",
    )


def _build_share(label: str, value: float, info: str, *, visible: bool = True) -> Slider:
    elem_id = label.split()[-1].lower()  # strength, texture, detail
    return Slider(
        0, 1, value=value, step=0.05, label=label, info=info, visible=visible, elem_id=elem_id
    )


def _follow_model(service: Service, controls: Controls, words: gr.Markdown) -> None:
    """Have the other controls offer what the chosen network can do."""

    def change_model(name: str) -> Updates:
        try:
            facts = service.zoo.read_facts(name)
        except DenoiseError as error:  # a typed address may be wrong
            return {words: quoted(error)}
        highest, is_photo = round(facts.needs.trained_sigma[1] * 255), facts.needs.domain == "photo"
        return {
            words: describe_model(facts),
            controls.noise: gr.update(visible=facts.needs.takes_sigma, value=AUTO),
            controls.steps: gr.update(visible=False, maximum=highest),
            controls.texture: gr.update(visible=facts.textured is not None, value=0),
            controls.detail: gr.update(visible=is_photo, value=0),
            controls.ensemble: gr.update(visible=is_photo, value=False),
        }

    controls.model.input(
        change_model,
        controls.model,
        [words, *controls[1:]],
        api_visibility="private",
        trigger_mode="always_last",
        queue=service.zoo.takes_addresses,  # fetching a network may take minutes
        concurrency_limit=None,
    )


def _follow_noise(controls: Controls) -> None:
    noise, steps = controls.noise, controls.steps
    noise.input(lambda chosen: gr.update(visible=chosen == TOLD), noise, steps, **LATEST)
    steps.release(lambda value: gr.update(info=_steps_words(value)), steps, steps, **LATEST)


def _steps_words(steps: float) -> str:
    return f"{steps:g}/255 is sigma {steps / 255:.3f}, the noise's standard deviation."
