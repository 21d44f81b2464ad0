import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from skimage import data

from denoise import Denoiser, Picture, load_picture, save_picture
from denoise.weights import list_models

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
BASH = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
SCRIPT = re.findall(r"```js\n(.*?)```", README, re.DOTALL)
ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture
def folder(tmp_path):
    save_picture(Picture(data.astronaut()[:64, 200:280]), tmp_path / "noisy.png")
    return tmp_path


def run(command, folder):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def at(server, snippet):
    return snippet.replace(ADDRESS, server.url)


def is_clean(folder):
    expected = Denoiser()(load_picture(folder / "noisy.png").pixels)
    return (load_picture(folder / "clean.png").pixels == expected).all()


def test_the_readme_has_the_snippets_that_are_tested():
    assert (len(PYTHON), len(BASH), len(SCRIPT)) == (3, 2, 1)


def test_the_python_snippet_denoises(folder):
    run([sys.executable, "-c", PYTHON[0]], folder)
    assert is_clean(folder)


def test_the_noise_snippet_prints_what_it_says(folder):
    printed = run([sys.executable, "-c", PYTHON[1]], folder)
    assert printed.startswith("20.0 dB")
    assert "conv-photo" in printed


def test_the_command_lines_run_as_they_stand(folder):
    printed = run(["bash", "-ec", BASH[0]], folder)
    assert is_clean(folder)
    assert (folder / "out" / "noisy.webp").is_file()
    assert (folder / "noisier.png").is_file()
    assert "dense-mnist" in printed


def test_the_client_snippet_runs_as_it_stands(folder, server):
    printed = run([sys.executable, "-c", at(server, PYTHON[2])], folder)
    assert "guessed" in printed
    assert "conv-fashion" in printed


def test_the_curl_snippet_runs_as_it_stands(folder, server):
    run(["bash", "-euc", at(server, BASH[1])], folder)
    assert is_clean(folder)


@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs Node.js")
def test_the_javascript_snippet_runs_as_it_stands(folder, server):
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "@gradio/client"]
    fetched = subprocess.run(install, cwd=folder, capture_output=True, timeout=120)
    if fetched.returncode:
        pytest.skip("the npm client cannot be installed here")
    (folder / "snippet.mjs").write_text(at(server, SCRIPT[0]), encoding="utf-8")
    assert "guessed" in run(["node", "snippet.mjs"], folder)
    assert is_clean(folder)


def test_the_readme_names_every_network_and_its_picture_is_there():
    assert all(f"`{facts.name}`" in README for facts in list_models())
    assert (ROOT / "weights" / "conv-photo" / "figure.png").is_file()
