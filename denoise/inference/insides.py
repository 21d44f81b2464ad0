"""What happens inside an autoencoder: its layers, its code, and what each part of that draws."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

PARTS = 64  # that a flat code of more numbers is taken for: as many maps
# What a layer with weights calls, and what it is.
KINDS = {
    F.conv2d: "convolution",
    F.conv_transpose2d: "transposed convolution",
    F.linear: "dense",
}


class Layer(NamedTuple):
    """A layer with weights, and what it made of the picture before any activation."""

    kind: str  # of KINDS
    weights: int  # numbers that it has learned
    output: Tensor  # (C, H, W) or (N,)


@dataclass(frozen=True)
class Insides:
    """An autoencoder at work on one picture."""

    code: Tensor  # in its parts: (N,) numbers or (N, H, W) maps
    drawn: Tensor  # (N, H, W): by how much each part changes the picture, against 0 in its place
    layers: tuple[Layer, ...]  # in the order of work


def look_inside(network: Any, noisy: Tensor) -> Insides:
    """Return how an autoencoder works on one picture, (1, 1, H, W), on the CPU.

    Args:
        network: has `encode` and `decode`, as those of `denoise.models.dense` and `.conv`.
        noisy: in [0,1].
    """
    with torch.inference_mode():
        with _Watch() as watch:
            code = network.encode(noisy)
            network.decode(code)
        parts = _parts_of(code[0])
        without = parts.expand(len(parts), *parts.shape).clone()  # (N, N, ...)
        without[range(len(parts)), range(len(parts))] = 0
        all_codes = torch.cat([code, without.reshape(len(parts), *code.shape[1:])])
        pictures = network.decode(all_codes)[:, 0]
    return Insides(parts.cpu(), (pictures[0] - pictures[1:]).cpu(), tuple(watch.layers))


def _parts_of(code: Tensor) -> Tensor:
    """Return the parts of a code: its maps, or its numbers, in squares where they are many."""
    if code.ndim == 3:
        return code
    side = int((len(code) / PARTS) ** 0.5)
    is_of_maps = side > 1 and side**2 * PARTS == len(code)
    return code.view(PARTS, side, side) if is_of_maps else code


class _Watch(TorchFunctionMode):
    """Notes the layers that run in this thread, and leaves those of other threads alone."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[Layer] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if func in KINDS:
            weights = sum(one.numel() for one in args[1:3] if isinstance(one, Tensor))
            self.layers.append(Layer(KINDS[func], weights, output[0].cpu()))
        return output
