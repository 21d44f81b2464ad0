from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from training_tools import photo_task

from denoise.datasets.patterns import add_pattern
from denoise.datasets.synthetic import draw_digits
from denoise.models import build_network
from denoise.training.all_kinds import ALL_KINDS, Spoilt, make_spoilt
from denoise.training.degradation import add_gaussian_noise, add_practical_noise
from denoise.training.tasks.every_picture import (
    MEASURES,
    EveryPictureTask,
    TaughtTask,
    measured_sigma,
)
from denoise.training.tasks.patch import PatchTask
from denoise.training.tasks.photo import PhotoTask, ToldPhotoTask
from denoise.training.tasks.small_image import SmallImageTask, TutorialTask, augment


def small_image_task(seed=0):
    rng = torch.Generator().manual_seed(1)
    pictures = torch.randint(0, 256, (24, 1, 28, 28), generator=rng, dtype=torch.uint8)
    return SmallImageTask(pictures, seed, 0.5, batch_size=4)


def patch_task(seed=0):
    rng = np.random.default_rng(1)
    photos = [rng.integers(0, 256, (160, 160, 3), dtype=np.uint8) for _ in range(2)]
    return PatchTask(photos, seed, crops=3)


def tutorial_task(seed=0):
    pictures = small_image_task().pictures
    return TutorialTask(pictures[:20], pictures[20:], seed, 0.5, F.mse_loss, 8)


def every_picture_task(seed=0):
    rng = np.random.default_rng(1)
    photos = [rng.integers(0, 256, (80, 80, 3), dtype=np.uint8) for _ in range(2)]
    return EveryPictureTask(photos, seed, batch_size=3, side=16, drawings=1)


TASKS = [photo_task, patch_task, small_image_task, tutorial_task, every_picture_task]


@pytest.mark.parametrize("make_task", TASKS)
def test_a_batch_is_a_function_of_seed_and_step(make_task):
    first, again = make_task().batch(5), make_task().batch(5)
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize("make_task", TASKS)
def test_another_seed_or_step_gives_another_batch(make_task):
    noisy = make_task().batch(5)["noisy"]
    assert not torch.equal(noisy, make_task().batch(6)["noisy"])
    assert not torch.equal(noisy, make_task(seed=1).batch(5)["noisy"])


def test_batches_draw_no_global_random_numbers():
    before = torch.get_rng_state()
    small_image_task().batch(0)
    assert torch.equal(before, torch.get_rng_state())


def test_held_out_pictures_are_never_trained_on():
    numbered = torch.arange(36, dtype=torch.uint8).view(36, 1, 1, 1).expand(-1, 1, 28, 28)
    task = SmallImageTask(numbered, 0, 0.5, batch_size=1000)
    drawn = {round(value * 255) for value in task.batch(0)["clean"][:, 0, 0, 0].tolist()}
    assert drawn == set(range(36)) - {11, 23, 35}


def test_an_epoch_of_a_tutorial_shows_every_picture_once_under_noise_drawn_once():
    first, second = ([tutorial_task().batch(step) for step in range(*e)] for e in ((0, 3), (3, 6)))
    assert [len(batch["clean"]) for batch in first] == [8, 8, 4]
    shown = [torch.cat([batch["noisy"] for batch in epoch]) for epoch in (first, second)]
    assert not torch.equal(*shown)
    ordered = [sorted(noisy.flatten(1).sum(1).tolist()) for noisy in shown]
    assert ordered[0] == pytest.approx(ordered[1])


def test_a_code_that_costs_something_makes_the_loss_larger():
    task, network = small_image_task(), build_network("sparse-ae", {"widths": [2, 4]})
    batch = task.batch(0)
    code = network.encode(batch["noisy"]).abs().mean()
    plain = task.loss(network, batch)
    costly = replace(task, code_cost=0.5).loss(network, batch)
    torch.testing.assert_close(costly, plain + 0.5 * code)


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_augmented_digits_stay_in_place_and_in_range(is_mirrored):
    digits = draw_digits(200)[0] / 255
    changed = augment(digits, torch.Generator().manual_seed(0), is_mirrored=is_mirrored)
    assert changed.shape == digits.shape
    assert 0 <= changed.min() <= changed.max() <= 1
    ratio = changed.sum() / digits.sum()
    assert 0.95 < ratio < 1.4  # cropped digits are larger
    moved = (changed - digits).abs().mean() / digits.mean()
    assert 0.05 < moved < (2 if is_mirrored else 1)


def test_half_of_the_augmented_digits_are_mirrored():
    left = torch.zeros(400, 1, 28, 28)
    left[..., 8:20, 4:8] = 1
    changed = augment(left, torch.Generator().manual_seed(0), is_mirrored=True)
    is_right = changed[..., 14:].sum(dim=(1, 2, 3)) > changed[..., :14].sum(dim=(1, 2, 3))
    assert 150 < is_right.sum() < 250


def test_small_noise_factors_fill_their_range():
    gray = torch.full((12, 1, 28, 28), 128, dtype=torch.uint8)
    batch = SmallImageTask(gray, 0, 0.5, factors=(0.05, 0.1), batch_size=1000).batch(0)
    levels = (batch["noisy"] - batch["clean"]).std(dim=(1, 2, 3))
    assert levels.min() == pytest.approx(0.05, abs=0.005)
    assert levels.max() == pytest.approx(0.1, abs=0.01)
    assert levels.mean() == pytest.approx(0.075, abs=0.002)


def test_small_noisy_pictures_are_clipped():
    noisy = small_image_task().batch(0)["noisy"]
    assert noisy.min() == 0
    assert noisy.max() == 1


def test_doing_nothing_is_validated_as_the_noise():
    black = torch.zeros(600, 1, 28, 28, dtype=torch.uint8)
    identity = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.ones_(identity.weight)
    with torch.inference_mode():
        psnr = SmallImageTask(black, 0, 0.1).validate(identity)
    assert psnr == pytest.approx(23.0, abs=0.1)  # half of the noise is clipped


def test_sigma_is_the_root_mean_square_of_the_noise():
    for step in range(5):
        batch = photo_task().batch(step)
        noise = (batch["noisy"] - batch["clean"]).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        assert torch.allclose(batch["sigma"], noise, atol=1e-6)


def test_patches_grow_late_in_the_training():
    photo = np.random.default_rng(1).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    task = PhotoTask([photo], 0, side=16, large_from=7)
    assert [task.batch(step)["clean"].shape for step in (6, 7)] == [
        (16, 3, 16, 16),
        (8, 3, 96, 96),
    ]


@pytest.mark.parametrize("add", [add_gaussian_noise, add_practical_noise])
@pytest.mark.parametrize("seed", range(20))
def test_a_gray_patch_stays_gray(add, seed):
    rng = np.random.default_rng(seed)
    assert add(rng.random((24, 24, 1)), rng).shape == (24, 24, 1)


@pytest.mark.parametrize("seed", range(20))
def test_practical_noise_is_that_of_a_file(seed):
    rng = np.random.default_rng(seed)
    steps = 255 * add_practical_noise(rng.random((24, 24, 3)), rng)
    assert np.allclose(steps, np.rint(steps))
    assert steps.min() >= 0
    assert steps.max() <= 255


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_pattern_changes_a_patch_and_keeps_its_range(seed, channels):
    gray = np.full((32, 32, channels), 0.5)
    spoilt = add_pattern(gray, np.random.default_rng(seed))
    assert spoilt.shape == gray.shape
    assert spoilt.min() >= 0
    assert spoilt.max() <= 1
    assert spoilt.std() > 0.01


def test_a_told_networks_patches_are_under_white_noise_and_their_level_is_known():
    photos = [np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)]
    batch = ToldPhotoTask(photos, 0, side=32).batch(0)
    assert batch["known"].all()
    noise = batch["noisy"] - batch["clean"]
    rms = noise.square().mean((1, 2, 3), keepdim=True).sqrt()
    assert torch.allclose(rms, batch["sigma"], atol=1e-4)
    neighbours = (noise[..., 1:] * noise[..., :-1]).mean()
    assert abs(neighbours) < 0.05 * noise.square().mean()


def test_errors_under_weak_noise_weigh_more():
    class Unmoved(nn.Module):
        def forward(self, noisy, sigma, known):
            return noisy

    sigma = torch.tensor([5.0, 20.0]).view(2, 1, 1, 1) / 255
    clean = torch.zeros(2, 3, 8, 8)
    task, error = ToldPhotoTask([], 0), 1 / 255
    losses = []
    for wrong in range(2):
        noisy = clean.clone()
        noisy[wrong] = error
        batch = {"noisy": noisy, "clean": clean, "sigma": sigma, "known": torch.ones_like(sigma)}
        losses.append(task.loss(Unmoved(), batch).item())
    assert losses[0] == pytest.approx(error)  # twice the weight, in one of two patches
    assert losses[1] == pytest.approx(error / 2)


def test_what_is_told_of_every_picture_is_the_noise_that_is_there():
    task = every_picture_task()
    for step in range(20):
        batch = task.batch(step)
        noise = (batch["noisy"] - batch["clean"]).square().mean((1, 2, 3)).sqrt()
        told = batch["sigma"].square().mean((1, 2, 3)).sqrt()
        is_even = batch["sigma"].flatten(1).std(dim=1) == 0
        assert (told[is_even] >= 0.999 * noise[is_even]).all()
        assert set(batch["known"].unique().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("seed", range(6))
def test_noise_in_a_part_is_told_as_it_is_there(seed):
    rng = np.random.default_rng(seed)
    deviation = np.zeros((32, 32), np.float32)
    deviation[:16] = 0.1
    clean = np.full((32, 32, 3), 0.5, np.float32)
    noisy = clean + deviation[..., None] * rng.standard_normal(clean.shape, np.float32)
    told = measured_sigma(Spoilt(clean, noisy, deviation), rng)[0]
    assert told[:16].mean() == pytest.approx(0.1, rel=0.1)
    assert told[16:].mean() == pytest.approx(0.1, rel=0.1) or told[16:].max() == 0


def test_patches_of_every_picture_without_noise_teach_the_network_to_leave_them():
    task = every_picture_task()
    batch = task.batch(0)
    batch["noisy"] = batch["clean"]
    assert task.loss(Unchanged(), batch) == 0


@pytest.mark.parametrize("measure", MEASURES)
def test_a_worse_patch_costs_more_by_every_measure(measure):
    batch = every_picture_task().batch(0)
    losses = [
        MEASURES[measure](batch["clean"] + error, batch["clean"], batch).item()
        for error in (0.0, 0.01, 0.1)
    ]
    assert losses[0] == 0
    assert losses == sorted(losses)
    assert losses[1] < losses[2]


def test_a_taught_network_aims_at_its_teacher_more_than_at_the_truth():
    task = every_picture_task()
    taught = TaughtTask(task.photos, 0, batch_size=3, side=16, drawings=1, teacher=Dimmed())
    batch = taught.batch(0)
    as_taught, as_it_was = (taught.loss(network, batch) for network in (Dimmed(), Clean(batch)))
    assert 0 < as_taught < as_it_was


class Dimmed(nn.Module):
    def forward(self, noisy, sigma, known):
        return 0.5 * noisy


class Clean(nn.Module):
    def __init__(self, batch):
        super().__init__()
        self.clean = batch["clean"]

    def forward(self, noisy, sigma, known):
        return self.clean


class Unchanged(nn.Module):
    def forward(self, noisy, sigma, known):
        return noisy


def test_what_is_left_out_of_every_picture_is_not_drawn(monkeypatch):
    drawn = []

    def record(kind, *args):
        drawn.append(kind)
        return make_spoilt(kind, *args)

    monkeypatch.setattr("denoise.training.tasks.every_picture.make_spoilt", record)
    names = [name for name in ALL_KINDS if name != "photons"]
    task = replace(every_picture_task(), without=tuple(names))
    task.batch(0)
    assert drawn == [ALL_KINDS["photons"]] * 3


def test_leaving_out_what_there_is_not_is_refused():
    with pytest.raises(ValueError, match="fog"):
        replace(every_picture_task(), without=("fog",))
