from dataclasses import replace

import pytest
import torch
from training_tools import LineTask, distance

from denoise.errors import SettingError, UnknownModelError
from denoise.models import build_network
from denoise.models.dense import DenseAEConfig
from denoise.training.loop import Budget, Schedule
from denoise.training.recipes.recipe import Phase
from denoise.training.recipes.registry import BY_KIND, RECIPES
from denoise.training.train import TrainingRun, share_out, train
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
    with pytest.raises(SettingError, match=r"blind-photo has no recipe 'tutorial'; .*: ours\."):
        next(train(TrainingRun("blind-photo", (), recipe="tutorial", is_smoke=True)))


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
    with torch.device("meta"):
        network = build_network(facts.architecture, facts.config)
    assert network.config == recipe.config
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


PHASE = Phase(lambda folders, seed: LineTask(seed), Schedule(1e-2), Budget(steps=4))


@pytest.fixture
def recipe_in_phases(monkeypatch, tiny_recipe):
    first = replace(RECIPES["tiny"], budget=Budget(steps=6))
    monkeypatch.setitem(RECIPES, "tiny", replace(first, later=(PHASE, replace(PHASE, kept=0.25))))


def test_phases_follow_one_another_to_one_network(tmp_path, recipe_in_phases):
    progress = list(train(training_run(tmp_path, budget=None)))
    assert [one.step for one in progress] == list(range(1, 15))
    assert [progress[0].steps, progress[6].steps, progress[-1].steps] == [6, 10, 14]
    assert read_facts("tiny", tmp_path / "weights").recipe["steps"] == 14


def test_phases_that_were_stopped_end_in_the_same_network(tmp_path, recipe_in_phases):
    list(train(training_run(tmp_path / "whole", budget=None)))
    for stop in (3, 8, None):
        for progress in train(training_run(tmp_path / "parts", budget=None)):
            if progress.step == stop:
                break
    shas = {read_facts("tiny", tmp_path / place / "weights").sha256 for place in ("whole", "parts")}
    assert len(shas) == 1


def test_a_longer_first_phase_trains_the_others_anew(tmp_path, recipe_in_phases):
    list(train(training_run(tmp_path, budget=Budget(steps=14))))
    first = read_facts("tiny", tmp_path / "weights").sha256
    again = list(train(training_run(tmp_path, budget=Budget(steps=28))))
    assert again[0].step == 6  # the first of 12, from where its rate had begun to fall
    assert [one.step for one in again[7:]] == list(range(13, 29))
    assert read_facts("tiny", tmp_path / "weights").sha256 != first


def test_a_phase_keeps_a_share_of_the_weights_before_it(tmp_path, monkeypatch, tiny_recipe):
    weights = []
    for kept in (0.0, 1.0):
        recipe = replace(
            RECIPES["tiny"], budget=Budget(steps=3), later=(replace(PHASE, kept=kept),)
        )
        monkeypatch.setitem(RECIPES, "tiny", recipe)
        place = tmp_path / str(kept)
        list(train(training_run(place, budget=None)))
        weights.append(load_network("tiny", place / "weights")[0])
    monkeypatch.setitem(RECIPES, "tiny", replace(recipe, later=()))
    list(train(training_run(tmp_path / "alone", budget=None)))
    alone, _ = load_network("tiny", tmp_path / "alone" / "weights")
    assert distance(alone.parameters(), weights[1].parameters()) == 0
    assert distance(alone.parameters(), weights[0].parameters()) > 0


def test_a_budget_is_shared_out_among_the_phases():
    dear = replace(PHASE, step_cost=3.0)
    phases = (PHASE, dear)
    assert share_out(None, phases) == [PHASE.budget, dear.budget]
    assert share_out(Budget(steps=100), phases) == [Budget(steps=50), Budget(steps=50)]
    assert share_out(Budget(minutes=40), phases) == [Budget(minutes=10), Budget(minutes=30)]
    assert share_out(Budget(minutes=40), phases[:1]) == [Budget(minutes=40)]


def test_phases_in_minutes_are_no_measure_for_a_budget():
    with pytest.raises(SettingError, match="number of steps"):
        share_out(Budget(minutes=5), (PHASE, replace(PHASE, budget=Budget(minutes=1))))


def test_a_name_without_a_recipe_is_refused(tmp_path):
    with pytest.raises(UnknownModelError, match="conv-photo"):
        next(train(TrainingRun("vae", ())))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_cannot_be_is_refused(tmp_path, tiny_recipe, seed):
    with pytest.raises(SettingError, match="seed"):
        next(train(training_run(tmp_path, seed=seed)))
