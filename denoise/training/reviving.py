"""Reviving units that a training with plain ReLU has left dead, so that they can learn again.

After Sokar et al., "The Dormant Neuron Phenomenon in Deep Reinforcement Learning" (ICML 2023).
"""

from functools import partial

import torch
from torch import Tensor, nn

from denoise.models.unet import ResidualBlock
from denoise.training.loop import Task

DORMANT_SHARE = 0.005  # of places where a unit is above zero, below which it is as good as dead
BATCHES, FIRST_BATCH = 8, 10**6  # far from the steps of a training
LEAST_NORM = 0.5  # of a new unit's weights, where too few live ones tell what is usual
FEW_LIVE = 4


@torch.no_grad()
def revive(network: nn.Module, task: Task, seed: int) -> dict[str, int]:
    """Give every dead unit new weights, and leave what the network computes as it was.

    A new unit looks for what differs between its inputs, as a common shift kills it again, and
    adds nothing yet to what its block gives.

    Args:
        network: with blocks of ReLU; changed in place.
        task: whose batches show which units are dead.
        seed: of the new weights.

    Returns:
        How many units were dead, by block.
    """
    blocks = {name: m for name, m in network.named_modules() if isinstance(m, ResidualBlock)}
    shares = _active_shares(network, blocks, task)
    generator = torch.Generator().manual_seed(seed)
    dead = {name: share < DORMANT_SHARE for name, share in shares.items()}
    for name, is_dead in dead.items():
        _renew(blocks[name], is_dead, generator)
    return {name: int(is_dead.sum()) for name, is_dead in dead.items()}


def _active_shares(
    network: nn.Module, blocks: dict[str, ResidualBlock], task: Task
) -> dict[str, Tensor]:
    """Return in which share of all places each unit of each block is above zero."""
    shares = {name: torch.zeros(block.first.out_channels) for name, block in blocks.items()}

    def count(name: str, _: nn.Module, __: tuple[Tensor, ...], found: Tensor) -> None:
        shares[name] += (found > 0).float().mean((0, 2, 3)).cpu() / BATCHES

    hooks = [
        block.first.register_forward_hook(partial(count, name)) for name, block in blocks.items()
    ]
    for batch in range(BATCHES):
        task.loss(network, task.batch(FIRST_BATCH + batch))
    for hook in hooks:
        hook.remove()
    return shares


def _renew(block: ResidualBlock, is_dead: Tensor, generator: torch.Generator) -> None:
    weight = block.first.weight
    new = torch.randn(weight.shape, generator=generator)[is_dead]
    new -= new.mean((1, 2, 3), keepdim=True)
    live = weight[~is_dead].flatten(1).norm(dim=1)
    usual = float(live.median()) if len(live) > FEW_LIVE else 1.0
    norms = new.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    weight[is_dead] = new / norms * max(usual, LEAST_NORM)
    block.second.weight[:, is_dead] = 0
