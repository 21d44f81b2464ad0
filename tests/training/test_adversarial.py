from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F
from training_tools import assert_identical, kill_after, photo_task, run_to_the_end

from denoise.models.gan import DiscriminatorConfig
from denoise.models.unet import UNet, UNetConfig
from denoise.training.loop import Budget, Schedule, Trainer
from denoise.training.perceptual import load_features
from denoise.training.tasks.adversarial import AdversarialTask, Terms


def game(seed=0, terms=Terms()):  # noqa: B008
    discriminator = DiscriminatorConfig(width=4, is_normalised=True)
    features = load_features(is_local=True)
    photos = replace(photo_task(seed), side=32)
    return AdversarialTask(photos, features, terms, discriminator, sees_detail_only=True)


def make_player(run_folder, task, **settings):
    torch.manual_seed(0)
    return Trainer(
        UNet(UNetConfig(widths=(4, 8), blocks=(1, 1))),
        task,
        Schedule(rate=1e-3),
        torch.optim.AdamW,
        run_folder=run_folder,
        workers=0,
        **settings,
    )


def test_a_killed_game_resumed_equals_an_uninterrupted_one(tmp_path):
    losses, expected = run_to_the_end(make_player(tmp_path / "whole", game()), 4)
    cut = make_player(tmp_path / "cut", game(), save_every_s=0)
    kill_after(cut, 2, Budget(steps=4))
    resumed, weights = run_to_the_end(make_player(tmp_path / "cut", game()), 4)
    assert resumed == losses[2:]
    assert_identical(expected, weights)


def test_the_adversary_learns_to_tell_clean_from_smooth():
    task = game()
    clean = task.batch(0)["clean"]
    smooth = F.avg_pool2d(clean, 3, stride=1, padding=1)
    for _ in range(80):
        task._train_discriminator(clean, smooth)
    with torch.inference_mode():
        assert task._score(clean).mean() > task._score(smooth).mean() + 0.5


def test_an_adversary_that_sees_detail_only_knows_no_colour():
    task, picture = game(), torch.rand(1, 3, 32, 32)
    tint = torch.tensor([0.2, 0.0, -0.2]).view(1, 3, 1, 1)
    torch.testing.assert_close(task._score(picture + tint), task._score(picture))


@pytest.mark.parametrize("term", ["adversarial", "pixel", "feature", "smoothness", "coarse"])
def test_every_term_of_the_loss_counts(term):
    none = Terms(adversarial=0, pixel=0, feature=0, smoothness=0)
    task = game(terms=replace(none, **{term: 1.0}))
    network = UNet(UNetConfig(widths=(4, 8), blocks=(1, 1))).eval()
    assert task.loss(network, task.batch(0)) > 0


def test_global_random_numbers_are_left_alone_by_a_game():
    before = torch.get_rng_state()
    game().batch(0)
    assert torch.equal(before, torch.get_rng_state())
