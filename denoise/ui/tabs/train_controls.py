"""The parts of the lesson Training: what a visitor chooses, and what is shown."""

from typing import NamedTuple

import gradio as gr

from denoise.training.lesson import LOSSES, MAX_EPOCHS, OPTIMIZERS, Lesson
from denoise.ui.server.service import Service
from denoise.ui.tabs.classroom import MAX_MINUTES
from denoise.ui.tabs.samples import SET_CHOICES
from denoise.ui.widgets.parts import Slider


class Choices(NamedTuple):
    """What a visitor chooses."""

    model: gr.Dropdown
    kind: gr.Radio
    factor: Slider
    loss: gr.Dropdown
    optimizer: gr.Dropdown
    epochs: Slider


class Views(NamedTuple):
    """What is shown."""

    status: gr.Markdown
    pictures: gr.HTML
    losses: gr.Plot
    held_out: gr.Plot
    compared: gr.Plot
    weights: gr.DownloadButton
    use: gr.Button
    own: gr.State


def build_choices(service: Service) -> Choices:
    """Add what a visitor chooses."""
    models = [facts.name for facts in service.zoo.list_models() if facts.needs.domain == "28x28"]
    model = gr.Dropdown(
        models,
        value=Lesson.model if Lesson.model in models else models[0],
        label="Network",
        elem_id="train-network",
    )
    kind = gr.Radio(
        SET_CHOICES,
        value="clothing",
        label="Pictures",
        show_label=False,
        container=False,
        elem_id="train-kind",
    )
    factor = Slider(
        0.05, 1, Lesson.factor, step=0.05, label="Noise (white is 1)", elem_id="train-factor"
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
    with gr.Accordion("How it learns", open=False):
        loss = gr.Dropdown(
            list(LOSSES),
            value=Lesson.loss,
            label="Loss",
            info="What training makes small.",
            elem_id="train-loss",
        )
        optimizer = gr.Dropdown(
            list(OPTIMIZERS),
            value=Lesson.optimizer,
            label="Optimiser",
            info="How training changes the weights.",
            elem_id="train-optimizer",
        )
    return Choices(model, kind, factor, loss, optimizer, epochs)


def build_views(own: gr.State) -> Views:
    """Add what is shown; `own` takes the network that was trained."""
    status = gr.Markdown(
        "Press **Train** to begin.", elem_id="train-status", elem_classes="figures"
    )
    with gr.Row():
        use = gr.Button(
            "Look inside your network", variant="primary", visible=False, elem_id="train-use"
        )
        weights = gr.DownloadButton(
            "Download the network's folder", visible=False, elem_id="train-download"
        )
    pictures = gr.HTML(elem_id="train-pictures", padding=False)
    with gr.Row():
        losses = gr.Plot(label="Loss on the training pictures", elem_id="train-losses")
        held_out = gr.Plot(
            label="PSNR on pictures that it has never seen", elem_id="train-held-out"
        )
    compared = gr.Plot(
        label="Your network and the shipped one, by noise", visible=False, elem_id="train-compared"
    )
    return Views(status, pictures, losses, held_out, compared, weights, use, own)
