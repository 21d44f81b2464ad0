"""Muon: an optimiser whose steps change every direction of a layer by the same amount."""

import math
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from denoise.devices import has_fast_bfloat16

# Of the polynomial that moves singular values from (0, 1] to about 1 (0.7 to 1.2).
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
ADAM_SIZE = 0.2  # root mean square of a step of Adam at rate 1, so that its rates suit Muon


class Muon(torch.optim.Optimizer):
    """Step along the gradient's moving average, its singular values all set to about 1.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with the step
    size of Liu et al., "Muon is scalable for LLM training" (2025). PyTorch's Muon takes matrices
    only. This one takes filters, too, as matrices of outputs by the rest, and moves parameters of
    one shape together.

    Args:
        parameters: of two or more dimensions.
        lr: size of a step; a rate that suits Adam is about right.
        momentum: share of the average that a step keeps (Nesterov's form).
        weight_decay: times lr, the share by which weights shrink at a step.

    Raises:
        ValueError: a parameter has fewer than two dimensions.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        parameters = list(parameters)
        if any(parameter.ndim < 2 for parameter in parameters):
            raise ValueError("Muon takes matrices and filters, no vectors.")
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Change the parameters once; return the loss of the closure, which is called first."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            for _, alike in groupby(sorted(moved, key=_shape), key=_shape):
                self._move(list(alike), group)
        return loss

    def _move(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        """Change parameters of one shape."""
        directions = torch.stack(
            [self._direction(parameter, group["momentum"]).flatten(1) for parameter in parameters]
        )
        size = group["lr"] * ADAM_SIZE * math.sqrt(max(directions.shape[1:]))
        for parameter, change in zip(parameters, orthogonalised(directions), strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.sub_(change.view_as(parameter), alpha=size)

    def _direction(self, parameter: Tensor, momentum: float) -> Tensor:
        gradient, state = parameter.grad, self.state[parameter]
        if gradient is None:
            raise ValueError("A parameter without a gradient has no direction to move in.")
        average = state.setdefault("average", torch.zeros_like(gradient))
        average.lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def orthogonalised(matrices: Tensor) -> Tensor:
    """Set all singular values of matrices to 0.7 to 1.2, by Newton-Schulz iterations.

    Args:
        matrices: (N, H, W), float32.
    """
    x = matrices.mT if matrices.shape[1] > matrices.shape[2] else matrices
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp(min=1e-7)
    is_fast = has_fast_bfloat16(matrices.device)
    found = (_iterated(x.to(torch.bfloat16)) if is_fast else _iterated_small(x)).to(matrices.dtype)
    return found.mT if matrices.shape[1] > matrices.shape[2] else found


def _iterated(x: Tensor) -> Tensor:
    first, third, fifth = COEFFICIENTS  # of the odd powers
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = first * x + (third * square + fifth * square @ square) @ x
    return x


def _iterated_small(x: Tensor) -> Tensor:
    """Do the same with squares of the shorter side alone: less work, but too rough for bfloat16."""
    first, third, fifth = COEFFICIENTS
    square = x @ x.mT
    identity = torch.eye(square.shape[1], dtype=x.dtype, device=x.device)
    product = identity
    for step in range(ITERATIONS):
        factor = first * identity + third * square + fifth * square @ square
        product = factor @ product
        if step < ITERATIONS - 1:
            square = factor @ square @ factor
    return product @ x


def _shape(parameter: Tensor) -> tuple[int, ...]:
    return tuple(parameter.shape)
