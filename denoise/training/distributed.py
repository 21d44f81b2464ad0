"""Train one network in several processes, each on its own device."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from denoise.extras import optional


class ProcessGroup:
    """This process and the others that train with it; by default there are none.

    Every process draws its own batches. All average their gradients before each step, so their
    weights stay equal.
    """

    def __init__(self, accelerator: Any = None) -> None:
        self._accelerator = accelerator

    @classmethod
    def gather(cls) -> "ProcessGroup":
        """Return the processes that `accelerate launch` started.

        Raises:
            DenoiseError: accelerate is not installed.
        """
        return cls(optional("accelerate", "gpus").Accelerator())

    @property
    def rank(self) -> int:
        """The number of this process; process 0 writes the files."""
        return 0 if self._accelerator is None else int(self._accelerator.process_index)

    @property
    def size(self) -> int:
        """The number of processes."""
        return 1 if self._accelerator is None else int(self._accelerator.num_processes)

    @property
    def device(self) -> torch.device | None:
        """This process's own device; None: any."""
        if self._accelerator is None:
            return None
        device: torch.device = self._accelerator.device
        return device

    def share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        means = self._accelerator.reduce(flat, reduction="mean")
        parts = means.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
