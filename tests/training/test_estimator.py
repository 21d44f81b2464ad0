import math

import pytest
import torch

from denoise.models.estimator import CELL, NoiseEstimator, NoiseEstimatorConfig
from denoise.training.recipes.registry import find_recipe
from denoise.training.tasks.estimator import level_error, neighbour_correlation, whiteness_error


@pytest.fixture
def estimator():
    torch.manual_seed(0)
    return NoiseEstimator(NoiseEstimatorConfig(filters=8, width=8))


def white(sigma, shape=(2, 3, 64, 64), seed=0):
    return sigma * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 24), (40, 16)])
def test_every_cell_of_a_picture_has_its_noise(estimator, height, width):
    found = estimator(torch.rand(2, 3, height, width))
    assert found.sigma.shape == found.whiteness.shape == (2, 1, height // CELL, width // CELL)
    assert (found.sigma > 0).all()


def test_a_batch_of_pictures_is_measured_as_one_by_one(estimator):
    noisy = torch.rand(3, 3, 32, 32)
    singles = torch.cat([estimator(one[None]).sigma for one in noisy])
    torch.testing.assert_close(estimator(noisy).sigma, singles, atol=1e-6, rtol=1e-4)


def test_it_measures_alike_however_its_weights_lie_in_memory(estimator):
    noisy = torch.rand(1, 3, 32, 32)
    plain = estimator(noisy).sigma
    turned = estimator.to(memory_format=torch.channels_last)(noisy).sigma
    torch.testing.assert_close(turned, plain, atol=1e-6, rtol=1e-4)


def test_every_parameter_of_the_estimator_learns(estimator):
    found = estimator(torch.rand(4, 3, 32, 32))
    noise = white(0.1, (4, 3, 32, 32))
    (level_error(found.sigma, noise) + whiteness_error(found.whiteness, noise)).backward()
    assert all(p.grad is not None and p.grad.any() for p in estimator.parameters())


@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.3])
def test_the_true_level_is_the_likeliest(sigma):
    noise = white(sigma)
    errors = {
        factor: level_error(torch.full((2, 1, 8, 8), factor * sigma), noise).item()
        for factor in (0.5, 0.9, 1.0, 1.1, 2.0)
    }
    assert min(errors, key=errors.get) == 1.0


def test_a_level_where_there_is_none_costs():
    nothing = torch.zeros(1, 3, 16, 16)
    costs = [level_error(torch.full((1, 1, 2, 2), sigma), nothing) for sigma in (1e-6, 0.01, 0.1)]
    assert costs == sorted(costs)
    assert costs[0] < costs[1]


def test_white_noise_has_neighbours_that_are_not_alike():
    correlation, is_measurable = neighbour_correlation(white(0.1))
    assert is_measurable.all()
    assert correlation.abs().max() < 0.05


def test_smooth_noise_has_neighbours_that_are():
    smooth = torch.nn.functional.avg_pool2d(white(0.1), 5, stride=1, padding=2)
    correlation, _ = neighbour_correlation(smooth)
    assert correlation.min() > 0.7


def test_the_whiteness_of_no_noise_is_not_asked_for(estimator):
    clean = torch.zeros(2, 3, 16, 16)
    assert whiteness_error(torch.ones(2, 1, 2, 2), clean) == 0


def test_it_learns_to_tell_weak_noise_from_strong(estimator):
    optimizer = torch.optim.Adam(estimator.parameters(), 3e-3)
    for step in range(60):
        sigma = math.exp(-1 - 3 * (step % 7) / 6)
        noise = white(sigma, (4, 3, 32, 32), seed=step)
        optimizer.zero_grad()
        level_error(estimator(0.5 + noise).sigma, noise).backward()
        optimizer.step()
    with torch.inference_mode():
        found = [estimator(0.5 + white(sigma, seed=99)).sigma.mean() for sigma in (0.03, 0.2)]
    assert float(found[0]) == pytest.approx(0.03, rel=0.4)
    assert float(found[1]) == pytest.approx(0.2, rel=0.4)


def test_what_a_cell_sees_is_what_the_recipe_says(estimator):
    picture = torch.rand(1, 3, 160, 160, requires_grad=True)
    estimator(picture).sigma[0, 0, 10, 10].backward()
    seen = picture.grad.abs().sum((0, 1)).nonzero()
    sides = seen.max(dim=0).values - seen.min(dim=0).values + 1
    needs = find_recipe("noise-estimator", "next").needs
    assert sides.tolist() == [needs.receptive_field] * 2
