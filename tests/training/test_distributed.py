import subprocess
import sys

import pytest
import torch
from torch import nn
from training_tools import LineTask, make_trainer, run_to_the_end

from denoise.training.distributed import ProcessGroup
from denoise.weights.facts import read_facts
from denoise.weights.tensors import BUNDLED


class Pair:
    """An accelerator of two processes whose fellow has gradients of 0."""

    process_index, num_processes, device = 1, 2, torch.device("cpu")

    def reduce(self, tensor, reduction):
        assert reduction == "mean"
        return tensor / 2


def test_processes_step_by_the_mean_of_their_gradients():
    layer = nn.Linear(3, 2)
    layer(torch.ones(1, 3)).sum().backward()
    before = [p.grad.clone() for p in layer.parameters()]
    ProcessGroup(Pair()).share_gradients(layer.parameters())
    assert all(torch.equal(p.grad, g / 2) for p, g in zip(layer.parameters(), before, strict=True))


def test_every_process_draws_batches_of_its_own(tmp_path):
    trainer = make_trainer(tmp_path, processes=ProcessGroup(Pair()))
    drawn = next(trainer._batches(first_step=3))
    assert torch.equal(drawn["noisy"], LineTask().batch(7)["noisy"])


def test_only_the_first_process_writes(tmp_path):
    run_to_the_end(make_trainer(tmp_path, processes=ProcessGroup(Pair())), 5)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path):
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["-m", "denoise", "train", "gan-photo", "--smoke", "--steps", "4", "--distributed"]
    paths = ["--runs", str(tmp_path), "--out", str(tmp_path / "weights")]
    done = subprocess.run([*launch, *paths], capture_output=True, text=True, cwd=BUNDLED.parent)
    assert done.returncode == 0, done.stderr
    assert read_facts("gan-photo", tmp_path / "weights").recipe["steps"] == 4
