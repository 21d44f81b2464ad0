"""A Hub that cannot be reached when the server starts, and answers later."""

import gc
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from hub_stand_in import files_of, running_hub

from denoise.hub import files
from denoise.hub.repository import Repository
from denoise.ui.page import build_page
from denoise.ui.server.service import Service
from denoise.weights.manifest import MANIFEST_FILE, compose_manifest, find_entries
from denoise.weights.tensors import BUNDLED
from denoise.zoo.zoo import Zoo

NAME = "conv-mnist"


@pytest.fixture
def hub(monkeypatch):
    """A stand-in for the Hub that is out of order."""
    monkeypatch.setattr(files, "RETRY_S", 0)  # as if that time had passed
    with running_hub() as running:
        names = [config.parent.name for config in BUNDLED.glob("*/config.json")]
        for name in names:
            running.repo("org/zoo", files_of(BUNDLED / name, f"{name}/"))
        manifest = compose_manifest(find_entries(BUNDLED)).encode()
        running.commit = running.repo("org/zoo", {MANIFEST_FILE: manifest})
        running.status = 503
        yield running


@pytest.fixture
def zoo(hub, tmp_path):
    return Zoo(repository=Repository("org/zoo", endpoint=hub.url, cache=tmp_path / "cache"))


@pytest.fixture
def service(zoo, tmp_path):
    return Service(device="cpu", folder=tmp_path / "served", zoo=zoo)


def test_the_hub_is_asked_again(hub, zoo):
    assert zoo.fetch(NAME).source == "folder"
    hub.status = 0
    assert zoo.fetch(NAME).source == f"org/zoo@{hub.commit}"
    assert zoo.warnings() == ()


def test_an_outage_is_logged_in_one_sentence(hub, zoo, caplog):
    for _ in range(3):
        zoo.fetch(NAME)
        zoo.fetch("conv-fashion")
        zoo.warnings()
    (record,) = caplog.records
    assert record.getMessage().startswith("The Hub cannot be reached")
    assert record.exc_info is None


def test_a_network_that_is_loaded_gives_way_to_that_on_the_hub(hub, service):
    first = service.loaded.get(NAME)
    assert service.loaded.get(NAME) is first
    hub.status = 0
    assert service.loaded.get(NAME).source == f"org/zoo@{hub.commit}"
    assert service.loaded.get(NAME) is service.loaded.get(NAME)


def test_weights_that_cannot_be_had_are_not_asked_for_by_every_visitor(hub, service):
    service.loaded.get(NAME)
    hub.status, hub.is_corrupting = 0, 99
    for _ in range(3):
        assert service.loaded.get(NAME).source == "folder"
    assert len(hub.downloads("model.safetensors")) == 2


def test_what_the_page_warns_of_is_looked_at_again(hub, service):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the event loops that Gradio leaves
        with ThreadPoolExecutor(1) as thread:
            page = thread.submit(build_page, service).result()
        gc.collect()
    look = next(event.fn for event in page.fns.values() if event.name == "look_up")
    assert "The bundled networks serve instead." in look()["value"]
    hub.status = 0
    assert look()["visible"] is False
