"""What the tests of the training share: the smallest of tasks, and runs of it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from denoise.training.loop import Budget, Schedule, Trainer, step_seed
from denoise.training.tasks.photo import PhotoTask


def photo_task(seed=0):
    rng = np.random.default_rng(1)
    photos = [rng.integers(0, 256, (40, 40, 3), dtype=np.uint8) for _ in range(2)]
    return PhotoTask(photos, seed, batch_size=3, side=16)


@dataclass
class LineTask:
    """Fits a line: as small as a task can be."""

    seed: int = 0

    def sources(self):
        return [{"name": "lines", "pictures": "1", "license": "CC0"}]

    def batch(self, step):
        rng = torch.Generator().manual_seed(step_seed(self.seed, step))
        return {"noisy": torch.rand((4, 1, 28, 28), generator=rng)}

    def loss(self, network, batch):
        return F.mse_loss(network(batch["noisy"]), 0.5 * batch["noisy"] + 0.5)

    def validate(self, network):
        return 20.0


def make_trainer(run_folder, seed=0, **settings):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Dropout(0.2), nn.Conv2d(3, 1, 1))
    return Trainer(
        network,
        LineTask(seed),
        Schedule(rate=1e-2, warmup_steps=3),
        partial(torch.optim.AdamW, weight_decay=0.01),
        run_folder=run_folder,
        seed=seed,
        workers=0,
        validate_every=5,
        **settings,
    )


def run_to_the_end(trainer, steps):
    losses = [progress.loss for progress in trainer.run(Budget(steps=steps))]
    return losses, trainer.averaged.state_dict()


def kill_after(trainer, steps, budget):
    for progress in trainer.run(budget):
        if progress.step == steps:
            return


def distance(some, other):
    return sum((a - b).square().sum().item() for a, b in zip(some, other, strict=True)) ** 0.5


def assert_identical(some, other):
    assert all(torch.equal(some[name], other[name]) for name in some)
