"""What a visitor takes home: the kind of file that came, blended as it was set."""

import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from denoise.defaults import __version__
from denoise.errors import SettingError
from denoise.images.arrays import from_unit, to_unit
from denoise.images.picture import FORMAT_SUFFIXES, OUTPUT_FORMATS, SUFFIX_FORMATS, Picture
from denoise.images.writing import save_picture
from denoise.inference.settings import Settings
from denoise.ui.server.service import Service
from denoise.ui.server.storage import safe_stem
from denoise.ui.stage.layers import Layer
from denoise.ui.stage.pictures import Outcome, StagePicture

SOFTWARE = 0x0131  # the tag of EXIF that names the program


def write_result(
    picture: StagePicture,
    outcome: Outcome,
    image_format: str | None = None,
    *,
    strength: float = 1.0,
    detail: float = 0.0,
    keep_exif: bool = True,
    service: Service | None = None,
) -> Path:
    """Write the denoised picture and return the file, the same one for the same wishes.

    Args:
        picture: whose outcome it is.
        outcome: that is done.
        image_format: one of `OUTPUT_FORMATS`; None: the kind that came.
        strength: of the change, 0 to 1.
        detail: share of the removed detail that is given back.
        keep_exif: whether the photo's details are kept.
        service: that gives detail back.

    Raises:
        SettingError: another format, or a share out of its range.
        ImageError: the picture is too large for the format, or the disk is full.
    """
    image_format = image_format or picture.format
    if image_format not in OUTPUT_FORMATS:
        choices = ", ".join(OUTPUT_FORMATS)
        raise SettingError(f"Unknown format {image_format!r}; choose one of: {choices}.")
    _ = Settings(strength=strength, detail=detail)  # which checks them
    key = (image_format, strength, detail, keep_exif)
    if key in outcome.files and outcome.files[key].is_file():
        return outcome.files[key]
    made = _blended(picture, outcome, strength, detail, service)
    textured = outcome.report.get("textured_by")
    made = _marked(made, textured) if textured else made
    folder = outcome.folder / secrets.token_hex(8)
    folder.mkdir()
    ending = "-denoised-invented-texture" if textured else "-denoised"
    file = folder / f"{safe_stem(picture.name)}{ending}{_suffix(picture, image_format)}"
    # What was invented is said in any case; nothing else of the EXIF is in the picture then.
    save_picture(made if keep_exif else replace(made, exif=_own_exif(textured)), file)
    outcome.files[key] = file
    return file


def detailed_layer(picture: StagePicture, outcome: Outcome, service: Service) -> Layer:
    """Return the outcome with all the detail given back, made once."""
    with picture.lock:
        if outcome.detailed is not None:
            return outcome.detailed
    assert picture.before is not None
    noisy, denoised = picture.before.picture.pixels, outcome.after.picture.pixels
    pixels = service.give_back_detail(noisy, denoised, 1.0)
    layer = Layer(outcome.folder, "detailed", picture.before.picture)
    layer.put_all(pixels)
    outcome.detailed = layer
    return layer


def _blended(
    picture: StagePicture,
    outcome: Outcome,
    strength: float,
    detail: float,
    service: Service | None,
) -> Picture:
    """Return the outcome at a strength, with detail given back: what a run with them makes."""
    assert picture.before is not None
    noisy, made = picture.before.picture.pixels, outcome.after.picture.pixels
    if strength < 1:
        made = np.empty_like(made)
        for first in range(0, len(made), 512):  # rows, so that memory stays small
            rows = slice(first, first + 512)
            left, right = to_unit(noisy[rows]), to_unit(outcome.after.picture.pixels[rows])
            made[rows] = from_unit(left + np.float32(strength) * (right - left), made.dtype)
    if detail > 0 and service is not None:
        made = service.give_back_detail(noisy, made, detail)
    return picture.before.picture.with_pixels(np.asarray(made))


def _suffix(picture: StagePicture, image_format: str) -> str:
    """Return the ending that came, where it is one of that kind."""
    own = Path(picture.name).suffix
    is_kept = SUFFIX_FORMATS.get(own.lower()) == image_format
    return own if is_kept else FORMAT_SUFFIXES[image_format]


def _marked(made: Picture, textured: str) -> Picture:
    exif = Image.Exif()
    if made.exif:
        exif.load(made.exif)
    exif[SOFTWARE] = _says(textured)
    return replace(made, exif=exif.tobytes())


def _own_exif(textured: str | None) -> bytes | None:
    if not textured:
        return None
    exif = Image.Exif()
    exif[SOFTWARE] = _says(textured)
    return exif.tobytes()


def _says(textured: str) -> str:
    return f"denoise {__version__}: fine texture invented by {textured}"
