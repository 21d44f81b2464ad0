"""The wheel: built here, installed into a fresh environment, run where there is no clone."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from conftest import STOP_S, free_port, wait_until_ready
from places import ROOT
from skimage import data

from denoise import Denoiser, Picture, load_picture, save_picture
from denoise.defaults import __version__

pytestmark = pytest.mark.slow
MAX_BYTES = 60_000_000
BUILT_FROM = ("setup.py", "pyproject.toml", "MANIFEST.in", "requirements.txt", "README.md")
BUILT_FROM += ("LICENSE", "denoise", "weights")
LEFT_BY_TOOLS = shutil.ignore_patterns("__pycache__", "*.pyi", "*.part")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


class Environment(NamedTuple):
    """A fresh environment, and an empty folder to run it from."""

    bin: Path
    folder: Path

    def run(self, *command, code=0):
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.folder,
            env=own_variables(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, done.stderr
        return done.stdout or done.stderr


def own_variables(**more):
    """The variables without those that lead to the clone or change what serves."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DENOISE_"))
    }
    return {**kept, **more}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: in the clone, setuptools would pack what an older build left."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in BUILT_FROM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=LEFT_BY_TOOLS)
        else:
            shutil.copy(source, copy)
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    build = [*PIP, "wheel", *offline, "--wheel-dir", str(out), str(copy)]
    subprocess.run(build, check=True, capture_output=True, env=own_variables())
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel; the libraries that it needs are those of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    install = [*PIP, "--python", str(folder), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, env=own_variables())
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return Environment(folder / "bin", tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture
def noisy(installed):
    picture = installed.folder / "noisy.png"
    save_picture(Picture(data.astronaut()[:48, 200:264]), picture)
    return picture


def names_below(folder, *patterns):
    files = (file for pattern in patterns for file in folder.rglob(pattern))
    return {file.relative_to(folder).as_posix() for file in files if file.is_file()}


def test_the_wheel_holds_the_package_and_the_weights_and_nothing_more(wheel):
    with zipfile.ZipFile(wheel) as packed:
        inside = {name for name in packed.namelist() if ".dist-info/" not in name}
    shown = ("*.css", "*.js", "*.html", "*.webp", "*.jpg", "*.png")
    modules = names_below(ROOT / "denoise", "*.py", *shown, "*.json", "py.typed")
    weights = names_below(ROOT / "weights", "*.json", "*.safetensors", "curve*.csv")
    expected = {f"denoise/{name}" for name in modules}
    assert inside == expected | {f"denoise/_weights/{name}" for name in weights}


def test_the_wheel_is_small_enough_for_an_index_and_bears_the_version(wheel):
    assert wheel.stat().st_size < MAX_BYTES
    assert wheel.name == f"denoise-{__version__}-py3-none-any.whl"


def test_the_wheel_brings_its_licence_and_needs_what_requirements_name(wheel):
    with zipfile.ZipFile(wheel) as packed:
        place = f"denoise-{__version__}.dist-info"
        assert packed.read(f"{place}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        facts = packed.read(f"{place}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in facts
    needed = (ROOT / "requirements.txt").read_text().splitlines()
    assert facts.count("Requires-Dist: ") == facts.count("; extra ==") + len(needed)


def test_python_finds_the_installed_package_and_its_weights(installed):
    script = "import denoise; print(denoise.__file__, denoise.__version__); denoise.Denoiser()"
    file, version = installed.run("python", "-c", script).split()
    assert Path(file).is_relative_to(installed.bin.parent)
    assert version == __version__


def test_the_command_denoises_as_in_the_clone(installed, noisy):
    installed.run("denoise", "run", "noisy.png", "-o", "clean.png", "--overwrite")
    expected = Denoiser()(load_picture(noisy).pixels)
    assert (load_picture(noisy.with_name("clean.png")).pixels == expected).all()


def test_the_command_lists_the_networks(installed):
    assert installed.run("denoise", "models") == installed.run("python", "-m", "denoise", "models")
    assert "conv-photo" in installed.run("denoise", "models")


def test_a_space_is_made_of_a_clone_only(installed):
    sentence = installed.run("denoise", "deploy", "--repo", "a/b", "--dry-run", code=2)
    assert "installed without a clone of the repository" in sentence


def test_the_command_serves_the_page_with_its_style_and_its_languages(installed):
    port, log = free_port(), installed.folder / "server.log"
    settings = own_variables(GRADIO_SERVER_PORT=str(port), TMPDIR=str(installed.folder))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed.bin / "denoise", "serve"],
            cwd=installed.folder,
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, log)
        english, chinese = (
            httpx.get(url + path, trust_env=False, follow_redirects=True) for path in ("/", "/zh")
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_S)
    assert ".masthead {" in english.text
    assert "去噪" in chinese.text
    assert process.returncode == 0
