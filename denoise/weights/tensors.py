"""Read and write the weights of a model: verified by hash, loaded strictly."""

import hashlib
from dataclasses import replace
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from denoise.defaults import BUNDLED
from denoise.errors import WeightsError
from denoise.files import write_atomically
from denoise.models import ARCHITECTURES, build_network
from denoise.weights.facts import ModelFacts, read_facts, write_facts
from denoise.weights.manifest import CONFIG_FILE, WEIGHTS_FILE, update_manifest

INT8_FROM = 4_000_000  # numbers of a tensor, from which on halves would make too large a file
SCALE = ":scale"  # ends the name of the tensor of the rows' steps


def load_network(name: str, folder: Path = BUNDLED) -> tuple[nn.Module, ModelFacts]:
    """Return a network in float32, ready for inference, and the facts about it.

    Raises:
        UnknownModelError: no such model.
        WeightsError: weights that are missing, altered or do not fit.
    """
    facts = read_facts(name, folder)
    return build_verified(facts, read_weights(facts, folder / name)), facts


def read_weights(facts: ModelFacts, folder: Path) -> bytes:
    """Return a model's weights; WeightsError: they are missing, or their sha256 is another one."""
    try:
        content = (folder / WEIGHTS_FILE).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The weights of {facts.name!r} are missing: its folder in weights/ has no readable "
            f"{WEIGHTS_FILE}. Restore it."
        ) from error
    if hashlib.sha256(content).hexdigest() != facts.sha256:
        raise WeightsError(
            f"The weights of {facts.name!r} are not the ones its {CONFIG_FILE} names (sha256 "
            "differs): the file is damaged or was exchanged. Restore it."
        )
    return content


def build_verified(facts: ModelFacts, content: bytes) -> nn.Module:
    """Return a network in float32 with exactly these weights; WeightsError: they do not fit."""
    try:
        tensors = _grown(safetensors.torch.load(content))
    except safetensors.SafetensorError as error:
        raise WeightsError(f"The weights of {facts.name!r} are no safetensors file.") from error
    try:
        with torch.device("meta"):
            network = build_network(facts.architecture, facts.config)
        network.load_state_dict(tensors, strict=True, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"The weights of {facts.name!r} do not fit the architecture {facts.architecture!r} "
            f"that its {CONFIG_FILE} names; known are: {', '.join(ARCHITECTURES)}."
        ) from error
    return network.float().eval().requires_grad_(False)


def write_weights(network: nn.Module, facts: ModelFacts, folder: Path, *, half: bool) -> ModelFacts:
    """Write weights and config into `folder / facts.name`, and return the facts as written.

    Sha256 and parameters are filled in. With `half`, the weights are stored in float16, and the
    largest in int8.
    """
    place = folder / facts.name
    place.mkdir(parents=True, exist_ok=True)
    state = network.state_dict().items()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state}
    content = safetensors.torch.save(_shrunk(tensors) if half else tensors)
    sha256 = hashlib.sha256(content).hexdigest()
    written = replace(facts, sha256=sha256, parameters=count_parameters(network))
    write_atomically(place / WEIGHTS_FILE, content)
    write_facts(written, folder)
    update_manifest(folder)
    return written


def count_parameters(network: nn.Module) -> int:
    """Return the number of parameters of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def _shrunk(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return tensors in float16; very large matrices in int8, with a step for each row."""
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
    """Return the tensors that `_shrunk` was given, as precisely as it kept them."""
    return {
        name: tensor.float() * tensors[name + SCALE].float() if name + SCALE in tensors else tensor
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }
