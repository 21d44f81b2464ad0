"""Train one network, or resume its training, and write its weights folder."""

import shutil
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from torch import nn

from denoise.devices import choose_device, has_fast_bfloat16
from denoise.errors import SettingError
from denoise.models import build_network
from denoise.training.distributed import ProcessGroup
from denoise.training.loop import VALIDATE_EVERY, Budget, Progress, Task, Trainer
from denoise.training.recipes.recipe import Recipe
from denoise.training.recipes.registry import OURS, find_recipe
from denoise.weights.facts import CURVE_FILE, ModelFacts
from denoise.weights.tensors import load_network, write_weights

SMOKE_STEPS = 8
SMOKE_BUDGET = Budget(steps=SMOKE_STEPS)


@dataclass(frozen=True)
class TrainingRun:
    """Which network to train, on what, for how long and where."""

    name: str  # of the network
    folders: tuple[Path, ...]  # of training data
    budget: Budget | None = None  # None: the recipe's
    seed: int = 0
    device: str = "auto"
    runs: Path = Path("runs")  # checkpoints: runs/<name>
    weights: Path = Path("runs")  # result: runs/<name>
    recipe: str = OURS  # a key of registry.BY_KIND
    start_from: str | None = None  # model whose weights to start from; None: the recipe's
    compiled: bool | None = None  # whether PyTorch compiles the network; None: if it pays
    is_distributed: bool = False  # `accelerate launch` started several processes of this
    is_smoke: bool = False  # a few steps on synthetic pictures, to see that everything works


def train(run: TrainingRun) -> Iterator[Progress]:
    """Train a network; yield the progress after every step, and write its folder at the end.

    A run that was stopped continues from its last checkpoint. With a budget in steps it reaches
    the same weights as without the stop.

    Raises:
        UnknownModelError: there is no such network.
        ImageError: there is no training data.
        SettingError: the recipe, budget, seed, start or device cannot be used.
    """
    recipe = find_recipe(run.name, run.recipe)
    if not 0 <= run.seed < 2**64:  # the range of torch's generators
        raise SettingError(f"The seed is a whole number, 0 or more; {run.seed} is not.")
    budget = run.budget or (SMOKE_BUDGET if run.is_smoke else recipe.budget)
    task = recipe.make_task(None if run.is_smoke else list(run.folders), run.seed)
    if run.is_distributed and budget.steps is None:
        raise SettingError("Processes that train together need a number of steps, not minutes.")
    trainer = _make_trainer(run, recipe, task)
    yield from trainer.run(budget)
    if trainer.processes.rank > 0:
        return
    start = run.start_from or recipe.start_from
    facts = describe_training(run.name, recipe, trainer, seed=run.seed, start_from=start)
    zoo = run.weights / recipe.place
    write_weights(trainer.averaged, facts, zoo, half=recipe.is_half)
    curve, place = trainer.run_folder / CURVE_FILE, zoo / run.name / CURVE_FILE
    if curve.is_file() and curve != place:
        shutil.copyfile(curve, place)


def _make_trainer(run: TrainingRun, recipe: Recipe, task: Task) -> Trainer:
    processes = ProcessGroup.gather() if run.is_distributed else ProcessGroup()
    device = processes.device or choose_device(run.device)
    torch.manual_seed(run.seed)
    network = build_network(recipe.architecture, recipe.config_fields)
    _start_from(run.start_from or recipe.start_from, network, recipe)
    return Trainer(
        network,
        task,
        recipe.schedule,
        recipe.make_optimizer,
        run_folder=run.runs / run.name,
        seed=run.seed,
        device=device,
        autocast=recipe.autocast and has_fast_bfloat16(device),
        workers=0 if run.is_smoke else recipe.workers,
        processes=processes,
        compiled=_is_compiled(run, recipe),
        validate_every=SMOKE_STEPS // 2 if run.is_smoke else VALIDATE_EVERY,
    )


def _is_compiled(run: TrainingRun, recipe: Recipe) -> bool:
    if run.compiled is not None:
        return run.compiled
    # On a CPU, PyTorch calls a C++ compiler, which needs the headers of Python.
    has_compiler = any(map(shutil.which, ("g++", "clang++")))
    has_headers = (Path(sysconfig.get_path("include")) / "Python.h").is_file()
    return recipe.compiled and not run.is_smoke and has_compiler and has_headers


def _start_from(model: str | None, network: nn.Module, recipe: Recipe) -> None:
    """Load the weights of a member of the zoo into an untrained network."""
    if model is None:
        return
    trained, facts = load_network(model)
    if (facts.architecture, facts.config) != (recipe.architecture, recipe.config_fields):
        raise SettingError(f"The weights of {model} do not fit this network; leave them out.")
    network.load_state_dict(trained.state_dict())


def describe_training(
    name: str, recipe: Recipe, trainer: Trainer, *, seed: int, start_from: str | None = None
) -> ModelFacts:
    """Return the facts of a trained network, without those that its weights tell.

    Args:
        name: of the network.
        recipe: of the training.
        trainer: that has trained the network.
        seed: of the training.
        start_from: the model whose weights the training started from.
    """
    state = trainer.state
    return ModelFacts(
        name=name,
        summary=recipe.purpose,
        architecture=recipe.architecture,
        config=recipe.config_fields,
        needs=recipe.needs,
        sha256="",
        parameters=0,
        recipe={
            "method": recipe.method,
            "steps": state.step,
            "minutes": round(state.seconds / 60, 1),
            "seed": seed,
            "start_from": start_from,
            "date": date.today().isoformat(),
            "torch": torch.__version__,
        },
        training_data=trainer.task.sources(),
        bfloat16=recipe.autocast and recipe.needs.fixed_size is None,  # tiny ones gain nothing
        textured=recipe.textured,
        guide=recipe.guide,
        limits=list(recipe.limits),
    )
