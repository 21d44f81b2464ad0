"""The place Learn: four lessons, one at a time, behind a chooser."""

from typing import NamedTuple

import gradio as gr

from denoise.ui.server.service import Service
from denoise.ui.tabs.address import Part, follow_part
from denoise.ui.tabs.classroom import Classroom
from denoise.ui.tabs.digits import build_digits_lesson
from denoise.ui.tabs.links import LAB, digits_part, lab_part, networks_part, training_part
from denoise.ui.tabs.noise_lab import build_noise_lab_tab
from denoise.ui.tabs.samples import SampleStore
from denoise.ui.tabs.train import build_train_lesson
from denoise.ui.tabs.zoo import build_zoo_tab
from denoise.ui.widgets.events import AT_ONCE


class Learn(NamedTuple):
    """What the page needs of the place."""

    lessons: gr.Tabs
    parts: list[Part]  # in their order


def build_learn(service: Service, samples: SampleStore, classroom: Classroom | None) -> Learn:
    """Add the lessons; a lesson is filled, and runs networks, only once it is opened.

    Args:
        service: runs the networks.
        samples: pictures of 28x28.
        classroom: where visitors train; None where they may not.
    """
    own = gr.State(None)  # the denoiser that a visitor has trained; among tabs it would be one
    with gr.Tabs(overflow_behavior="wrap", elem_id="lessons") as lessons:
        with gr.Tab("Noise lab", id=LAB) as tab:
            parts = [_add_lab(service, tab)]
        with gr.Tab("Digits", id="digits") as tab:
            digits = build_digits_lesson(service, samples, tab, own)
            parts.append(follow_part(tab, digits_part(service.zoo, digits.parts)))
        if classroom is not None:
            with gr.Tab("Training", id="train") as tab:
                training = build_train_lesson(service, samples, classroom, tab, own)
                parts.append(follow_part(tab, training_part(training.choices)))
            training.use.click(
                lambda own: (gr.update(selected="digits"), *digits.choose_own(own)),
                own,
                [lessons, digits.parts.kind, digits.parts.network],
                **AT_ONCE,
            )
        with gr.Tab("The networks", id="zoo") as tab:
            show, model, card = build_zoo_tab(service)
            tab.select(show, model, card, **AT_ONCE)
            parts.append(follow_part(tab, networks_part(service.zoo, model)))
    return Learn(lessons, parts)


def _add_lab(service: Service, tab: gr.Tab) -> Part:
    contents = build_noise_lab_tab(service)
    for update, inputs, outputs in contents.fill:
        tab.select(update, inputs, outputs, api_visibility="private")
    return follow_part(tab, lab_part(service.zoo, *contents[1:]))
