"""The task of classifying clean pictures of 28x28 pixels."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.training.loop import Batch, step_seed
from denoise.training.tasks.small_image import VALIDATION_EVERY, augment


@dataclass(frozen=True)
class ClassifierTask:
    """Clean gray pictures, turned and cropped a little, with their labels.

    The loss is the cross-entropy; validation is the accuracy on held-out pictures.
    """

    pictures: Tensor  # (N, 1, 28, 28) uint8
    labels: Tensor  # (N,)
    seed: int
    described: list[dict[str, str]] = field(default_factory=list)
    batch_size: int = 128

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of the set."""
        return self.described

    def batch(self, step: int) -> Batch:
        """Return clean pictures, (N, 1, 28, 28), and labels, (N,)."""
        rng = torch.Generator().manual_seed(step_seed(self.seed, step))
        drawn = torch.randint(len(self.labels), (self.batch_size,), generator=rng)
        drawn = drawn - (drawn % VALIDATION_EVERY == VALIDATION_EVERY - 1).long()
        clean = augment(self.pictures[drawn] / 255, rng, is_mirrored=False)
        return {"clean": clean, "labels": self.labels[drawn]}

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the cross-entropy."""
        return F.cross_entropy(network(batch["clean"]), batch["labels"])

    def validate(self, network: nn.Module) -> float:
        """Return the accuracy on held-out pictures, in percent."""
        device = next(network.parameters()).device
        held_out = slice(VALIDATION_EVERY - 1, None, VALIDATION_EVERY)
        found = network(self.pictures[held_out].to(device) / 255).argmax(dim=1).cpu()
        return 100 * float((found == self.labels[held_out]).float().mean())
