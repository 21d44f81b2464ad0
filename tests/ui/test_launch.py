import os
import re
import signal
import socket
import time
from dataclasses import replace

import numpy as np
import pytest
from conftest import free_port, running_server, start_app
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import Status
from hub_stand_in import files_of, running_hub
from PIL import Image
from places import ROOT

from denoise.errors import SettingError
from denoise.ui import environment as module
from denoise.ui import launch
from denoise.ui.environment import VARIABLES, Settings, read_settings
from denoise.ui.server.limits import Limits
from denoise.weights.tensors import BUNDLED


def test_an_empty_environment_gives_the_defaults(monkeypatch):
    monkeypatch.setattr(module, "available_bytes", lambda: None)
    assert read_settings({}) == Settings("auto", "127.0.0.1", 7860, Limits())


def test_the_environment_is_read():
    names = ("MAX_PIXELS", "MAX_BYTES", "QUEUE", "MAX_CONNECTIONS")
    environment = {f"DENOISE_{name}": str(number) for number, name in enumerate(names, start=1)}
    environment |= {"DENOISE_DEVICE": "cpu", "GRADIO_SERVER_NAME": "::1"}
    environment |= {"GRADIO_SERVER_PORT": "5"}
    environment |= {"DENOISE_PROXIES": "0", "DENOISE_CALLS_PER_MINUTE": "6"}
    limits = Limits(
        max_pixels=1, max_bytes=2, queue_size=3, max_connections=4, calls_per_minute=6, proxies=0
    )
    environment |= {"DENOISE_DECODE_SECONDS": "6", "DENOISE_DECODE_BYTES": "70000000"}
    environment |= {"DENOISE_MEMORY": "8000000000"}
    limits = replace(limits, decode_s=6, decode_bytes=70_000_000, memory=8_000_000_000)
    assert read_settings(environment) == Settings("cpu", "::1", 5, limits)


@pytest.mark.parametrize(
    ("environment", "fetches"),
    [
        ({}, True),
        ({"HF_HUB_OFFLINE": "0"}, True),
        ({"HF_HUB_OFFLINE": "1"}, False),
        ({"HF_HUB_OFFLINE": "YES", "DENOISE_FETCH_SETS": "1"}, False),
        ({"DENOISE_FETCH_SETS": "0"}, False),
    ],
)
def test_test_pictures_are_fetched_unless_that_is_forbidden(environment, fetches):
    assert read_settings(environment).fetches_sets is fetches


def test_a_picture_is_no_larger_than_the_memory():
    memory = {"DENOISE_MEMORY": "2800000000"}
    assert read_settings(memory).limits.max_pixels == 20_000_000
    assert read_settings({**memory, "DENOISE_MAX_PIXELS": "9"}).limits.max_pixels == 9


def test_a_space_is_open_to_the_network():
    settings = read_settings({"SPACE_ID": "a/b"})
    assert (settings.host, settings.limits.proxies) == ("0.0.0.0", 1)


@pytest.mark.parametrize(
    ("environment", "has_training"),
    [
        ({}, True),
        ({"SPACE_ID": "a/b"}, False),
        ({"DENOISE_TRAIN_TAB": "0"}, False),
        ({"SPACE_ID": "a/b", "DENOISE_TRAIN_TAB": "1"}, True),
    ],
)
def test_a_space_trains_only_where_it_is_told_to(environment, has_training):
    assert read_settings(environment).has_training is has_training


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DENOISE_DEVICE", "abacus"),
        ("DENOISE_TRAIN_TAB", "maybe"),
        ("DENOISE_MAX_PIXELS", "many"),
        ("DENOISE_MAX_BYTES", "-1"),
        ("DENOISE_MAX_BYTES", "1" * 30),
        ("DENOISE_MAX_PIXELS", "100000000000000000000"),
        ("DENOISE_MAX_CONNECTIONS", "²"),
        ("DENOISE_CALLS_PER_MINUTE", "-1"),
        ("DENOISE_PROXIES", "11"),
        ("DENOISE_QUEUE", "0"),
        ("DENOISE_DECODE_SECONDS", "4000"),
        ("DENOISE_DECODE_BYTES", "49999999"),
        ("GRADIO_ROOT_PATH", "sub"),
        ("GRADIO_SERVER_PORT", "70000"),
    ],
)
def test_a_bad_value_is_named(name, value):
    with pytest.raises(SettingError, match=f"^{name}.*{value}"):
        read_settings({name: value})


@pytest.mark.parametrize(
    ("name", "meant"), [("DENOISE_QUEU", "perhaps DENOISE_QUEUE is"), ("DENOISE_COLOUR", "known: ")]
)
def test_an_unknown_variable_is_refused(name, meant):
    with pytest.raises(SettingError, match=f"^{name} is no setting of the server; {meant}"):
        read_settings({name: "5"})


def test_every_variable_of_the_document_is_known():
    text = (ROOT / "docs/server.md").read_text(encoding="utf-8")
    assert set(re.findall(r"DENOISE_[A-Z_]+", text)) <= VARIABLES


def test_a_bad_value_is_misuse(monkeypatch, capsys):
    monkeypatch.setenv("DENOISE_QUEUE", "long")
    assert launch.main() == 2
    assert capsys.readouterr().err.startswith("DENOISE_QUEUE is a whole number")


def test_a_port_in_use_is_said(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        process = start_app({"GRADIO_SERVER_PORT": port, "TMPDIR": str(tmp_path)})
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.decode().startswith(f"Cannot serve at 127.0.0.1, port {port}: ")
    assert list(tmp_path.iterdir()) == []


def wait_until_taken(jobs):
    """Waits until one of the jobs is worked on and the others wait for their turn or a place."""
    deadline = time.monotonic() + 120
    taken = {Status.ITERATING, Status.PROCESSING, Status.IN_QUEUE}
    while not {Status.ITERATING} <= {job.status().code for job in jobs} <= taken:
        assert time.monotonic() < deadline, [job.status() for job in jobs]
        time.sleep(0.05)


@pytest.mark.slow
def test_a_stopped_server_says_so_to_its_visitors_and_leaves_nothing(tmp_path):
    Image.fromarray(np.full((1000, 3000), 90, np.uint8)).save(tmp_path / "long.png")
    with running_server(tmp_path / "server") as server:
        client = Client(server.url, verbose=False)
        picture = handle_file(tmp_path / "long.png")
        jobs = [client.submit(picture, ensemble=True, api_name="/denoise") for _ in range(3)]
        wait_until_taken(jobs)
        os.kill(server.process.pid, signal.SIGTERM)
        for job in jobs:
            with pytest.raises(AppError, match="restarting"):
                job.result(30)
        assert server.process.wait(20) == 0
    assert list((tmp_path / "server").iterdir()) == []


@pytest.mark.parametrize("after_s", [0.5, 3, 6])
def test_a_server_that_is_told_to_stop_while_it_starts_leaves_nothing(tmp_path, after_s):
    process = start_app({"GRADIO_SERVER_PORT": str(free_port()), "TMPDIR": str(tmp_path)})
    time.sleep(after_s)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM)  # the latter before our code is loaded
    assert b"Traceback" not in output
    assert list(tmp_path.iterdir()) == []


def test_the_page_serves_weights_of_the_hub(tmp_path):
    with running_hub() as hub:
        pin = hub.repo("org/zoo", files_of(BUNDLED))
        settings = {"DENOISE_HUB_REPO": "org/zoo", "HF_ENDPOINT": hub.url}
        settings |= {"HF_HOME": str(tmp_path / "home"), "DENOISE_ANY_MODEL": "1"}
        with running_server(tmp_path / "server", **settings) as server:
            client = Client(server.url, verbose=False)
            Image.fromarray(np.full((28, 28), 90, np.uint8)).save(tmp_path / "gray.png")
            picture = handle_file(tmp_path / "gray.png")
            for model in ("conv-mnist", "org/zoo/conv-mnist@main"):
                _, report = client.predict(image=picture, model=model, api_name="/denoise")
                assert report["source"] == f"org/zoo@{pin}"
        assert f"Weights from the Hub: org/zoo@{pin}" in server.log.read_text()


def test_the_environment_names_the_hub():
    environment = {"DENOISE_HUB_REPO": "a/b", "DENOISE_HUB_REVISION": "v1"}
    settings = read_settings(environment)
    assert (settings.hub_repo, settings.hub_revision) == ("a/b", "v1")
    assert not settings.takes_any_model


@pytest.mark.parametrize("name", ["zoo", "org/zoo/conv-mnist", "org/zoo@v1", "a b/c"])
def test_what_is_no_repository_is_misuse(name):
    with pytest.raises(SettingError, match="DENOISE_HUB_REPO is a repository on the Hub"):
        read_settings({"DENOISE_HUB_REPO": name})


def test_a_revision_without_a_repository_is_refused():
    with pytest.raises(SettingError, match="set DENOISE_HUB_REPO"):
        read_settings({"DENOISE_HUB_REVISION": "v1"})


def test_the_environment_names_checkpoints(tmp_path):
    for name in ("b.pth", "a.safetensors", "note.txt"):
        (tmp_path / name).write_bytes(b"")
    named = f"{tmp_path}{os.pathsep}{tmp_path / 'b.pth'}"
    found = read_settings({"DENOISE_CHECKPOINTS": named}).checkpoints
    assert [file.name for file in found] == ["a.safetensors", "b.pth", "b.pth"]


def test_checkpoints_that_are_not_there_are_misuse(tmp_path):
    with pytest.raises(SettingError, match=r"^DENOISE_CHECKPOINTS: .*none.* cannot be read"):
        read_settings({"DENOISE_CHECKPOINTS": str(tmp_path / "none")})


def test_the_page_serves_anyones_checkpoints(tmp_path):
    pytest.importorskip("spandrel")
    from checkpoints import as_safetensors, drunet

    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(as_safetensors(drunet()))
    picture = tmp_path / "gray.png"
    Image.fromarray(np.full((20, 28), 90, np.uint8)).save(picture)
    with running_hub() as hub:
        pin = hub.repo("org/theirs", {"net.safetensors": mine.read_bytes()})
        settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home")}
        settings |= {"DENOISE_ANY_MODEL": "1", "DENOISE_CHECKPOINTS": str(mine)}
        with running_server(tmp_path / "server", **settings) as server:
            client = Client(server.url, verbose=False)
            asked = {"image": handle_file(picture), "api_name": "/denoise"}
            for model, source in (("mine", "file"), ("org/theirs", f"org/theirs@{pin}")):
                _, report = client.predict(model=model, sigma=0.1, **asked)
                assert (report["source"], report["sigma_source"]) == (source, "told")
            with pytest.raises(AppError, match="Unknown model"):
                client.predict(model=str(mine), **asked)
            models = ["mine", "org/theirs/net.safetensors"]
            _, report = client.predict(handle_file(picture), models=models, api_name="/compare")
            assert [row["method"] for row in report["rows"]] == ["noisy", *models]
