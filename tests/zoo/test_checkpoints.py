"""Anyone's checkpoints that a server's owner has chosen."""

import sys

import numpy as np
import pytest
from PIL import Image

from denoise import Denoiser
from denoise.errors import UnknownModelError
from denoise.evaluation.methods import methods_for
from denoise.ui.server.service import Service
from denoise.ui.tabs.zoo import _card_text, _row
from denoise.weights.card import compose_card
from denoise.zoo.zoo import Zoo

pytest.importorskip("spandrel")
from checkpoints import as_pth, as_safetensors, drunet, nafnet


@pytest.fixture
def files(tmp_path):
    contents = {"mine.safetensors": as_safetensors(drunet()), "other.pth": as_pth(nafnet())}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


@pytest.fixture
def zoo(files):
    return Zoo(takes_addresses=False, checkpoints=files)


@pytest.fixture
def service(zoo, tmp_path):
    return Service(device="cpu", folder=tmp_path / "served", zoo=zoo)


@pytest.fixture
def noisy(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 28, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noisy.png")
    return tmp_path / "noisy.png"


def test_they_are_listed_and_compared_under_their_files_names(zoo):
    names = [facts.name for facts in zoo.list_models()]
    assert {"conv-photo", "mine", "other"} <= set(names)
    assert names == sorted(names)
    assert {"mine", "other"} <= set(methods_for(np.zeros((40, 40, 3), np.uint8), zoo))


def test_they_serve_without_any_model_being_allowed(service, files, noisy):
    *_, result = service.denoise(noisy, "mine")
    expected = Denoiser(str(files[0]), device="cpu")(np.asarray(Image.open(noisy)))
    assert np.array_equal(result.after.pixels, expected)
    assert (result.report["model"], result.report["source"]) == ("mine", "file")


def test_nobody_shares_a_network_that_was_loaded(zoo):
    assert zoo.fetch("mine").load()[0] is not zoo.fetch("mine").load()[0]


def test_their_paths_are_no_names(service, files, noisy):
    for path in (str(files[0]), "mine.safetensors"):
        with pytest.raises(UnknownModelError, match="choose one of"):
            list(service.denoise(noisy, path))


def test_one_that_cannot_be_loaded_is_left_out_and_logged(files, tmp_path, caplog):
    (tmp_path / "broken.pth").write_bytes(b"none")
    zoo = Zoo(checkpoints=[tmp_path / "broken.pth", tmp_path / "gone.pth", files[0]])
    assert {"mine"} == {facts.name for facts in zoo.list_models() if not facts.recipe}
    assert "broken.pth is left out: broken.pth is damaged" in caplog.text
    assert "gone.pth is left out: There is no checkpoint gone.pth" in caplog.text


def test_one_of_a_name_that_is_taken_is_left_out_and_logged(files, tmp_path, caplog):
    for copy in (tmp_path / "conv-photo.safetensors", tmp_path / "mine.ckpt"):
        copy.write_bytes(files[0].read_bytes())
    zoo = Zoo(checkpoints=[files[0], tmp_path / "conv-photo.safetensors", tmp_path / "mine.ckpt"])
    assert zoo.read_facts("conv-photo").recipe
    assert "conv-photo.safetensors is left out: another network is called so." in caplog.text
    assert "mine.ckpt is left out: another network is called so." in caplog.text


def test_without_spandrel_the_server_starts_and_says_what_it_needs(files, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "spandrel", None)
    assert "mine" not in {facts.name for facts in Zoo(checkpoints=files).list_models()}
    assert 'pip install -e ".[community]"' in caplog.text


def test_the_tab_zoo_has_a_row_and_a_card_of_each(service, files):
    row = _row(service, service.zoo.read_facts("mine"))
    assert row[0] == "mine"
    assert row[4] == files[0].stat().st_size / 1e6
    card = _card_text(service, "mine")
    assert "must be told the noise level; at auto it is told the estimate." in card
    assert "Neither trained nor measured by this project" in card


def test_a_card_claims_nothing_of_what_was_not_trained_here(zoo, tmp_path):
    card = compose_card(zoo.read_facts("other"), tmp_path)
    assert "The licence of the weights is stated by its source." in card
    for claim in ("trained by this project", "It was trained for", 'Denoiser("other")'):
        assert claim not in card
