"""What can be proved of the container file without an engine."""

import json
import os
import re
import subprocess
import sys

from conftest import free_port
from places import ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LOCK = ROOT / "requirements.lock"
KNOWN = {"ARG", "FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "HEALTHCHECK", "CMD"}


def steps():
    """Gives the instructions in turn, each with its arguments."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line]


def arguments_of(instruction):
    return [arguments for name, arguments in steps() if name == instruction]


def check_health(port):
    command = json.loads(arguments_of("HEALTHCHECK")[0].partition("CMD ")[2])
    command[0] = sys.executable
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


def locked_without_cuda(*options):
    """Gives what a sed command of the container file makes of the lock."""
    expression = re.search(rf"sed {' '.join(options)} '(.+?)' requirements", TEXT)[1]
    command = ["sed", *[one for one in options if one != "-i"], expression, str(LOCK)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_line_is_an_instruction_and_the_first_names_the_image():
    assert {name for name, _ in steps()} == KNOWN
    assert steps()[:2] == [("ARG", "BASE=python:3.12-slim"), ("FROM", "${BASE}")]


def test_every_package_has_a_hash_but_pytorch_for_cpus():
    (install,) = (line for line in arguments_of("RUN") if "pip" in line)
    assert "ARG PYTORCH=cpu" in TEXT
    assert install.endswith("--no-deps --require-hashes -r requirements.lock")
    locked = re.findall(r"^torch\w*==[\d.]+", LOCK.read_text(), re.MULTILINE)
    assert locked_without_cuda("-nE").split() == locked


def test_without_cuda_the_rest_of_the_lock_is_installed():
    names = re.findall(r"^([\w-]+)==", LOCK.read_text(), re.MULTILINE)
    left = locked_without_cuda("-i", "-E")
    others = [name for name in names if not name.startswith(("cuda", "nvidia", "torch", "triton"))]
    assert re.findall(r"^([\w-]+)==", left, re.MULTILINE) == others
    assert left.count("--hash") > len(others)


def test_all_that_is_copied_is_there_and_not_ignored():
    admitted = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = [name for line in arguments_of("COPY") for name in line.split()[:-1]]
    assert set(copied) == set(admitted)
    assert all((ROOT / name).exists() for name in copied)


def test_it_serves_as_a_user_who_is_not_root():
    names = [name for name, _ in steps()]
    assert arguments_of("USER") == ["denoise"]
    assert "useradd --create-home --uid 1000 denoise" in arguments_of("RUN")
    assert names.index("USER") > max(at for at, name in enumerate(names) if name == "RUN")


def test_it_listens_to_other_machines_at_the_port_that_it_exposes():
    environment = dict(pair.split("=") for pair in arguments_of("ENV")[0].split())
    assert environment["GRADIO_SERVER_NAME"] == "0.0.0.0"
    assert [environment["GRADIO_SERVER_PORT"]] == arguments_of("EXPOSE")
    assert json.loads(arguments_of("CMD")[0]) == ["python", "app.py"]


def test_its_health_check_tells_a_server_that_lives_from_one_that_does_not(server):
    assert check_health(server.url.rpartition(":")[2]) == 0
    assert check_health(free_port()) == 1
