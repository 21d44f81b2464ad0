import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "denoise"
FRONT_DOOR = {"denoiser", "noise", "estimate", "metrics", "images", "weights", "errors"}
FACES = {
    "ui",
    "cli",
    "batch",
    "commands",
    "benchmark_commands",
    "hub_commands",
    "inputs",
    "lab_commands",
    "space_commands",
    "stopping",
    "workshop",
    "__main__",
}
# module -> what it may import of the package; errors, extras, conversion and defaults are for all.
ALLOWED = {
    "errors": set(),
    "defaults": set(),
    "extras": set(),
    "conversion": set(),
    "models": set(),
    "drafts": set(),
    "resolution": set(),
    "images": {"drafts", "resolution"},
    "noise": set(),
    "metrics": set(),
    "sigma": set(),
    "settings": {"sigma"},
    "detail": {"tiles"},
    "version": set(),
    "deployment": {"hub_errors"},
    "devices": set(),
    "tiles": set(),
    "inference": {"models"},
    "community": {"models"},
    "manifest": {"drafts"},
    "weights": {"community", "drafts", "manifest", "models"},
    "address": set(),
    "hub_cache": set(),
    "hub_errors": set(),
    "hub_answers": {"hub_errors"},
    "hub": {
        "address",
        "hub_answers",
        "hub_cache",
        "hub_errors",
        "manifest",
        "models",
        "weights",
    },
    "hub_checkpoints": {"address", "community", "hub", "hub_cache", "hub_errors", "manifest"},
    "shelf": {"weights"},
    "zoo": {
        "address",
        "community",
        "hub",
        "hub_cache",
        "hub_checkpoints",
        "hub_errors",
        "manifest",
        "shelf",
        "weights",
    },
    "jpeg": set(),
    "estimate": {"jpeg", "weights", "models", "zoo"},
    "choice": {"estimate", "zoo"},
    "denoiser": {
        "address",
        "hub_cache",
        "models",
        "zoo",
        "weights",
        "choice",
        "estimate",
        "images",
        "settings",
        "sigma",
        "devices",
        "detail",
        "tiles",
        "inference",
        "misfit",
    },
    "misfit": set(),
    "pipeline": {"denoiser", "estimate", "noise", "images", "settings", "weights", "zoo"},
    "training": {"models", "noise", "metrics", "images", "weights", "denoiser", "devices"},
    "benchmark": {"denoiser", "devices", "noise", "metrics", "estimate", "images", "weights"},
    "classic": set(),
    "comparison": {
        "classic",
        "denoiser",
        "images",
        "metrics",
        "noise",
        "pipeline",
        "settings",
        "weights",
        "zoo",
    },
    "publish": {"cards", "hub_errors", "manifest", "weights"},
    "installing": {"address", "cards", "hub", "hub_errors", "manifest"},
    "removed": set(),
    "reader": {"devices", "weights"},
    "small_benchmark": {"denoiser", "metrics", "reader"},
    "figures": {
        "benchmark",
        "classic",
        "denoiser",
        "metrics",
        "noise",
        "small_benchmark",
        "weights",
    },
    "cards": {
        "benchmark",
        "denoiser",
        "figures",
        "manifest",
        "small_benchmark",
        "training",
        "weights",
    },
    "scorecard": {
        "benchmark",
        "choice",
        "estimate",
        "denoiser",
        "noise",
        "metrics",
        "images",
        "models",
        "weights",
    },
    "__init__": FRONT_DOOR,
}
FOR_ALL = {"errors", "extras", "conversion", "defaults"}


def imported_names(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


def room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_layer_may(file):
    if room(file) in FACES:
        return
    used = {name.split(".")[1] for name in imported_names(file) if name.startswith("denoise.")}
    assert used <= ALLOWED[room(file)] | FOR_ALL | {room(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_gradio_lives_in_the_page_only(file):
    is_page = room(file) == "ui"
    assert is_page or not any(name.split(".")[0] == "gradio" for name in imported_names(file))


def test_every_module_has_its_layer():
    assert {room(file) for file in FILES} <= ALLOWED.keys() | FACES


def test_importing_draws_no_random_number_and_opens_no_window():
    code = (
        "import torch, numpy; state = torch.get_rng_state(); numbers = numpy.random.get_state()[1];"
        "import denoise, denoise.cli, denoise.training.train, denoise.benchmark, sys;"
        "assert torch.equal(state, torch.get_rng_state());"
        "assert (numbers == numpy.random.get_state()[1]).all();"
        "assert 'gradio' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)
