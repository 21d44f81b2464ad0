"""Draw the plots of a card, and write it from what was measured."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from denoise.datasets.synthetic import draw_clothing, draw_digits
from denoise.defaults import BUNDLED
from denoise.evaluation.benchmark_28x28 import Gray, find_training_set
from denoise.evaluation.plots import draw_crops, draw_curves, draw_rows, draw_sweep, measure_sweep
from denoise.evaluation.record import record
from denoise.inference.denoiser import Denoiser
from denoise.weights.card import compose_card, plain_text
from denoise.weights.facts import BASELINE_CURVE_FILE, CURVE_FILE, ModelFacts, read_facts
from denoise.weights.manifest import CARD_FILE, update_manifest

ROWS_AT = 0.4  # noise factor of the rows of small pictures
ROWS = 10  # pictures a row


def write_card(name: str, zoo: Path = BUNDLED, *, baselines: Sequence[Path] = ()) -> Path:
    """Draw the plots of a model and write its card; return the card's file.

    The figures of the plots are measured here and recorded with the others. The zoo's manifest is
    updated.

    Baselines are folders of the same model, trained as in its tutorial. The card gets the recorded
    figures of all and the curve of the first. None: it keeps those it has.

    Raises:
        UnknownModelError: there is no such model.
        DenoiseError: matplotlib is not installed.
    """
    denoiser = Denoiser(name, zoo=zoo)
    folder = zoo / name
    if baselines:
        _take_over(denoiser, [baseline / name for baseline in baselines])
    if denoiser.facts.needs.domain == "photo":
        _draw_photos(denoiser)
    else:
        for file, pictures in _small_pictures(denoiser).items():
            _save(draw_rows(denoiser, pictures, ROWS_AT), folder / file)
    curves = {"ours": folder / CURVE_FILE, "as published": folder / BASELINE_CURVE_FILE}
    there = {title: file for title, file in curves.items() if file.is_file()}
    if there:
        _save(draw_curves(there), folder / "curve.png")
    card = folder / CARD_FILE
    card.write_text(compose_card(read_facts(name, zoo), folder), encoding="utf-8")
    update_manifest(zoo)
    return card


def _take_over(denoiser: Denoiser, folders: list[Path]) -> None:
    """Record the figures of a tutorial's trainings beside ours."""
    published = [read_facts(folder.name, folder.parent) for folder in folders]
    baselines = [
        facts.metrics
        | {"title": _published_title(facts, denoiser.facts), "method": facts.recipe["method"]}
        for facts in published
    ]
    record(denoiser, baselines=baselines)
    curve = folders[0] / CURVE_FILE
    if curve.is_file():
        shutil.copyfile(curve, denoiser.folder / BASELINE_CURVE_FILE)


def _published_title(facts: ModelFacts, ours: ModelFacts) -> str:
    """Return "as published", with the numbers of the config that differ from ours."""
    if facts.architecture != ours.architecture:
        return "as published"
    others = [f"{key} {plain_text(value)}" for key, value in facts.config.items()]
    mine = [f"{key} {plain_text(value)}" for key, value in ours.config.items()]
    return ", ".join(["as published", *(other for other in others if other not in mine)])


def _draw_photos(denoiser: Denoiser) -> None:
    swept = measure_sweep(denoiser)
    record(denoiser, sweep=swept)
    low, high = denoiser.facts.needs.trained_sigma
    folder = denoiser.folder
    _save(draw_sweep(swept, (255 * low, 255 * high)), folder / "sweep.png")
    _save(draw_crops(denoiser), folder / "crops.png")


def _small_pictures(denoiser: Denoiser) -> dict[str, Gray]:
    """Draw pictures of the kind that a network knows and of the other kind, by file."""
    kinds = [draw_digits, draw_clothing]
    if find_training_set(denoiser.facts) == "fashion-mnist":
        kinds.reverse()
    made = [make(ROWS)[0][:, 0].numpy() / np.float32(255) for make in kinds]
    return dict(zip(("rows.png", "limits.png"), made, strict=True))


def _save(figure: Any, file: Path) -> None:
    figure.savefig(file, metadata={"Software": None})
