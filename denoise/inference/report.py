"""What was done to a picture, as a typed report."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from denoise.inference.level_selection import LevelSelection


@dataclass(frozen=True)
class Report:
    """What was done to a picture, and with what."""

    model: str
    sha256: str  # of the weights
    source: str  # of the weights: folder, file, or org/repo@commit on the Hub
    textured_by: str | None  # model whose texture was mixed in
    guided_by: str | None  # blind model that made the pilot estimate
    sigma_estimated: float | None
    sigma_used: float | None  # None where the network guessed, or was given a map
    sigma_source: str  # told, chosen, guessed, estimated or ignored
    jpeg_step: float | None  # that JPEG rounded to, in [0,1], where its traces were removed
    choice: LevelSelection | None  # noise levels that were tried, where that was asked for
    seconds: dict[str, float]  # by stage
    device: str
    precision: str
    tiles: int
    size: tuple[int, int]  # width, height
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        return asdict(self)


class Denoised(NamedTuple):
    """A denoised image, of the type that came in, and the report on it."""

    image: Any
    report: Report
