"""Name -> verified, strictly loaded network and the facts about it, from a folder of models."""

import csv
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import nn

from denoise.community import load_checkpoint, read_checkpoint
from denoise.defaults import BUNDLED
from denoise.errors import UnknownModelError, WeightsError
from denoise.files import write_atomically
from denoise.manifest import CONFIG_FILE, WEIGHTS_FILE, read_manifest, update_manifest
from denoise.models import ARCHITECTURES, Needs, build_network

CURVE_FILE = "curve.csv"  # of the training, for the card
STAMP = ("date", "torch", "device", "precision")  # of recorded figures
INT8_FROM = 4_000_000  # numbers of a tensor, from which on halves would make too large a file
SCALE = ":scale"  # names the tensor of a row's step beside that of int8
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
    guide: str | None = None  # blind model that goes first at auto, where noise is not white


class CurvePoint(NamedTuple):
    """How far a training was after a step."""

    step: int
    loss: float
    psnr: float  # in dB, on held-out pictures


def list_models(folder: Path = BUNDLED) -> list[ModelFacts]:
    """Gives the facts about every model of the zoo, by name.

    Raises:
        WeightsError: a config that cannot be read.
    """
    return [read_facts(name, folder) for name in _names(folder)]


def read_facts(name: str, folder: Path = BUNDLED) -> ModelFacts:
    """Gives the facts about one model of the zoo.

    Raises:
        UnknownModelError: no such model.
        WeightsError: its config cannot be read.
    """
    names = _names(folder)
    if name not in names:
        raise _unknown(name, names, folder)
    try:
        fields = json.loads((folder / name / CONFIG_FILE).read_text(encoding="utf-8"))
        needs = {key: _as_tuple(value) for key, value in fields.pop("needs").items()}
        return ModelFacts(needs=Needs(**needs), **fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"The {CONFIG_FILE} of model {name!r} is damaged; restore its folder in weights/."
        ) from error


def stamp_of(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    """Gives date, torch, device and precision that figures of a name were measured with.

    Most are as the table; those that were recorded apart from it have a stamp of their own.
    """
    stamp = metrics.get("own_stamps", {}).get(name, metrics)
    return {key: stamp[key] for key in STAMP}


def read_curve(file: Path) -> list[CurvePoint]:
    """Gives the points of a training's curve.csv, by step."""
    with file.open(newline="") as opened:
        return [
            CurvePoint(int(row["step"]), float(row["loss"]), float(row["psnr"]))
            for row in csv.DictReader(opened)
        ]


def weights_size(name: str, folder: Path = BUNDLED) -> int:
    """Gives the size of a model's weights file in bytes.

    Raises:
        UnknownModelError: no such model.
        WeightsError: it is missing.
    """
    facts = read_facts(name, folder)
    file = folder / name / WEIGHTS_FILE
    if not file.is_file():
        raise WeightsError(_missing(facts))
    return file.stat().st_size


def load_network(name: str, folder: Path = BUNDLED) -> tuple[nn.Module, ModelFacts]:
    """Gives a network in float32, ready for inference, and the facts about it.

    The file's sha256 must be the config's, and its tensors exactly those of the architecture.

    Raises:
        UnknownModelError: no such model.
        WeightsError: weights that are missing, altered or do not fit.
    """
    facts = read_facts(name, folder)
    tensors = _read_tensors(folder / name / WEIGHTS_FILE, facts)
    try:
        with torch.device("meta"):
            network = build_network(facts.architecture, facts.config)
        network.load_state_dict(tensors, strict=True, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"The weights of {name!r} do not fit the architecture {facts.architecture!r} "
            f"that its {CONFIG_FILE} names; known are: {', '.join(ARCHITECTURES)}."
        ) from error
    return network.float().eval().requires_grad_(False), facts


def write_weights(network: nn.Module, facts: ModelFacts, folder: Path, *, half: bool) -> ModelFacts:
    """Writes the weights and the config of a model into `folder / facts.name`.

    Args:
        network: whose state is written.
        facts: as they are, but sha256 and parameters, which are filled in.
        folder: of the zoo.
        half: whether the weights are stored in float16, and the largest in int8.

    Returns:
        The facts as written.
    """
    place = folder / facts.name
    place.mkdir(parents=True, exist_ok=True)
    state = network.state_dict().items()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state}
    content = safetensors.torch.save(_shrunk(tensors) if half else tensors)
    written = ModelFacts(
        **{
            **vars(facts),
            "sha256": hashlib.sha256(content).hexdigest(),
            "parameters": _count(network),
        }
    )
    write_atomically(place / WEIGHTS_FILE, content)
    write_facts(written, folder)
    update_manifest(folder)
    return written


def write_facts(facts: ModelFacts, folder: Path = BUNDLED) -> None:
    """Writes the config of a model whose weights are there already."""
    text = json.dumps(asdict(facts), indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / facts.name / CONFIG_FILE, text.encode())


def load_foreign_network(file: Path, name: str | None = None) -> tuple[nn.Module, ModelFacts]:
    """Gives the network of anyone's checkpoint in float32, and what is known about it.

    Args:
        file: .safetensors, or .pth, .pt or .ckpt that hold nothing but tensors.
        name: that the facts have; None: the file's, without its ending.

    Raises:
        UnknownModelError: no such file.
        WeightsError: it cannot be read safely, or holds no network that takes out noise.
        DenoiseError: spandrel is not installed.
    """
    content = read_checkpoint(file)
    found = load_checkpoint(content, file.name)
    return found.network, ModelFacts(
        name=name or file.stem,
        summary=f"A {found.architecture} from {file.name}.",
        architecture=found.architecture,
        config={"tags": list(found.tags)},
        needs=found.needs,
        sha256=hashlib.sha256(content).hexdigest(),
        parameters=_count(found.network),
        limits=list(found.limits),
        license="stated by its source",
    )


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _names(folder: Path) -> list[str]:
    return sorted(config.parent.name for config in folder.glob(f"[!.]*/{CONFIG_FILE}"))


def _read_tensors(file: Path, facts: ModelFacts) -> dict[str, torch.Tensor]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WeightsError(_missing(facts)) from error
    if hashlib.sha256(content).hexdigest() != facts.sha256:
        raise WeightsError(
            f"The weights of {facts.name!r} are not the ones its {CONFIG_FILE} names (sha256 "
            "differs): the file is damaged or was exchanged. Restore it."
        )
    try:
        return _grown(safetensors.torch.load(content))
    except safetensors.SafetensorError as error:
        raise WeightsError(f"The weights of {facts.name!r} are no safetensors file.") from error


def _shrunk(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Gives tensors in float16; very large matrices in int8, each row by a step of its own."""
    shrunk = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            shrunk[name] = tensor
        elif tensor.numel() < INT8_FROM:
            shrunk[name] = tensor.half()
        else:
            smallest = torch.finfo(torch.float16).tiny  # of a row of zeros
            step = (tensor.abs().amax(dim=1, keepdim=True) / 127).clamp(min=smallest).half().float()
            shrunk[name] = (tensor / step).round().clamp(-127, 127).to(torch.int8)
            shrunk[name + SCALE] = step.half()
    return shrunk


def _grown(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Gives the tensors that `_shrunk` was given, as near as it kept them."""
    return {
        name: tensor.float() * tensors[name + SCALE].float() if name + SCALE in tensors else tensor
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }


def _unknown(name: str, names: list[str], folder: Path) -> UnknownModelError:
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


def _missing(facts: ModelFacts) -> str:
    return (
        f"The weights of {facts.name!r} are missing: its folder in weights/ has no readable "
        f"{WEIGHTS_FILE}. Restore it."
    )
