"""Typed reports on what was done to a picture; `to_dict` returns one as JSON holds it."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class PictureReport:
    """A report on a picture."""

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        return asdict(self, dict_factory=_with_lists)


@dataclass(frozen=True, kw_only=True)
class Report(PictureReport):
    """What was done to a denoised picture, and with what."""

    model: str
    sha256: str  # of the weights
    source: str  # of the weights: folder, file, or org/repo@commit on the Hub
    textured_by: str | None  # model whose texture was mixed in
    guided_by: str | None  # blind model that made the pilot estimate
    sigma_estimated: float | None
    sigma_used: float | None  # None where the network guessed, or was given a map
    sigma_source: str  # told, guessed, estimated or ignored
    jpeg_step: float | None  # that JPEG rounded to, in [0,1], where its traces were removed
    seconds: dict[str, float]  # by stage
    device: str
    precision: str
    tiles: int
    size: tuple[int, int]  # width, height
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EstimateReport(PictureReport):
    """How noisy a picture is."""

    sigma: float  # in [0,1]
    sigma_255: float  # the same in 1/255
    correlation: float  # of the noise of neighbouring pixels
    jpeg_step: float | None  # that JPEG rounded to, in [0,1]; None: no sign of JPEG
    size: tuple[int, int]  # width, height
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NoiseReport(PictureReport):
    """Which noise was added to a picture."""

    kind: str
    level: float | None  # None for a mixture, which has levels of its own
    seed: int
    gray: bool
    without: tuple[str, ...]  # stages that the camera lacked
    size: tuple[int, int]  # width, height
    warnings: tuple[str, ...]


class Denoised(NamedTuple):
    """A denoised image, of the type that came in, and the report on it."""

    image: Any
    report: Report


def _with_lists(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in pairs}
