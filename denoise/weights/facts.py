"""Read what a config.json says of a network, and list a folder's networks."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from denoise.defaults import BUNDLED
from denoise.errors import UnknownModelError, WeightsError
from denoise.files import write_atomically
from denoise.models import Needs
from denoise.weights.manifest import CONFIG_FILE, read_manifest

CURVE_FILE = "curve.csv"  # of the training, for the card
STAMP = ("date", "torch", "device", "precision")  # of recorded figures
BASELINE_CURVE_FILE = "curve-tutorial.csv"  # of the training as published


@dataclass(frozen=True)
class ModelFacts:
    """Everything known about a member of the zoo; `config.json` of its folder holds it."""

    name: str
    summary: str  # what it is for, in plain words
    architecture: str
    config: dict[str, Any]
    needs: Needs
    sha256: str  # of the weights file
    parameters: int
    recipe: dict[str, Any] = field(default_factory=dict)
    training_data: list[dict[str, str]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)  # as `benchmark --record` writes them
    limits: list[str] = field(default_factory=list)  # what it is not good for, in plain words
    license: str = "Apache-2.0"
    bfloat16: bool = False  # measured: costs less than 0.02 dB
    textured: str | None = None  # model of the same needs that adds texture
    guide: str | None = None  # blind model of the pilot stage at auto, where noise is not white

    @property
    def seconds_per_mpixel(self) -> float | None:
        """Time of one pass over a million pixels on two CPU cores; None: not measured."""
        measured: Any = self.metrics.get("seconds_per_mpixel")
        is_number = isinstance(measured, (int, float)) and 0 < measured < 1e6  # nor NaN
        return measured if is_number else None


class CurvePoint(NamedTuple):
    """How far a training was after a step."""

    step: int
    loss: float
    psnr: float  # in dB, on held-out pictures


def list_models(folder: Path = BUNDLED) -> list[ModelFacts]:
    """Return the facts about every model, by name; WeightsError: a config that cannot be read."""
    return [read_facts(name, folder) for name in model_names(folder)]


def read_facts(name: str, folder: Path = BUNDLED) -> ModelFacts:
    """Return the facts about one model of the zoo.

    Raises:
        UnknownModelError: no such model.
        WeightsError: its config cannot be read.
    """
    names = model_names(folder)
    if name not in names:
        raise unknown_model(name, names, folder)
    try:
        content = (folder / name / CONFIG_FILE).read_bytes()
    except OSError:
        content = b""
    return parse_facts(content, name)


def parse_facts(content: bytes, name: str) -> ModelFacts:
    """Return the facts in the config of a model; WeightsError: it is damaged."""
    try:
        fields = json.loads(content)
        needs = {key: _as_tuple(value) for key, value in fields.pop("needs").items()}
        return ModelFacts(needs=Needs(**needs), **fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"The {CONFIG_FILE} of model {name!r} is damaged; restore its folder in weights/."
        ) from error


def stamp_of(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    """Return date, torch, device and precision that the figures of a name were measured with.

    Most share the stamp of the table; those recorded apart from it have their own.
    """
    stamp = metrics.get("own_stamps", {}).get(name, metrics)
    return {key: stamp[key] for key in STAMP}


def read_curve(file: Path) -> list[CurvePoint]:
    """Return the points of a training's curve.csv, by step."""
    with file.open(newline="") as opened:
        return [
            CurvePoint(int(row["step"]), float(row["loss"]), float(row["psnr"]))
            for row in csv.DictReader(opened)
        ]


def write_facts(facts: ModelFacts, folder: Path = BUNDLED) -> None:
    """Write the config of a model whose weights are there already."""
    text = json.dumps(asdict(facts), indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / facts.name / CONFIG_FILE, text.encode())


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def model_names(folder: Path = BUNDLED) -> list[str]:
    """Return the names of the models in a folder, also of damaged ones."""
    return sorted(config.parent.name for config in folder.glob(f"[!.]*/{CONFIG_FILE}"))


def unknown_model(name: str, names: Sequence[str], folder: Path) -> UnknownModelError:
    """Return the error for a name that is none of the models' in a zoo."""
    if name in read_manifest(folder):
        return UnknownModelError(
            f"{name} is not among the bundled weights but on the Hub: set DENOISE_HUB_REPO to a "
            f"repository that holds it, or name it as org/repo/{name}."
        )
    if not names:
        return UnknownModelError(
            f"Unknown model {name!r}: no network is installed there. Restore the folder weights/, "
            "or set DENOISE_HUB_REPO to a repository that holds some."
        )
    return UnknownModelError(f"Unknown model {name!r}; choose one of: {', '.join(names)}.")
