import re

import pytest
from reading import ROOT, run_javascript, run_python, run_shell
from skimage import data

from denoise import Denoiser, Picture, load_picture, save_picture
from denoise.weights.facts import list_models

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
BASH = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
SCRIPT = re.findall(r"```js\n(.*?)```", README, re.DOTALL)
ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture
def folder(tmp_path):
    save_picture(Picture(data.astronaut()[:64, 200:280]), tmp_path / "noisy.png")
    return tmp_path


def at(server, snippet):
    return snippet.replace(ADDRESS, server.url)


def is_clean(folder):
    expected = Denoiser()(load_picture(folder / "noisy.png").pixels)
    return (load_picture(folder / "clean.png").pixels == expected).all()


def test_the_readme_has_the_snippets_that_are_tested():
    assert (len(PYTHON), len(BASH), len(SCRIPT)) == (3, 2, 1)


def test_the_python_snippet_denoises(folder):
    run_python(PYTHON[0], folder)
    assert is_clean(folder)


def test_the_noise_snippet_prints_what_it_says(folder):
    printed = run_python(PYTHON[1], folder)
    assert printed.startswith("20.0 dB")
    assert "conv-photo" in printed


def test_the_command_lines_run_as_they_stand(folder):
    printed = run_shell(BASH[0], folder)
    assert is_clean(folder)
    assert (folder / "out" / "noisy.webp").is_file()
    assert (folder / "noisier.png").is_file()
    assert "dense-mnist" in printed


def test_the_client_snippet_runs_as_it_stands(folder, server):
    printed = run_python(at(server, PYTHON[2]), folder)
    assert "estimated" in printed
    assert "conv-fashion" in printed


def test_the_curl_snippet_runs_as_it_stands(folder, server):
    run_shell(at(server, BASH[1]), folder)
    assert is_clean(folder)


def test_the_javascript_snippet_runs_as_it_stands(folder, server):
    assert "estimated" in run_javascript(at(server, SCRIPT[0]), folder)
    assert is_clean(folder)


def test_the_readme_names_every_network_and_its_picture_is_there():
    assert all(f"`{facts.name}`" in README for facts in list_models())
    assert (ROOT / "weights" / "conv-photo" / "figure.png").is_file()
