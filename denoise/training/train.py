"""Train one network, or resume its training, and write its weights folder."""

import copy
import shutil
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import torch
from torch import nn

from denoise.devices import choose_device, has_fast_bfloat16
from denoise.errors import SettingError
from denoise.models import build_network
from denoise.models.unet import UNetConfig, anchored
from denoise.training.distributed import ProcessGroup
from denoise.training.loop import VALIDATE_EVERY, Budget, Progress, Trainer, step_seed, write_curve
from denoise.training.recipes.recipe import Phase, Recipe
from denoise.training.recipes.registry import OURS, find_recipe
from denoise.training.reviving import revive
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
    budget = run.budget or (SMOKE_BUDGET if run.is_smoke else None)
    parts = share_out(budget, recipe.phases)
    if run.is_distributed and any(part.steps is None for part in parts):
        raise SettingError("Processes that train together need a number of steps, not minutes.")
    torch.manual_seed(run.seed)
    network = build_network(recipe.architecture, recipe.config_fields)
    _start_from(run.start_from or recipe.start_from, network, recipe)
    trainers: list[Trainer] = []
    for phase, part in zip(recipe.phases, parts, strict=True):
        trainer = _make_trainer(run, recipe, phase, network, trainers)
        for progress in trainer.run(part):
            yield _counted_on(progress, trainers)
        trainers.append(trainer)
        network = _mean_of(network, trainer.averaged, phase.kept)
    if trainers[0].processes.rank > 0:
        return
    start = run.start_from or recipe.start_from
    facts = describe_training(run.name, recipe, *trainers, seed=run.seed, start_from=start)
    zoo = run.weights / recipe.place
    write_weights(network, facts, zoo, half=recipe.is_half)
    _write_curve(trainers, zoo / run.name / CURVE_FILE)


def share_out(budget: Budget | None, phases: Sequence[Phase]) -> list[Budget]:
    """Return each phase's part of a budget; its own, where there is none in all.

    Raises:
        SettingError: minutes for phases of which one has no steps to compare them by.
    """
    if budget is None or len(phases) == 1:
        return [budget or phase.budget for phase in phases]
    if any(phase.budget.steps is None for phase in phases):
        raise SettingError("A recipe of several phases needs a number of steps for each.")
    steps = [phase.budget.steps or 0 for phase in phases]
    if budget.steps is not None:
        parts = [max(1, round(budget.steps * own / sum(steps))) for own in steps]
        return [Budget(steps=part) for part in parts]
    costs = [own * phase.step_cost for own, phase in zip(steps, phases, strict=True)]
    return [Budget(minutes=(budget.minutes or 0) * cost / sum(costs)) for cost in costs]


def _steps(trainers: Sequence[Trainer]) -> int:
    return sum(trainer.state.step for trainer in trainers)


def _counted_on(progress: Progress, before: Sequence[Trainer]) -> Progress:
    """Return the progress of a phase with the steps of those before it, and their last figure."""
    if not before:
        return progress
    watched = [point[2] for trainer in before for point in trainer.state.curve]
    if progress.psnr is None and watched:
        progress = replace(progress, psnr=watched[-1])
    steps = None if progress.steps is None else progress.steps + _steps(before)
    return replace(progress, step=progress.step + _steps(before), steps=steps)


def _mean_of(before: nn.Module, after: nn.Module, kept: float) -> nn.Module:
    """Return a network of weights between those of two, `kept` of the first."""
    mean = copy.deepcopy(after)
    if kept:
        weights = before.state_dict()
        for name, tensor in mean.state_dict().items():
            tensor.lerp_(weights[name].to(tensor), kept)
    return mean


def _write_curve(trainers: Sequence[Trainer], file: Path) -> None:
    """Write the figures of all phases, steps counted on."""
    points, steps = [], 0
    for trainer in trainers:
        points += [(step + steps, *figures) for step, *figures in trainer.state.curve]
        steps += trainer.state.step
    if points:
        write_curve(file, points)


def _make_trainer(
    run: TrainingRun,
    recipe: Recipe,
    phase: Phase,
    network: nn.Module,
    before: Sequence[Trainer],
) -> Trainer:
    """Return the trainer of a phase, which starts from a copy of the network.

    Args:
        run: what to train.
        recipe: of the network.
        phase: of the recipe.
        network: that the phases before have trained.
        before: their trainers.
    """
    processes = ProcessGroup.gather() if run.is_distributed else ProcessGroup()
    device = processes.device or choose_device(run.device)
    # Each phase sees patches of its own.
    seed = step_seed(run.seed, len(before)) if before else run.seed
    task = phase.make_task(None if run.is_smoke else list(run.folders), seed)
    if recipe.revives and not before:
        revive(network, task, run.seed)
    folder = run.runs / run.name
    return Trainer(
        copy.deepcopy(network),
        task,
        phase.schedule,
        recipe.make_optimizer,
        # A longer phase before makes another start, and another folder.
        run_folder=folder / f"after-{_steps(before)}" if before else folder,
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
    state, config = trained.state_dict(), trained.config
    if isinstance(config, UNetConfig) and replace(config, is_anchored=True) == recipe.config:
        state, config = anchored(state), recipe.config
    if (facts.architecture, config) != (recipe.architecture, recipe.config):
        raise SettingError(f"The weights of {model} do not fit this network; leave them out.")
    network.load_state_dict(state)


def describe_training(
    name: str, recipe: Recipe, *trainers: Trainer, seed: int, start_from: str | None = None
) -> ModelFacts:
    """Return the facts of a trained network, without those that its weights tell.

    Args:
        name: of the network.
        recipe: of the training.
        trainers: that have trained the network, one a phase.
        seed: of the training.
        start_from: the model whose weights the training started from.
    """
    seconds = sum(trainer.state.seconds for trainer in trainers)
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
            "version": recipe.version,
            "steps": _steps(trainers),
            "minutes": round(seconds / 60, 1),
            "seed": seed,
            "start_from": start_from,
            "date": date.today().isoformat(),
            "torch": torch.__version__,
        },
        training_data=trainers[-1].task.sources(),
        bfloat16=recipe.autocast and recipe.needs.fixed_size is None,  # tiny ones gain nothing
        textured=recipe.textured,
        guide=recipe.guide,
        limits=list(recipe.limits),
    )
