"""What the tabs are made of: the picture input, pictures for display, words about networks."""

import base64
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from gradio.data_classes import ImageData
from numpy.typing import NDArray
from skimage import data

from denoise.images.arrays import to_8_bits
from denoise.images.picture import OUTPUT_FORMATS, Picture
from denoise.images.writing import encode_picture
from denoise.noise.synthesis import add_noise
from denoise.ui.server.service import Service
from denoise.ui.server.uploads import uploaded_file
from denoise.ui.widgets.quoting import quoted
from denoise.weights.facts import ModelFacts, stamp_of

SHOWN_SIDE = 280  # pixels that a smaller picture is enlarged to, without smoothing
PHOTOS = ("astronaut", "coffee", "chelsea")  # packaged with scikit-image, free to use
EXAMPLE_SIGMA = 25 / 255
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


class FileFormat(NamedTuple):
    """Components that say how files to download are written."""

    name: gr.Dropdown
    keep_exif: gr.Checkbox


def build_file_format() -> FileFormat:
    """Add them to the page that is being built."""
    return FileFormat(
        gr.Dropdown(list(OUTPUT_FORMATS), value="PNG", label="Format of the download"),
        gr.Checkbox(
            value=True,
            label="Keep the photo's details (EXIF)",
            info="Camera, date and, where the file has one, the place.",
        ),
    )


def clean_examples(service: Service) -> list[str]:
    """Write the free photographs and return their files."""
    return _written(service, lambda photo: photo)


def noisy_examples(service: Service) -> list[str]:
    """Write the free photographs with noise and return their files."""
    return _written(service, lambda photo: add_noise(photo, "gaussian", EXAMPLE_SIGMA))


def model_choices(service: Service) -> list[tuple[str, str]]:
    """Return label and name of every network, those for photos first."""
    return [
        (f"{facts.name} · {DOMAINS[facts.needs.domain]}", facts.name) for facts in networks(service)
    ]


def networks(service: Service) -> list[ModelFacts]:
    """Return the facts about every network, those for photos first."""
    return sorted(service.zoo.list_models(), key=lambda facts: facts.needs.domain != "photo")


def describe_model(facts: ModelFacts) -> str:
    """Return a line on what a network is for, and on its measured quality and speed."""
    return " ".join([quoted(facts.summary), *_quality_words(facts), *_speed_words(facts)])


def auto_at_25(facts: ModelFacts) -> list[dict[str, Any]]:
    """Return the rows measured at float noise of 25/255 whose level the network was not told."""
    return [
        row
        for row in facts.metrics.get("table", [])
        if row["sigma_255"] == 25 and not row["told"] and not row["eight_bit"]
    ]


def _quality_words(facts: ModelFacts) -> list[str]:
    return [
        f"At noise of 25/255 it brings {row['set_name']} from {row['psnr_noisy']:.1f} to "
        f"{row['psnr']:.1f} dB."
        for row in auto_at_25(facts)
    ]


def _speed_words(facts: ModelFacts) -> list[str]:
    measured = facts.metrics
    if "seconds_per_mpixel" not in measured:
        return []
    stamp = stamp_of(measured, "seconds_per_mpixel")
    return [
        f"A photo of 1 Mpixel took {measured['seconds_per_mpixel']:.2g} s on "
        f"{stamp['device']}, {stamp['precision']}."
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


def in_255(sigma: float) -> str:
    """Return a noise level in both units."""
    return f"{sigma * 255:.1f}/255 (sigma {sigma:.3f})"


def _written(service: Service, change: Callable[[NDArray[Any]], NDArray[Any]]) -> list[str]:
    photos = {name: Picture(change(getattr(data, name)())) for name in PHOTOS}
    return [str(service.storage.write(photo, f"{name}.png")) for name, photo in photos.items()]
