import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

LINT = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]


def lint(folder):
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, check=False)


def test_every_import_goes_down():
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("models/unet.py", "from denoise.devices import choose_device"),
        ("models/unet.py", "from .. import extras"),
        ("metrics.py", "from denoise import training"),
        ("devices.py", "import gradio"),
    ],
)
def test_a_planted_import_that_goes_up_is_found(tmp_path, file, line):
    shutil.copytree(ROOT / "denoise", tmp_path / "denoise")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "denoise" / file
    planted.write_text(f"{planted.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    found = lint(tmp_path)
    assert found.returncode == 1
    assert " broken." in found.stdout
    assert "0 broken." not in found.stdout


def test_importing_draws_no_random_number_and_opens_no_window():
    code = (
        "import torch, numpy; state = torch.get_rng_state(); numbers = numpy.random.get_state()[1];"
        "import denoise.cli.main, denoise.training.train, denoise.evaluation.benchmark, sys;"
        "assert torch.equal(state, torch.get_rng_state());"
        "assert (numbers == numpy.random.get_state()[1]).all();"
        "assert 'gradio' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
