"""The training loop: seeded, resumable after a kill, with averaged weights (EMA)."""

import csv
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from denoise.errors import SettingError, WeightsError
from denoise.training.distributed import ProcessGroup
from denoise.weights.facts import CURVE_FILE

VALIDATE_EVERY = 1000  # steps

Batch = dict[str, Tensor]


class Task(Protocol):
    """Batches, loss and validation of a training; batches depend on step and seed only."""

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of each source of training data."""

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, always the same."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss to minimise."""

    def validate(self, network: nn.Module) -> float:
        """Return the PSNR in dB on held-out pictures (for a classifier: the accuracy)."""


@runtime_checkable
class Learner(Protocol):
    """A task that learns itself, such as an adversary; checkpoints also hold its state."""

    def join(self, processes: ProcessGroup, device: torch.device) -> None:
        """Move what learns to a device, and average its gradients over the processes."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state."""


@dataclass(frozen=True)
class Schedule:
    """Warm-up, constant rate, short decay. A run can be extended from its constant part."""

    rate: float
    warmup_steps: int = 300
    decay_share: float = 0.2  # of all steps, at the end
    clip_norm: float = 1.0
    ema_decay: float = 0.999


@dataclass(frozen=True)
class Budget:
    """How long to train: a number of steps (repeatable to the bit) or of minutes."""

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise SettingError("Give either a number of steps or of minutes to train for.")
        asked = self.minutes if self.steps is None else self.steps
        if asked is None or not 0 < asked < math.inf:
            raise SettingError("The steps or minutes to train for must be more than 0.")


@dataclass
class Progress:
    """The state of a run after `step` steps."""

    step: int
    loss: float
    psnr: float | None  # of the last validation
    steps: int | None  # planned in total; None: not known yet, the minutes decide
    seconds_left: float | None


@dataclass
class _State:
    step: int = 0
    seconds: float = 0.0
    decay_from: int | None = None
    steps: int | None = None
    curve: list[tuple[int, float, float, float]] = field(default_factory=list)


class Trainer:
    """Train a network on a task; the run folder holds what a resumed run needs.

    Args:
        network: trained in place.
        make_optimizer: from parameters and learning rate.
        run_folder: holds `latest.pt` (to resume), `stable.pt` (to extend) and `curve.csv`.
        seed: of the run; a resumed run must have the same.
        device: where to train; None: the CPU.
        autocast: whether to compute in bfloat16 where PyTorch can.
        workers: processes that make batches; 0: the training process makes them.
        processes: the processes that train together; None: only this one.
        compiled: whether PyTorch compiles the network first; on a CPU this takes a C++ compiler.
    """

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        schedule: Schedule,
        make_optimizer: Callable[..., torch.optim.Optimizer],
        *,
        run_folder: Path,
        seed: int = 0,
        device: torch.device | None = None,
        autocast: bool = False,
        workers: int = 1,
        processes: ProcessGroup | None = None,
        compiled: bool = False,
        validate_every: int = VALIDATE_EVERY,
        save_every_s: float = 120.0,
    ) -> None:
        self.device = device or torch.device("cpu")
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = torch.optim.swa_utils.AveragedModel(
            self.network, multi_avg_fn=partial(_average, schedule.ema_decay), use_buffers=True
        )
        if compiled:  # only now: the average must stay a plain network
            self.network.compile()
        self.task = task
        self.processes = processes or ProcessGroup()
        if isinstance(task, Learner):
            task.join(self.processes, self.device)
        self.schedule = schedule
        self.optimizer = make_optimizer(self.network.parameters(), lr=schedule.rate)
        self.run_folder = run_folder
        self.seed = seed
        self.autocast = autocast
        self.workers = workers
        self.validate_every = validate_every
        self.save_every_s = save_every_s
        self.state = _State()

    @property
    def averaged(self) -> nn.Module:
        """The network with averaged weights, which ships."""
        averaged: nn.Module = self.ema.module
        return averaged

    def run(self, budget: Budget) -> Iterator[Progress]:
        """Train until the budget is spent; yield the progress after every step."""
        self.run_folder.mkdir(parents=True, exist_ok=True)
        self._resume(budget)
        state = self.state
        started = saved = time.monotonic()
        before = state.seconds
        for batch in self._batches(state.step):
            state.seconds = before + time.monotonic() - started
            self._plan(budget)
            if state.steps is not None and state.step >= state.steps:
                break
            loss = self._step(batch)
            state.step += 1
            if state.step % self.validate_every == 0:
                self._validate(loss)
            if time.monotonic() - saved > self.save_every_s:
                self._save("latest.pt")
                saved = time.monotonic()
            yield self._progress(loss, budget)
        self._save("latest.pt")

    def _batches(self, first_step: int) -> Iterator[Batch]:
        dataset = _Batches(self.task)
        loader = DataLoader(
            dataset,
            batch_size=None,
            sampler=range(
                first_step * self.processes.size + self.processes.rank,
                len(dataset),
                self.processes.size,
            ),
            num_workers=self.workers,
            prefetch_factor=4 if self.workers else None,
        )
        return iter(loader)

    def _step(self, batch: Batch) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        torch.manual_seed(step_seed(self.seed, self.state.step))  # for layers that draw noise
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        on_device = {name: tensor.to(self.device) for name, tensor in batch.items()}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            loss = self.task.loss(self.network, on_device)
        loss.backward()  # type: ignore[no-untyped-call]
        self.processes.share_gradients(self.network.parameters())
        nn.utils.clip_grad_norm_(self.network.parameters(), self.schedule.clip_norm)
        self.optimizer.step()
        self.ema.update_parameters(self.network)
        return loss.item()

    def _rate(self) -> float:
        """Return the learning rate of the coming step."""
        state, schedule = self.state, self.schedule
        rate = schedule.rate * min(1.0, (state.step + 1) / schedule.warmup_steps)
        if state.decay_from is None or state.steps is None or state.step < state.decay_from:
            return rate
        left = (state.steps - state.step) / max(1, state.steps - state.decay_from)
        return rate * left

    def _plan(self, budget: Budget) -> None:
        """Plan where the decay starts and ends; with minutes, once it is time for it."""
        state, share = self.state, self.schedule.decay_share
        if state.decay_from is None and budget.steps is not None:
            state.steps = budget.steps
            state.decay_from = round(budget.steps * (1 - share))
        if state.decay_from is None and budget.minutes is not None and state.step > 0:
            left = budget.minutes * 60 - state.seconds
            if left <= budget.minutes * 60 * share:
                state.decay_from = state.step
                state.steps = state.step + max(1, int(left * state.step / state.seconds))
        if state.decay_from == state.step:
            self._save("stable.pt")

    def _progress(self, loss: float, budget: Budget) -> Progress:
        state = self.state
        psnr = state.curve[-1][2] if state.curve else None
        if state.steps is not None:
            left = (state.steps - state.step) * state.seconds / state.step
        else:
            left = (budget.minutes or 0) * 60 - state.seconds
        return Progress(state.step, loss, psnr, state.steps, left)

    def _validate(self, loss: float) -> None:
        self.averaged.eval()
        with torch.inference_mode():
            psnr = self.task.validate(self.averaged)
        self.state.curve.append((self.state.step, loss, psnr, self._rate()))
        if self.processes.rank > 0:
            return
        write_curve(self.run_folder / CURVE_FILE, self.state.curve)

    def _save(self, name: str) -> None:
        if self.processes.rank > 0:
            return
        checkpoint = {
            "seed": self.seed,
            "state": vars(self.state),
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "task": self.task.state_dict() if isinstance(self.task, Learner) else None,
        }
        unfinished = self.run_folder / f"{name}.part"
        torch.save(checkpoint, unfinished)
        unfinished.replace(self.run_folder / name)

    def _resume(self, budget: Budget) -> None:
        """Resume the run in the folder; a finished one is extended from its constant part."""
        checkpoint = self._load("latest.pt")
        if checkpoint is None:
            return
        if self._has_decayed(checkpoint):
            checkpoint = self._outgrown(checkpoint, budget) or checkpoint
        else:
            checkpoint["state"].update(decay_from=None, steps=None)  # the budget may have changed
        if checkpoint["seed"] != self.seed:
            raise SettingError(
                f"The run in {self.run_folder} has seed {checkpoint['seed']}, not {self.seed}; "
                "give that seed or another run folder."
            )
        self.state = _State(**checkpoint["state"])
        self.network.load_state_dict(checkpoint["network"])
        self.ema.load_state_dict(checkpoint["ema"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        if isinstance(self.task, Learner):
            self.task.load_state_dict(checkpoint["task"])

    def _load(self, name: str) -> dict[str, Any] | None:
        file = self.run_folder / name
        if not file.is_file():
            return None
        try:
            checkpoint: dict[str, Any] = torch.load(
                file, map_location=self.device, weights_only=True
            )
        except Exception as error:
            raise WeightsError(
                f"The checkpoint {file} cannot be read; remove it to start anew."
            ) from error
        return checkpoint

    @staticmethod
    def _has_decayed(checkpoint: dict[str, Any]) -> bool:
        state = checkpoint["state"]
        return state["decay_from"] is not None and bool(state["step"] > state["decay_from"])

    def _outgrown(self, checkpoint: dict[str, Any], budget: Budget) -> dict[str, Any] | None:
        """Return the end of the constant part if the run is now to last longer."""
        stable = self._load("stable.pt")
        steps = checkpoint["state"]["steps"]
        if stable is None:
            return None
        planned = stable["state"]
        if budget.steps is not None:
            is_longer = budget.steps > steps
        else:  # compare with the seconds that were planned; the plan dropped part of a step
            planned_s = planned["seconds"] * (steps + 1) / max(1, planned["step"])
            is_longer = (budget.minutes or 0) * 60 > planned_s
        planned.update(decay_from=None, steps=None)
        return stable if is_longer else None


def write_curve(file: Path, points: Sequence[Sequence[float]]) -> None:
    """Write step, loss, PSNR and rate of each validation as CSV."""
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("step", "loss", "psnr", "rate"))
        writer.writerows(points)


def step_seed(seed: int, step: int) -> int:
    """Return a seed for the random numbers of one step of a run, from 0 to 2**64 - 1."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])


def _average(decay: float, averages: list[Tensor], weights: list[Tensor], count: Tensor) -> None:
    """Move the averages towards the weights; faster at first, to forget the start."""
    kept = min(decay, (1 + int(count)) / (10 + int(count)))
    average = torch.optim.swa_utils.get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]
    average(averages, weights, count)


class _Batches(Dataset[Batch]):
    def __init__(self, task: Task) -> None:
        self.task = task

    def __len__(self) -> int:
        return 1 << 40  # a run ends by its budget

    def __getitem__(self, step: int) -> Batch:
        return self.task.batch(step)
