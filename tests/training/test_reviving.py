import torch

from denoise.models.unet import ResidualBlock, UNet, UNetConfig, anchored
from denoise.training.reviving import revive

NOISY = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
SIGMA = torch.full((2, 1, 1, 1), 0.1)


class Pictures:
    """A task whose batches are all the same."""

    def batch(self, _):
        return {"noisy": NOISY}

    def loss(self, network, batch):
        return network(batch["noisy"]).mean()


def make_network(**fields):
    torch.manual_seed(0)
    return UNet(UNetConfig(widths=(8, 8), blocks=(1, 1), **fields))


def kill(block):
    """Turn half of the units off wherever features are not below zero on average."""
    block.first.weight.data[:4] = -block.first.weight.data[:4].abs()


def live_units(network):
    counts = []
    hooks = [
        module.first.register_forward_hook(
            lambda *given: counts.append((given[-1] > 0).any(0).flatten(1).any(1).sum().item())
        )
        for module in network.modules()
        if isinstance(module, ResidualBlock)
    ]
    network(NOISY)
    for hook in hooks:
        hook.remove()
    return counts


@torch.no_grad()
def test_dead_units_live_again_while_the_result_stays():
    network = make_network()
    network.head.weight.data.abs_()  # features that are never below zero
    kill(network.encode[0][0])
    before, alive = network(NOISY, SIGMA), live_units(network)
    dead = revive(network, Pictures(), seed=0)
    assert alive[0] == 4
    assert dead["encode.0.0"] == 4
    assert live_units(network)[0] == 8
    assert torch.allclose(network(NOISY, SIGMA), before, atol=1e-6)


@torch.no_grad()
def test_revived_units_depend_on_the_seed_alone():
    weights = []
    for seed in (0, 0, 1):
        network = make_network()
        network.head.weight.data.abs_()
        kill(network.encode[0][0])
        revive(network, Pictures(), seed)
        weights.append(network.encode[0][0].first.weight[:4].clone())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@torch.no_grad()
def test_an_anchored_network_starts_as_one_that_is_not():
    plain, with_ones = make_network(), make_network(is_anchored=True)
    with_ones.load_state_dict(anchored(plain.state_dict()))
    assert torch.equal(with_ones(NOISY, SIGMA), plain(NOISY, SIGMA))
