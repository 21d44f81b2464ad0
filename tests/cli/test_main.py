import os
import subprocess
import sys

import pytest
from command_line import run
from places import ROOT

from denoise import __main__ as program
from denoise.defaults import __version__

COMMANDS = ["run", "noise", "estimate", "compare", "sweep", "models"]
COMMANDS += ["train", "benchmark", "card", "deploy", "publish", "pull"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(command, capsys):
    assert run(command, "--help") == 0
    assert len(capsys.readouterr().out) > 100


def test_the_module_runs_as_a_program():
    command = [sys.executable, "-m", "denoise", "models"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "conv-photo" in result.stdout


def test_a_hub_that_cannot_be_reached_is_told_in_sentences(tmp_path):
    hub = {"DENOISE_HUB_REPO": "org/zoo", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": "cache"}
    ended = subprocess.run(
        [sys.executable, "-m", "denoise", "models"],
        cwd=tmp_path,
        env={**os.environ, **hub, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0
    assert ended.stderr == (
        "The Hub cannot be reached, and what is asked of org/zoo is not in the cache; try again "
        "later. The bundled networks serve instead.\n"
    )


def test_help_comes_without_waiting_for_what_takes_long_to_import():
    code = (
        "import sys; from denoise.__main__ import main; assert main(['run', '--help']) == 0;"
        "slow = {'torch', 'scipy.ndimage', 'tqdm', 'huggingface_hub', 'matplotlib', 'gradio'};"
        "print(sorted(slow & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.endswith("\n[]\n")


def test_the_help_tells_all_that_a_model_may_be(capsys):
    assert run("run", "-h") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "org/repo/name@revision on the Hub" in said
    assert ".safetensors" in said


def test_the_version_is_printed(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"denoise {__version__}\n"


@pytest.mark.parametrize(
    "words", [(), ("fly",), ("run", "--fly"), ("run", "-o"), ("train",), ("models", "much")]
)
def test_misuse_is_a_sentence_below_the_usage(words, capsys):
    assert run(*words) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("Usage: python -m denoise ")
    assert printed.out == ""


def test_the_commands_are_listed_in_the_order_of_their_use(capsys):
    assert run("--help") == 0
    listed = capsys.readouterr().out.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()][: len(COMMANDS)] == COMMANDS


def test_serve_is_the_page(monkeypatch):
    called = []
    monkeypatch.setattr("denoise.ui.launch.run", lambda: called.append(True))
    program.main(["serve"])
    assert called == [True]
