import json
from dataclasses import replace

import pytest
import torch
from training_tools import LineTask, distance

from denoise.errors import SettingError, UnknownModelError
from denoise.models import build_network
from denoise.models.dense import DenseAEConfig
from denoise.training.loop import Budget
from denoise.training.recipes.registry import BY_KIND, RECIPES
from denoise.training.train import TrainingRun, train
from denoise.weights.facts import read_facts
from denoise.weights.tensors import BUNDLED, load_network

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


def test_processes_in_minutes_are_refused(tmp_path, tiny_recipe):
    run = training_run(tmp_path, budget=Budget(minutes=1), is_distributed=True)
    with pytest.raises(SettingError, match="number of steps"):
        next(train(run))


def test_training_starts_from_a_model_of_the_zoo(tmp_path):
    run = TrainingRun("gan-photo", (), runs=tmp_path, weights=tmp_path, is_smoke=True)
    list(train(run))
    started, _ = load_network("blind-photo")
    trained, facts = load_network("gan-photo", tmp_path)
    moved = distance(started.parameters(), trained.parameters())
    assert 0 < moved < distance(started.parameters(), [0 * p for p in started.parameters()]) / 100
    assert facts.recipe["start_from"] == "blind-photo"


def test_weights_of_another_network_are_no_start(tmp_path):
    run = TrainingRun("conv-fashion", (), runs=tmp_path, start_from="conv-photo", is_smoke=True)
    with pytest.raises(SettingError, match="do not fit this network"):
        next(train(run))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds_its_network(name):
    with torch.device("meta"):
        network = build_network(RECIPES[name].architecture, RECIPES[name].config_fields)
    assert network.config == RECIPES[name].config


@pytest.mark.parametrize("name", RECIPES)
def test_the_shipped_weights_are_those_of_the_recipe(name):
    recipe = RECIPES[name]
    facts = read_facts(name, BUNDLED / recipe.place)
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
