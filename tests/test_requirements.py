"""What the project needs: what can be read from its files. test_fresh_environments.py tries it."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, requires, version

import pytest
import tomlkit  # tomllib came with Python 3.11
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from places import ROOT

REQUIRED = [Requirement(line) for line in (ROOT / "requirements.txt").read_text().splitlines()]
PROJECT = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = [
    Requirement(line) for extra in PROJECT["optional-dependencies"].values() for line in extra
]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))
SOURCES = [ROOT / "app.py", *sorted((ROOT / "denoise").rglob("*.py"))]
DISTRIBUTIONS = packages_distributions()  # by module
OLDEST, PYTHONS = (3, 10), ("3.10", "3.11", "3.12", "3.13")
BELOW_GRADIO = {"fastapi", "h11", "python-multipart", "starlette", "uvicorn"}  # Gradio's server


def names(requirements):
    return {canonicalize_name(one.name) for one in requirements}


def imported(nodes):
    """Gives the distributions, other than Python's own, that some nodes import."""
    modules = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.split(".")[0])
    foreign = modules - sys.stdlib_module_names - {"app", "denoise"}
    return {canonicalize_name(DISTRIBUTIONS.get(module, [module])[0]) for module in foreign}


def parsed(source):
    return ast.parse(source.read_text(encoding="utf-8"), source.name, feature_version=OLDEST)


@pytest.mark.parametrize("release", ["2.8.0", "2.9.1", "2.10.0", "2.11.0"])
def test_the_ranges_admit_every_pytorch_that_zero_gpu_has(release):
    (torch,) = (one for one in REQUIRED if one.name == "torch")
    assert torch.specifier.contains(release)


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda one: one.name)
def test_the_ranges_admit_what_is_installed(requirement):
    assert requirement.specifier.contains(version(requirement.name))


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda one: one.name)
def test_every_range_names_its_oldest_release(requirement):
    assert [one.operator for one in requirement.specifier].count(">=") == 1


def test_every_python_that_the_readme_names_is_admitted():
    admitted = SpecifierSet(PROJECT["requires-python"])
    assert all(python in admitted for python in PYTHONS)
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "README.md").read_text("utf-8")
    assert re.search(r"python:([\d.]+)-slim", (ROOT / "Dockerfile").read_text())[1] in PYTHONS


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda one: one.name)
def test_the_lock_is_within_the_ranges(requirement):
    assert requirement.specifier.contains(LOCKED[canonicalize_name(requirement.name)])


def test_the_lock_holds_what_the_requirements_need_in_turn():
    waiting, needed = list(names(REQUIRED)), set()
    while waiting:
        name = waiting.pop()
        needed.add(name)
        inner = (Requirement(line) for line in requires(name) or ())
        needs = {one for one in inner if one.marker is None or one.marker.evaluate({"extra": ""})}
        waiting += names(needs) - needed
    assert needed <= set(LOCKED)


def test_all_that_is_locked_has_hashes():
    entries = re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(LOCKED)
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)


def test_the_lock_names_no_index_and_no_place():
    assert not re.search(r"://|--(extra-)?index|--find-links|^#.*/", LOCK, re.MULTILINE)


@pytest.mark.parametrize("source", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_file_is_of_the_oldest_python_and_imports_what_is_required(source):
    tree = parsed(source)
    assert imported(tree.body) <= names(REQUIRED) | BELOW_GRADIO
    assert imported(ast.walk(tree)) <= names(REQUIRED + EXTRAS) | BELOW_GRADIO


def test_everything_that_is_required_is_imported():
    used = set().union(*(imported(ast.walk(parsed(source))) for source in SOURCES))
    assert names(REQUIRED) <= used
