"""What a visitor sets before denoising: the network, the noise level and how to go about it."""

from typing import Any, NamedTuple

import gradio as gr

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import DenoiseError
from denoise.inference.settings import Settings
from denoise.ui.server.failures import explained
from denoise.ui.server.service import Service
from denoise.ui.widgets.parts import Slider, describe_model, model_choices
from denoise.ui.widgets.quoting import quoted

AUTO, TOLD = "Auto: judge it from the picture", "I set it"
CHOSEN = "Choose for me: try several, some seconds more"
TYPED = "A network on the Hub is typed: org/repo/name, or org/repo/file of anyone's checkpoint."


class Controls(NamedTuple):
    """What a visitor sets, in the order that `settings_of` takes the values; the model is first."""

    model: gr.Dropdown
    noise: gr.Radio
    steps: gr.Slider
    strength: gr.Slider
    texture: gr.Slider
    detail: gr.Slider
    ensemble: gr.Checkbox


def build_controls(service: Service) -> Controls:
    """Adds the controls to the page that is being built."""
    facts = service.zoo.read_facts(DEFAULT_MODEL)
    model = gr.Dropdown(
        model_choices(service),
        value=DEFAULT_MODEL,
        label="Network",
        info=TYPED if service.zoo.takes_addresses else None,
        allow_custom_value=service.zoo.takes_addresses,
        elem_id="model",
    )
    words = gr.Markdown(describe_model(facts), elem_classes="quiet", elem_id="model-words")
    noise = gr.Radio([AUTO, CHOSEN, TOLD], value=AUTO, label="Noise level", elem_id="noise")
    steps = Slider(
        0,
        round(facts.needs.trained_sigma[1] * 255),
        value=25,
        step=1,
        label="Noise level, in steps of 1/255",
        info=_steps_words(25),
        visible=False,
        elem_id="steps",
    )
    strength = Slider(
        0, 1, value=1, step=0.05, label="Strength", info="How much of the change to apply."
    )
    texture = Slider(
        0,
        1,
        value=0,
        step=0.05,
        label="Texture",
        info="0 is faithful. More makes up fine texture that the noise has drowned.",
        visible=facts.textured is not None,
        elem_id="texture",
    )
    detail = Slider(
        0,
        1,
        value=0,
        step=0.05,
        label="Detail given back",
        info="Of what was removed: the part that looks like picture, not like noise.",
        elem_id="detail",
    )
    ensemble = gr.Checkbox(
        label="Best quality",
        info="The mean over eight orientations: a little better, eight times slower.",
    )

    def change_model(name: str) -> Any:
        with explained():
            try:
                chosen = service.zoo.read_facts(name)
            except DenoiseError as error:  # of an address that is typed
                return quoted(error), *[gr.skip()] * 5
        needs, is_photo = chosen.needs, chosen.needs.domain == "photo"
        return (
            describe_model(chosen),
            gr.update(visible=needs.takes_sigma, value=AUTO),
            gr.update(visible=False, maximum=round(needs.trained_sigma[1] * 255)),
            gr.update(visible=chosen.textured is not None, value=0),
            gr.update(visible=is_photo, value=0),
            gr.update(visible=is_photo, value=False),
        )

    model.input(
        change_model,
        model,
        [words, noise, steps, texture, detail, ensemble],
        api_visibility="private",
        trigger_mode="always_last",
        queue=service.zoo.takes_addresses,  # what is fetched first may take minutes
        concurrency_limit=None,
    )
    noise.input(
        lambda chosen: gr.update(visible=chosen == TOLD),
        noise,
        steps,
        api_visibility="private",
        trigger_mode="always_last",
        queue=False,
    )
    steps.release(
        lambda value: gr.update(info=_steps_words(value)),
        steps,
        steps,
        api_visibility="private",
        trigger_mode="always_last",
        queue=False,
    )
    return Controls(model, noise, steps, strength, texture, detail, ensemble)


def settings_of(
    service: Service,
    model: str,
    noise: str,
    steps: float,
    strength: float,
    texture: float,
    detail: float,
    ensemble: bool,
) -> Settings:
    """Gives the settings that the values of the controls stand for."""
    takes_sigma = service.zoo.read_facts(model).needs.takes_sigma
    sigma = round(steps) / 255 if noise == TOLD and takes_sigma else None
    return Settings(
        sigma=sigma,
        strength=strength,
        ensemble=ensemble,
        texture=texture,
        detail=detail,
        choose=noise == CHOSEN and takes_sigma,
    )


def _steps_words(steps: float) -> str:
    return f"{steps:g}/255 is sigma {steps / 255:.3f}, the noise's standard deviation."
