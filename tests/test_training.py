import csv
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from denoise.errors import DenoiseError, ImageError, SettingError, UnknownModelError, WeightsError
from denoise.models import build_network
from denoise.models.dense import DenseAEConfig
from denoise.models.gan import DiscriminatorConfig
from denoise.models.unet import UNet, UNetConfig
from denoise.training import small_images
from denoise.training.adversarial import AdversarialTask, Terms
from denoise.training.crew import Crew
from denoise.training.features import load_features
from denoise.training.loop import Budget, Schedule, Trainer, step_seed
from denoise.training.made_pictures import made_clothing, made_digits
from denoise.training.mixture import add_gaussian_noise, add_practical_noise
from denoise.training.patch_task import PatchTask
from denoise.training.patterns import add_pattern
from denoise.training.photo_task import PhotoTask
from denoise.training.photos import describe_sources, load_photos, random_patch
from denoise.training.recipes import BY_KIND, RECIPES
from denoise.training.small_image_task import SmallImageTask, TutorialTask, augment
from denoise.training.small_images import SMALL_IMAGE_SETS, load_small_images
from denoise.training.train import TrainingRun, train
from denoise.weights import BUNDLED, load_network, read_facts

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


@pytest.fixture
def photos():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (130, 140, 3), dtype=np.uint8) for _ in range(3)]


@pytest.fixture
def photo_folder(tmp_path, photos):
    folder = tmp_path / "holiday"
    folder.mkdir()
    for index, photo in enumerate(photos):
        Image.fromarray(photo).save(folder / f"{index}.png")
    return folder


def photo_task(seed=0):
    rng = np.random.default_rng(1)
    photos = [rng.integers(0, 256, (40, 40, 3), dtype=np.uint8) for _ in range(2)]
    return PhotoTask(photos, seed, batch_size=3, side=16)


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


TASKS = [photo_task, patch_task, small_image_task, tutorial_task]


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
    digits = made_digits(200)[0] / 255
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


@pytest.mark.parametrize("killed_after", [1, 7, 16, 18])
def test_a_killed_run_resumed_equals_an_uninterrupted_one(tmp_path, killed_after):
    losses, expected = run_to_the_end(make_trainer(tmp_path / "whole"), 20)
    kill_after(make_trainer(tmp_path / "cut", save_every_s=0), killed_after, Budget(steps=20))
    resumed, weights = run_to_the_end(make_trainer(tmp_path / "cut"), 20)
    assert resumed == losses[20 - len(resumed) :]
    assert_identical(expected, weights)


def test_a_longer_run_goes_on_from_the_constant_part(tmp_path):
    _, expected = run_to_the_end(make_trainer(tmp_path / "whole"), 40)
    run_to_the_end(make_trainer(tmp_path / "extended"), 20)
    losses, weights = run_to_the_end(make_trainer(tmp_path / "extended"), 40)
    assert len(losses) == 40 - 16  # the decay over the last fifth is done again
    assert_identical(expected, weights)


def test_a_finished_run_asked_for_no_more_stays_as_it_is(tmp_path):
    _, expected = run_to_the_end(make_trainer(tmp_path), 20)
    losses, weights = run_to_the_end(make_trainer(tmp_path), 20)
    assert not losses
    assert_identical(expected, weights)


def test_a_run_stopped_early_takes_a_smaller_budget(tmp_path):
    kill_after(make_trainer(tmp_path, save_every_s=0), 8, Budget(steps=100))
    run_to_the_end(trainer := make_trainer(tmp_path), 20)
    assert trainer.state.step == 20


def test_a_finished_run_in_minutes_is_not_decayed_again(tmp_path):
    list(make_trainer(tmp_path).run(Budget(minutes=0.002)))
    assert not list(make_trainer(tmp_path).run(Budget(minutes=0.002)))


def test_a_run_in_minutes_warms_up_and_decays(tmp_path):
    trainer = make_trainer(tmp_path)
    steps = [progress.steps for progress in trainer.run(Budget(minutes=0.005))]
    assert steps[0] is None
    assert trainer.state.step == steps[-1]
    assert (tmp_path / "stable.pt").is_file()


def test_the_rate_rises_holds_and_falls(tmp_path):
    trainer = make_trainer(tmp_path)
    rates = [trainer.optimizer.param_groups[0]["lr"] for _ in trainer.run(Budget(steps=20))]
    assert rates[:3] == pytest.approx([1e-2 / 3, 2e-2 / 3, 1e-2])
    assert set(rates[3:16]) == {1e-2}
    assert rates[16:] == pytest.approx([1e-2, 0.75e-2, 0.5e-2, 0.25e-2])


def test_the_average_soon_forgets_where_it_started(tmp_path):
    trainer = make_trainer(tmp_path)
    start = [weight.clone() for weight in trainer.averaged.parameters()]
    run_to_the_end(trainer, 100)
    moved = distance(trainer.network.parameters(), start)
    assert distance(trainer.network.parameters(), trainer.averaged.parameters()) < moved / 4


def test_the_curve_is_kept_beside_the_checkpoints(tmp_path):
    run_to_the_end(make_trainer(tmp_path), 20)
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["5", "10", "15", "20"]
    assert float(rows[0]["psnr"]) == 20.0


ALL_RECIPES = [(name, kind) for kind, recipes in BY_KIND.items() for name in recipes]


@pytest.mark.parametrize(("name", "kind"), ALL_RECIPES)
def test_a_smoke_run_trains_any_network_and_leaves_weights_that_load(name, kind, tmp_path):
    run = TrainingRun(
        name, (), runs=tmp_path / "runs", weights=tmp_path, recipe=kind, is_smoke=True
    )
    progress = list(train(run))[-1]
    _, facts = load_network(name, tmp_path / BY_KIND[kind][name].place)
    assert progress.step == facts.recipe["steps"]
    assert progress.psnr is not None


def test_a_recipe_that_is_not_there_is_refused():
    with pytest.raises(SettingError, match=r"conv-photo has no recipe 'tutorial'; .*: ours\."):
        next(train(TrainingRun("conv-photo", (), recipe="tutorial", is_smoke=True)))


@pytest.mark.parametrize("make", [made_digits, made_clothing])
def test_made_small_pictures_are_light_on_black_and_come_back_by_seed(make):
    pictures, labels = make(20, seed=3)
    again, _ = make(20, seed=3)
    assert pictures.shape == (20, 1, 28, 28)
    assert torch.equal(pictures, again)
    assert pictures[:, :, 0, 0].max() == 0
    assert len(set(labels.tolist())) > 2


def test_another_seed_is_refused_on_resuming(tmp_path):
    run_to_the_end(make_trainer(tmp_path), 5)
    with pytest.raises(SettingError, match="has seed 0, not 1"):
        run_to_the_end(make_trainer(tmp_path, seed=1), 5)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "latest.pt").write_bytes(b"half a checkp")
    with pytest.raises(WeightsError, match="remove it to start anew"):
        run_to_the_end(make_trainer(tmp_path), 5)


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
        task._teach(clean, smooth)
    with torch.inference_mode():
        assert task._judge(clean).mean() > task._judge(smooth).mean() + 0.5


def test_an_adversary_that_sees_detail_only_knows_no_colour():
    task, picture = game(), torch.rand(1, 3, 32, 32)
    tint = torch.tensor([0.2, 0.0, -0.2]).view(1, 3, 1, 1)
    torch.testing.assert_close(task._judge(picture + tint), task._judge(picture))


@pytest.mark.parametrize("term", ["adversarial", "pixel", "feature", "smoothness"])
def test_every_term_of_the_loss_counts(term):
    none = Terms(adversarial=0, pixel=0, feature=0, smoothness=0)
    task = game(terms=replace(none, **{term: 1.0}))
    network = UNet(UNetConfig(widths=(4, 8), blocks=(1, 1))).eval()
    assert task.loss(network, task.batch(0)) > 0


def test_global_random_numbers_are_left_alone_by_a_game():
    before = torch.get_rng_state()
    game().batch(0)
    assert torch.equal(before, torch.get_rng_state())


class Pair:
    """An accelerator of two processes whose fellow has gradients of 0."""

    process_index, num_processes, device = 1, 2, torch.device("cpu")

    def reduce(self, tensor, reduction):
        assert reduction == "mean"
        return tensor / 2


def test_a_crew_steps_by_the_mean_of_its_gradients():
    layer = nn.Linear(3, 2)
    layer(torch.ones(1, 3)).sum().backward()
    before = [p.grad.clone() for p in layer.parameters()]
    Crew(Pair()).share_gradients(layer.parameters())
    assert all(torch.equal(p.grad, g / 2) for p, g in zip(layer.parameters(), before, strict=True))


def test_every_process_draws_batches_of_its_own(tmp_path):
    trainer = make_trainer(tmp_path, crew=Crew(Pair()))
    drawn = next(trainer._batches(first_step=3))
    assert torch.equal(drawn["noisy"], LineTask().batch(7)["noisy"])


def test_only_the_first_process_writes(tmp_path):
    run_to_the_end(make_trainer(tmp_path, crew=Crew(Pair())), 5)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path):
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["-m", "denoise", "train", "gan-photo", "--smoke", "--steps", "4", "--distributed"]
    paths = ["--runs", str(tmp_path), "--out", str(tmp_path / "weights")]
    done = subprocess.run([*launch, *paths], capture_output=True, text=True, cwd=BUNDLED.parent)
    assert done.returncode == 0, done.stderr
    assert read_facts("gan-photo", tmp_path / "weights").recipe["steps"] == 4


def test_processes_in_minutes_are_refused(tmp_path, tiny_recipe):
    run = training_run(tmp_path, budget=Budget(minutes=1), is_distributed=True)
    with pytest.raises(SettingError, match="number of steps"):
        next(train(run))


def test_training_starts_from_a_model_of_the_zoo(tmp_path):
    run = TrainingRun("gan-photo", (), runs=tmp_path, weights=tmp_path, is_smoke=True)
    list(train(run))
    started, _ = load_network("conv-photo")
    trained, facts = load_network("gan-photo", tmp_path)
    moved = distance(started.parameters(), trained.parameters())
    assert 0 < moved < distance(started.parameters(), [0 * p for p in started.parameters()]) / 100
    assert facts.recipe["start_from"] == "conv-photo"


def test_weights_of_another_network_are_no_start(tmp_path):
    run = TrainingRun("conv-fashion", (), runs=tmp_path, start_from="conv-photo", is_smoke=True)
    with pytest.raises(SettingError, match="do not fit this network"):
        next(train(run))


@pytest.mark.parametrize(
    "amounts",
    [
        {},
        {"steps": 1, "minutes": 1},
        {"steps": 0},
        {"minutes": 0},
        {"minutes": float("nan")},
        {"minutes": float("inf")},
    ],
)
def test_a_budget_that_cannot_be_is_refused(amounts):
    with pytest.raises(SettingError):
        Budget(**amounts)


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


def test_random_patches_are_square_and_in_range(photos):
    rng = np.random.default_rng(0)
    patches = [random_patch(photos, 96, rng) for _ in range(40)]
    assert {patch.shape for patch in patches} == {(96, 96, 3), (96, 96, 1)}
    assert all(patch.min() >= 0 and patch.max() <= 1 for patch in patches)


def test_photographs_are_found_in_folders_below(photo_folder):
    assert len(load_photos([photo_folder.parent], min_side=128)) == 3
    assert describe_sources([photo_folder.parent]) == [
        {"name": "holiday", "pictures": "3", "license": "none stated"}
    ]


def test_photographs_that_are_too_small_are_refused(photo_folder):
    with pytest.raises(ImageError, match="at least 200 pixels a side"):
        load_photos([photo_folder], min_side=200)


@pytest.mark.parametrize("name", RECIPES)
def test_a_folder_that_is_not_there_is_refused(name, tmp_path):
    with pytest.raises(DenoiseError, match="There is no folder"):
        RECIPES[name].make_task([tmp_path / "missing"], 0)


@pytest.mark.parametrize("name", RECIPES)
def test_a_folder_without_training_data_is_refused(name, tmp_path):
    with pytest.raises(DenoiseError, match="--data"):
        RECIPES[name].make_task([tmp_path], 0)


def test_a_file_of_another_content_is_refused(tmp_path):
    for kind in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{kind}-ubyte.gz").write_bytes(b"not the official one")
    with pytest.raises(ImageError, match="official files of MNIST"):
        load_small_images("mnist", [tmp_path])


def test_a_download_without_a_network_is_refused(tmp_path, monkeypatch):
    from torchvision import datasets

    monkeypatch.setattr(small_images, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [(tmp_path / "nowhere").as_uri() + "/"])
    with pytest.raises(ImageError, match="cannot be downloaded"):
        load_small_images("mnist", [])


@needs_shared_data
@pytest.mark.parametrize("name", SMALL_IMAGE_SETS)
def test_small_images_are_read_from_the_official_files(name):
    pictures = load_small_images(name, [SHARED], is_test=True)
    assert pictures.shape == (10_000, 1, 28, 28)
    assert pictures.dtype == torch.uint8


@needs_shared_data
def test_the_two_sets_are_not_mistaken_for_each_other():
    with pytest.raises(ImageError, match="Fashion-MNIST"):
        load_small_images("fashion-mnist", [SHARED / "mnist"])


@needs_shared_data
def test_what_was_downloaded_is_used_again(tmp_path, monkeypatch):
    from torchvision import datasets

    monkeypatch.setattr(small_images, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [(tmp_path / "nowhere").as_uri() + "/"])
    shutil.copytree(SHARED / "mnist", tmp_path / "MNIST" / "raw", copy_function=shutil.copyfile)
    pictures = load_small_images("mnist", [])
    assert pictures.shape == (60_000, 1, 28, 28)
    assert torch.equal(load_small_images("mnist", []), pictures)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds_its_network(name):
    with torch.device("meta"):
        network = build_network(RECIPES[name].architecture, RECIPES[name].config_fields)
    assert network.config == RECIPES[name].config


@pytest.mark.parametrize("name", RECIPES)
def test_the_shipped_weights_are_those_of_the_recipe(name):
    recipe = RECIPES[name]
    zoo = BUNDLED / recipe.place
    if not (zoo / name).is_dir():
        pytest.skip(f"{name} is not bundled")
    facts = read_facts(name, zoo)
    assert facts.config == json.loads(json.dumps(recipe.config_fields))
    assert facts.architecture == recipe.architecture
    assert facts.needs == recipe.needs


@pytest.fixture
def tiny_recipe(monkeypatch):
    recipe = replace(
        RECIPES["dense-mnist"],
        config=DenseAEConfig(code=2),
        make_task=lambda folders, seed: LineTask(seed),
    )
    monkeypatch.setitem(RECIPES, "tiny", recipe)


def training_run(tmp_path, **changes):
    settings = {"budget": Budget(steps=3), "device": "cpu"} | changes
    return TrainingRun("tiny", (), runs=tmp_path / "runs", weights=tmp_path / "weights", **settings)


def test_training_leaves_a_model_of_the_zoo(tmp_path, tiny_recipe):
    assert [progress.step for progress in train(training_run(tmp_path))] == [1, 2, 3]
    network, facts = load_network("tiny", tmp_path / "weights")
    assert network(torch.rand(1, 1, 28, 28)).shape == (1, 1, 28, 28)
    assert facts.recipe["steps"] == 3
    assert facts.training_data == LineTask().sources()


def test_training_twice_from_one_seed_gives_the_same_weights(tmp_path, tiny_recipe):
    for place in ("first", "second"):
        list(train(training_run(tmp_path / place)))
    shas = {
        read_facts("tiny", tmp_path / place / "weights").sha256 for place in ("first", "second")
    }
    assert len(shas) == 1


def test_a_name_without_a_recipe_is_refused(tmp_path):
    with pytest.raises(UnknownModelError, match="conv-photo"):
        next(train(TrainingRun("vae", ())))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_cannot_be_is_refused(tmp_path, tiny_recipe, seed):
    with pytest.raises(SettingError, match="seed"):
        next(train(training_run(tmp_path, seed=seed)))
