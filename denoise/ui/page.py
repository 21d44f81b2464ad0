"""The page: header, its two places and footer, and how they look."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from denoise.defaults import __version__
from denoise.devices import choose_device, device_label
from denoise.ui.language import read_phrases, translate_page
from denoise.ui.server.service import Service
from denoise.ui.server.zero_gpu import is_lent
from denoise.ui.stage.component import build_stage
from denoise.ui.tabs.address import CLEAN, LEARN, follow_places, link_places
from denoise.ui.tabs.classroom import Classroom
from denoise.ui.tabs.learn import build_learn
from denoise.ui.tabs.samples import SampleStore
from denoise.ui.widgets.events import AT_ONCE
from denoise.ui.widgets.quoting import quoted
from denoise.ui.widgets.toasts import Page

LANGUAGES = {"": ("en", "English"), "zh": ("zh", "中文")}  # by path: tag and own name
HEADER = """
<a class="skip" href="#places">Skip to the contents</a>
<header class="masthead">
  <h1>denoise</h1>
  <nav aria-label="Language">{links}</nav>
  <div class="grain" aria-hidden="true"></div>
</header>
"""
# What Gradio tells screen readers, and has no Chinese for.
TOLD = {"common.complete": "完成", "status.queue_position": "排队第 {position} 位 / 共 {size} 位"}
LACKING = gr.I18n(**{"zh-CN": TOLD, "zh-TW": TOLD})
HERE = Path(__file__).parent
STYLE, SCRIPT = HERE / "style.css", HERE / "page.js"


def build_page(
    service: Service, *, has_training: bool = True, samples: SampleStore | None = None
) -> Page:
    """Build the page.

    Args:
        service: behind it.
        has_training: whether visitors may train networks.
        samples: of 28x28 pixels; None: a store of its own.
    """
    samples, classroom = samples or SampleStore(), Classroom() if has_training else None
    page = Page(title="denoise", analytics_enabled=False, delete_cache=None)
    with page:
        _fill(page, "", service, samples, classroom, str)
    for path, (tag, name) in LANGUAGES.items():
        if path:
            phrases = read_phrases(tag)
            with page.route(name, path, show_in_navbar=False):
                _fill(page, path, service, samples, classroom, phrases.say)
            translate_page(page, path, phrases)
    page.current_page = ""  # where what is added later goes
    return page


def _fill(
    page: gr.Blocks,
    path: str,
    service: Service,
    samples: SampleStore,
    classroom: Classroom | None,
    say: Callable[[str], str],
) -> None:
    """Add all that is on the page."""
    _add_warnings(page, service)
    gr.HTML(HEADER.format(links=_links(path)), padding=False)
    with gr.Tabs(overflow_behavior="wrap", elem_id="places") as places:
        with gr.Tab("Clean", id=CLEAN) as clean:
            build_stage(service, path)
        with gr.Tab("Learn", id=LEARN) as learn:
            lessons, parts = build_learn(service, samples, classroom)
    follow_places([clean, learn])
    link_places(page, places, lessons, parts, translate=say)
    gr.Markdown(_footer(service), elem_classes="quiet")


def _add_warnings(page: gr.Blocks, service: Service) -> None:
    """Add the zoo's warnings, looked up anew for every visitor."""

    def look_up() -> Any:
        words = "\n\n".join(map(quoted, service.zoo.warnings()))
        return gr.update(value=words, visible=bool(words))

    if words := look_up()["value"]:
        shown = gr.Markdown(words, elem_classes="warning")
        page.load(look_up, None, shown, show_progress="hidden", **AT_ONCE)


def _links(here: str) -> str:
    """Return a link to the page in each language, as HTML."""
    return " ".join(
        f'<a href="./{path}" lang="{tag}" hreflang="{tag}"'
        f"{' aria-current=page' if path == here else ''}>{name}</a>"
        for path, (tag, name) in LANGUAGES.items()
    )


def look() -> dict[str, Any]:
    """Return the arguments of `launch` that say how the page looks."""
    system_fonts = ("ui-sans-serif", "system-ui", "sans-serif")
    theme = gr.themes.Base(
        primary_hue="amber",
        secondary_hue="amber",
        neutral_hue="stone",
        radius_size="sm",
        font=system_fonts,
        font_mono=("ui-monospace", "Consolas", "monospace"),
    ).set(
        button_primary_background_fill="*primary_700",  # white is read on it
        button_primary_background_fill_hover="*primary_800",
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
    tags = json.dumps({path: tag for path, (tag, _) in LANGUAGES.items()})
    script = SCRIPT.read_text(encoding="utf-8").replace("'{tags}'", tags)
    head = f"<script>{script}</script>"
    style = STYLE.read_text(encoding="utf-8")
    return {"theme": theme, "css": style, "head": head, "footer_links": ["api"], "i18n": LACKING}


def _footer(service: Service) -> str:
    device = device_label(choose_device("auto" if is_lent() else service.device))
    words = f"denoise {__version__} · runs on {device} · code and weights: Apache-2.0"
    source = service.zoo.repository
    return words if source is None else f"{words}  \nWeights from the Hub: {quoted(source)}"
