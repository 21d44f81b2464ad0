"""One network with damaged files: the others serve, and it is said."""

import shutil

import pytest
from asides import aside

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import WeightsError
from denoise.ui import launch
from denoise.ui.page import build_page
from denoise.ui.server.http import readiness
from denoise.ui.server.service import Service
from denoise.ui.stage.visits import Visits
from denoise.weights.manifest import CONFIG_FILE, WEIGHTS_FILE
from denoise.weights.tensors import BUNDLED
from denoise.zoo.zoo import Zoo


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(BUNDLED, tmp_path / "weights")


@pytest.fixture
def service(folder, tmp_path):
    return Service(device="cpu", folder=tmp_path / "served", zoo=Zoo(folder))


def test_the_others_serve_and_it_is_said(folder, service):
    (folder / "dense-photo" / CONFIG_FILE).write_text("{")
    aside(lambda: build_page(service))
    names = [facts.name for facts in service.zoo.list_models()]
    assert "dense-photo" not in names
    assert DEFAULT_MODEL in names
    wrong = "The config.json of model 'dense-photo' is damaged; restore its folder in weights/."
    assert service.zoo.warnings() == (wrong,)
    with pytest.raises(WeightsError, match="dense-photo"):
        service.loaded.get("dense-photo")


def test_a_server_whose_default_network_is_damaged_says_why_it_is_not_ready(folder, service):
    assert readiness(service) == (503, {"status": "loading"})
    (folder / DEFAULT_MODEL / WEIGHTS_FILE).write_bytes(b"damaged")
    launch._warm(Visits(service))
    status, answer = readiness(service)
    assert (status, answer["status"]) == (503, "failed")
    assert answer["detail"].startswith("The default network cannot be used. The weights of ")
    assert service.loaded.get("conv-mnist").source == "folder"


def test_without_the_facts_about_the_default_network_there_is_no_page(folder, monkeypatch, capsys):
    (folder / DEFAULT_MODEL / CONFIG_FILE).write_text("{")
    monkeypatch.setattr(launch, "_zoo", lambda _: Zoo(folder))
    monkeypatch.setattr(launch, "_watch_signals", lambda: None)
    for name in ("GRADIO_ANALYTICS_ENABLED", "GRADIO_TEMP_DIR"):  # as they are, afterwards
        monkeypatch.setenv(name, "")
    assert aside(launch.main) == 1
    assert capsys.readouterr().err.startswith("Cannot serve: The config.json of model 'conv-photo'")
