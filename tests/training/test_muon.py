"""The optimiser of conv-photo's training."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from denoise.training.muon import Muon, _iterated, _iterated_small, orthogonalised


@pytest.mark.parametrize("shape", [(3, 8, 40), (2, 40, 8), (1, 16, 20)])
def test_singular_values_become_about_one(shape):
    stretched = torch.randn(shape, generator=seeded()) * torch.logspace(0, -0.5, shape[2])
    values = torch.linalg.svdvals(orthogonalised(stretched))
    assert values.min() > 0.6
    assert values.max() < 1.3


@pytest.mark.parametrize("shape", [(2, 8, 40), (1, 16, 20)])
def test_squares_of_the_shorter_side_give_the_same(shape):
    x = torch.randn(shape, generator=seeded()) * torch.logspace(0, -2, shape[2])
    x = x / torch.linalg.matrix_norm(x, keepdim=True)
    torch.testing.assert_close(_iterated_small(x), _iterated(x), atol=1e-4, rtol=0)


def test_singular_vectors_stay():
    left, _, right = torch.linalg.svd(torch.randn(8, 8, generator=seeded()))
    matrix = left @ torch.diag(torch.linspace(1, 0.2, 8)) @ right
    turned = left.T @ orthogonalised(matrix[None])[0] @ right.T
    off_diagonal = turned - torch.diag(turned.diagonal())
    assert off_diagonal.abs().max() < 0.05


def test_a_step_is_of_one_size_whatever_the_gradient():
    moved = []
    for scale in (1e-4, 1.0):
        weights = nn.Parameter(torch.zeros(8, 4, 3, 3))
        weights.grad = scale * torch.randn(weights.shape, generator=seeded())
        Muon([weights], 1e-3).step()
        moved.append(weights.detach())
    torch.testing.assert_close(moved[0], moved[1], rtol=0.05, atol=1e-6)
    assert 1e-4 < moved[0].square().mean().sqrt() < 3e-4  # about 0.2 times the rate


def test_layers_of_one_shape_move_as_each_would_alone():
    gradients = torch.randn(2, 8, 4, 3, 3, generator=seeded())
    together = [nn.Parameter(torch.zeros(8, 4, 3, 3)) for _ in range(2)]
    for weights, gradient in zip(together, gradients, strict=True):
        weights.grad = gradient.clone()
    Muon(together, 1e-3).step()
    alone = nn.Parameter(torch.zeros(8, 4, 3, 3))
    alone.grad = gradients[1].clone()
    Muon([alone], 1e-3).step()
    torch.testing.assert_close(together[1], alone, rtol=0.05, atol=1e-6)


def test_it_fits_a_layer():
    torch.manual_seed(0)
    layer, aim = (nn.Conv2d(3, 8, 3, bias=False) for _ in range(2))
    optimizer = Muon(layer.parameters(), 2e-2)
    pictures = torch.randn(4, 3, 16, 16)
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(layer(pictures), aim(pictures).detach())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_what_it_remembers_is_saved():
    weights = [nn.Parameter(torch.zeros(8, 8)) for _ in range(2)]
    optimizers = [Muon([one], 1e-2) for one in weights]
    for step in range(4):
        if step == 2:
            optimizers[1] = Muon([weights[1]], 1e-2)
            optimizers[1].load_state_dict(deepcopy(optimizers[0].state_dict()))
        gradient = torch.randn(8, 8, generator=torch.Generator().manual_seed(step))
        for one, optimizer in zip(weights, optimizers, strict=True):
            one.grad = gradient.clone()
            optimizer.step()
    assert torch.equal(*weights)


def test_a_parameter_without_a_gradient_stays():
    weights = nn.Parameter(torch.ones(4, 4))
    Muon([weights], 1e-3).step()
    assert torch.equal(weights, torch.ones(4, 4))


def test_vectors_are_refused():
    with pytest.raises(ValueError, match="no vectors"):
        Muon(nn.Conv2d(3, 8, 3).parameters(), 1e-3)


def seeded():
    return torch.Generator().manual_seed(0)
