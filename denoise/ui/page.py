"""The page: header, tabs and footer, and how they look."""

from pathlib import Path
from typing import Any

import gradio as gr

from denoise.devices import choose_device, device_label
from denoise.ui.denoise_tab import build_denoise_tab
from denoise.ui.digits_tab import build_digits_tab
from denoise.ui.links import LAB, link_settings
from denoise.ui.noise_lab_tab import build_noise_lab_tab
from denoise.ui.samples import SampleStore
from denoise.ui.service import Service
from denoise.ui.train_tab import build_train_tab
from denoise.ui.zoo_tab import build_zoo_tab
from denoise.version import version_words

HEADER = """
<header class="masthead">
  <h1>denoise</h1>
  <p>Take noise out of a picture, and see how it is done.</p>
  <div class="grain" aria-hidden="true"></div>
</header>
"""
STYLE = Path(__file__).parent / "style.css"


def build_page(service: Service, *, has_training: bool = True) -> gr.Blocks:
    """Gives the page with its tabs.

    Args:
        service: behind the page.
        has_training: whether visitors may train networks.
    """
    samples = SampleStore()
    page = gr.Blocks(title="denoise", analytics_enabled=False, delete_cache=None)
    with page:
        gr.HTML(HEADER, padding=False)
        own = gr.State(None)  # the denoiser that a visitor has trained; among tabs it would be one
        with gr.Tabs() as tabs:
            with gr.Tab("Denoise"):
                build_denoise_tab(service)
            with gr.Tab("Noise lab", id=LAB) as lab:
                contents = build_noise_lab_tab(service)
                for update, inputs, outputs in contents.fill:
                    lab.select(update, inputs, outputs, api_visibility="private")
            with gr.Tab("Digits") as digits:
                build_digits_tab(service, samples, digits, own)
            if has_training:
                with gr.Tab("Train"):
                    build_train_tab(service, samples, own)
            with gr.Tab("Zoo") as zoo:
                show, model, card = build_zoo_tab(service)
                zoo.select(show, model, card, queue=False, api_visibility="private")
        link_settings(page, tabs, contents.model, contents.noise)
        gr.Markdown(_footer(service), elem_classes="quiet")
    return page


def look() -> dict[str, Any]:
    """Gives the arguments of `launch` that say how the page looks."""
    system_fonts = ("ui-sans-serif", "system-ui", "sans-serif")
    theme = gr.themes.Base(
        primary_hue="amber",
        secondary_hue="amber",
        neutral_hue="stone",
        radius_size="sm",
        font=system_fonts,
        font_mono=("ui-monospace", "Consolas", "monospace"),
    ).set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_400",
        button_primary_text_color_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",  # the default is too faint to read on paper
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
    )
    return {"theme": theme, "css": STYLE.read_text(encoding="utf-8"), "footer_links": ["api"]}


def _footer(service: Service) -> str:
    device = device_label(choose_device(service.device))
    return f"denoise {version_words()} · runs on {device} · code and weights: Apache-2.0"
