"""Fresh environments, built from requirements.txt alone, import and serve.

They take minutes and 7 GB of disk each, so only `make fresh-environments` asks for them.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import ROOT, running_server
from gradio_client import Client, handle_file
from skimage import data
from test_requirements import PYTHONS, REQUIRED

from denoise import Denoiser, Picture, add_noise, load_picture, save_picture

ASKED = "DENOISE_FRESH_ENVIRONMENTS"
INSTALL_S = 1800
IMPORT_ALL = """
import importlib, pkgutil
import app, denoise
for module in pkgutil.walk_packages(denoise.__path__, "denoise."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ASKED not in os.environ, reason="`make fresh-environments` asks for it"),
]


class Admitted(NamedTuple):
    """One end of what requirements.txt admits."""

    python: str
    constraints: list[str]


ENDS = {
    "oldest": Admitted(
        PYTHONS[0],
        [
            f"{requirement.name}=={one.version}"
            for requirement in REQUIRED
            for one in requirement.specifier
            if one.operator == ">="
        ],
    ),
    "newest": Admitted(PYTHONS[-1], []),
}


def clean_environment():
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**own, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run(*command, timeout_s=INSTALL_S):
    return subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def find_python(version):
    """Gives a Python that runs: of the path, or one that pyenv keeps beside it."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *kept.glob(f"{version}.*/bin/python{version}")]
    for python in filter(None, found):
        if run(str(python), "-c", "import venv").returncode == 0:
            return str(python)
    pytest.skip(f"there is no Python {version} here")


def install(python, constraints, folder):
    """Installs requirements.txt and nothing else, and prints what that gave."""
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    if run(*pip, "download", "--no-deps", "--dest", str(folder), "tqdm").returncode:
        pytest.skip("no package index can be reached")
    limits = folder / "constraints.txt"
    limits.write_text("\n".join(constraints))
    wanted = ["-r", "requirements.txt", "-c", str(limits)]
    done = run(*pip, "install", "--no-cache-dir", "--quiet", *wanted)
    assert done.returncode == 0, done.stderr
    print(run(*pip, "freeze").stdout)  # noqa: T201 - which versions they were


@pytest.fixture(scope="module", params=ENDS)
def python(request):
    """The Python of a fresh environment, which goes when its tests have run."""
    end = ENDS[request.param]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([find_python(end.python), "-m", "venv", f"{folder}/venv"], check=True)
        own = f"{folder}/venv/bin/python"
        install(own, end.constraints, Path(folder))
        yield own


def test_every_module_imports_without_a_word(python):
    done = run(python, "-c", IMPORT_ALL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_serves_the_same_picture_without_a_complaint(python, tmp_path, monkeypatch):
    noisy = tmp_path / "noisy.png"
    save_picture(Picture(add_noise(data.coffee()[:160, :240], "gaussian", 0.1, seed=1)), noisy)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with running_server(tmp_path / "server", python=python) as server:
        client = Client(server.url, verbose=False)
        file, _ = client.predict(image=handle_file(noisy), api_name="/denoise")
        assert server.log.read_text() == f"Serving at {server.url}/\n"
    expected = Denoiser()(load_picture(noisy).pixels)
    assert np.abs(load_picture(file).pixels.astype(int) - expected).max() <= 1


def test_the_command_line_denoises_in_it(python, tmp_path):
    noisy, clean = tmp_path / "noisy.png", tmp_path / "clean.png"
    save_picture(Picture(data.coffee()[:40, :60]), noisy)
    done = run(python, "-m", "denoise", "run", str(noisy), "-o", str(clean))
    assert done.returncode == 0, done.stderr
    assert load_picture(clean).pixels.shape == (40, 60, 3)
