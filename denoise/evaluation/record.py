"""Write benchmark figures into the config of a network."""

from dataclasses import replace
from datetime import date
from typing import Any

import torch

from denoise.devices import device_label
from denoise.errors import SettingError
from denoise.inference.denoiser import Denoiser
from denoise.weights.facts import STAMP, read_facts, stamp_of, write_facts

NO_FIGURES = {"sha256", "own_stamps", *STAMP}  # entries of metrics that are no figures


def check_recordable(denoiser: Denoiser) -> None:
    """Refuse, by a SettingError, a network from a file or the Hub: it has no folder for figures."""
    if denoiser.source != "folder":
        raise SettingError(
            f"Figures are recorded in the folders of a zoo; {denoiser.facts.name} is from "
            f"{'a file' if denoiser.source == 'file' else denoiser.source}. Pull a network from "
            "the Hub first."
        )


def record(denoiser: Denoiser, **figures: Any) -> None:
    """Write figures, and with what they were measured, into the model's config.

    Figures are JSON by name and replace those recorded before. Those that stay keep their stamp:
    see `weights.stamp_of`.
    """
    check_recordable(denoiser)
    facts = read_facts(denoiser.facts.name, denoiser.folder.parent)
    kept = facts.metrics if facts.metrics.get("sha256") == facts.sha256 else {}
    stamp = {
        "date": date.today().isoformat(),
        "torch": torch.__version__,
        "device": device_label(denoiser.device),
        "precision": str(denoiser.dtype).removeprefix("torch."),
    }
    before = {name: value for name, value in kept.items() if name not in NO_FIGURES}
    stamps = {name: stamp_of(kept, name) for name in before} | dict.fromkeys(figures, stamp)
    most = stamps.get("table") or stamps.get("errors") or stamp
    own = {name: one for name, one in stamps.items() if one != most}
    metrics = {"sha256": facts.sha256} | most | before | _rounded(figures)
    metrics |= {"own_stamps": own} if own else {}
    write_facts(replace(facts, metrics=metrics), denoiser.folder.parent)


def _rounded(value: Any) -> Any:
    """Round figures to four decimals, so that a config stays readable."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
