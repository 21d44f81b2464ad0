"""Write down what methods made of an image: as a table, JSON, pictures or a zip."""

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from denoise.evaluation.methods import CleanImage, Pixels
from denoise.images.picture import Picture
from denoise.images.writing import encode_picture
from denoise.noise.synthesis import NoiseSpec, is_mixture

TABLE_FILE = "table.csv"


@dataclass(frozen=True, eq=False)
class MethodResult:
    """What a method made of the noisy image, and how good that is."""

    method: str
    title: str
    image: Pixels
    psnr: float  # dB, over all channels; infinite if equal
    ssim: float | None  # None: the image is too small
    haarpsi: float | None  # None: the image is too small
    seconds_per_mpixel: float | None  # None: the noisy image itself
    parameters: int | None  # None: not a network
    told: float | None  # the noise level that the method was told; None: none
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the row of the table, for JSON: a figure that is not finite is None."""
        return {
            "method": self.method,
            "psnr": _rounded(self.psnr, 4),
            "ssim": _rounded(self.ssim, 5),
            "haarpsi": _rounded(self.haarpsi, 5),
            "seconds_per_mpixel": _rounded(self.seconds_per_mpixel, 3),
            "parameters": self.parameters,
            "told": _rounded(self.told, 5),
            "note": self.note,
        }


def make_report(
    image: CleanImage,
    spec: NoiseSpec,
    rows: list[dict[str, Any]],
    *,
    is_told: bool,
    levels: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return what was asked for and what was found, for JSON.

    Of a sweep, the levels replace the one of `spec`.
    """
    facts = asdict(spec) | {"told": is_told}
    if levels is not None:
        facts["levels"] = list(levels)
    if levels is not None or is_mixture(spec.kind):
        del facts["level"]
    height, width = image.clean.shape[:2]
    return facts | {
        "size": [width, height],
        "methods": image.methods,
        "rows": rows,
        "warnings": list(image.warnings),
    }


def write_table(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV; the keys of the first row are the head."""
    lines = list(rows)
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def encode_files(clean: Pixels, results: Sequence[MethodResult]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the table, of clean.png and of each result as PNG."""
    yield TABLE_FILE, write_table(result.to_dict() for result in results).encode()
    yield "clean.png", encode_picture(Picture(clean))
    for result in results:
        name = re.sub(r"[^\w.@-]", "-", result.method)  # a method may be an address with slashes
        yield f"{name}.png", encode_picture(Picture(result.image))


def write_zip(clean: Pixels, results: Sequence[MethodResult], file: Path) -> None:
    """Write the files of `encode_files` into a zip."""
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in encode_files(clean, results):
            packed.writestr(name, content)


def _rounded(figure: float | None, digits: int) -> float | None:
    return round(figure, digits) if figure is not None and math.isfinite(figure) else None
