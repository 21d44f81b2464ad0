"""What the tabs are made of: the picture input, pictures for display, words about networks."""

import base64
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import ImageData
from numpy.typing import NDArray
from skimage import data

from denoise.defaults import DEFAULT_MODEL
from denoise.images.arrays import to_8_bits
from denoise.images.picture import Picture
from denoise.images.writing import encode_picture
from denoise.ui.server.service import Service
from denoise.ui.server.uploads import uploaded_file
from denoise.weights.facts import ModelFacts

SHOWN_SIDE = 280  # pixels that a smaller picture is enlarged to, without smoothing
PHOTOS = ("astronaut", "coffee", "chelsea")  # packaged with scikit-image, free to use
TYPED = "You can type a network on the Hub: org/repo/name, or org/repo/file for any checkpoint."
DOMAINS = {"photo": "photos and scans", "28x28": "28x28 lessons"}


class PictureInput(gr.Image):
    """An image input that hands over the uploaded file itself, undecoded.

    It has no `__init__` of its own: Gradio draws what the signature of that names.
    """

    is_template = True  # drawn by the front end of gr.Image

    def preprocess(self, payload: ImageData | None) -> str | None:
        """Return the path of the upload; raise an ImageError for any other file."""
        if payload is None:
            return None
        return str(uploaded_file({"path": payload.path}, Path(self.GRADIO_CACHE)))


class Slider(gr.Slider):
    """A slider whose number field takes what is typed as the nearest number that it has.

    Gradio's own fails at it, with a traceback in the log, before the browser sets it right. This
    one has no `__init__` either.
    """

    is_template = True  # drawn by the front end of gr.Slider

    def preprocess(self, payload: float | None) -> float:
        """Return a number within the range; the lowest for an empty field."""
        typed = self.minimum if payload is None else payload
        return super().preprocess(min(max(typed, self.minimum), self.maximum))


def build_view(
    label: str, words: str, *, width: int, height: int
) -> tuple[PictureInput, gr.Markdown]:
    """Add a column at least so wide, with a picture that is shown and the words below it."""
    name = label.lower()
    with gr.Column(min_width=width):
        image = PictureInput(  # an event that takes its picture gets the file, undecoded
            label=label,
            alt_text=words,
            type="filepath",
            format="png",
            interactive=False,
            height=height,
            buttons=["download", "fullscreen"],
            elem_id=f"{name}-view",
        )
        return image, gr.Markdown(elem_classes="figures", elem_id=f"{name}-words")


def clean_examples(service: Service) -> list[str]:
    """Write the free photographs and return their files."""
    photos = {name: Picture(getattr(data, name)()) for name in PHOTOS}
    return [str(service.storage.write(photo, f"{name}.png")) for name, photo in photos.items()]


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


def model_choices(service: Service) -> list[tuple[str, str]]:
    """Return label and name of every network, those for photos first."""
    return [
        (f"{facts.name} · {DOMAINS[facts.needs.domain]}", facts.name) for facts in networks(service)
    ]


def networks(service: Service) -> list[ModelFacts]:
    """Return the facts about every network, those for photos first."""
    return sorted(service.zoo.list_models(), key=lambda facts: facts.needs.domain != "photo")


def auto_at_25(facts: ModelFacts) -> list[dict[str, Any]]:
    """Return the rows measured at float noise of 25/255 whose level the network was not told."""
    return [
        row
        for row in facts.metrics.get("table", [])
        if row["sigma_255"] == 25 and not row["told"] and not row["eight_bit"]
    ]


def write_shown(service: Service, pixels: NDArray[Any], name: str) -> str:
    """Write pixels as an 8-bit PNG for the browser, tiny ones enlarged without smoothing."""
    shown = to_8_bits(pixels)
    if is_tiny(pixels):
        factor = SHOWN_SIDE // max(pixels.shape[:2])
        shown = shown.repeat(factor, axis=0).repeat(factor, axis=1)
    return str(service.storage.write_quickly(shown, name))


def is_tiny(pixels: NDArray[Any]) -> bool:
    """Return whether a picture is so small that it is shown enlarged."""
    return bool(max(pixels.shape[:2]) <= SHOWN_SIDE // 4)


def inline_image(pixels: NDArray[np.uint8], words: str, style: str = "") -> str:
    """Return HTML that shows pixels as they are, with words for those who cannot see them."""
    return f'<img class="{style}" src="{image_source(pixels)}" alt="{escape(words)}">'


def image_source(pixels: NDArray[np.uint8]) -> str:
    """Return the address of pixels that holds them itself."""
    content = base64.b64encode(encode_picture(Picture(pixels))).decode()
    return f"data:image/png;base64,{content}"


def picture_grid(rows: Mapping[str, Iterable[NDArray[np.uint8]]]) -> str:
    """Return rows of pictures by their title, as HTML."""
    lines = [
        f"<tr><th>{title}</th>"
        + "".join(f"<td>{inline_image(picture, title)}</td>" for picture in pictures)
        + "</tr>"
        for title, pictures in rows.items()
    ]
    return f'<table class="grid"><tbody>{"".join(lines)}</tbody></table>'
