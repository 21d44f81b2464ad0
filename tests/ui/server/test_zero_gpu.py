"""The path of a Space on ZeroGPU, with a stand-in for the package that runs there."""

import math
import re
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest
from conftest import running_server
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hub_stand_in import files_of, running_hub
from PIL import Image
from places import TESTS

from denoise import Denoiser, add_noise, load_picture
from denoise.errors import ImageError
from denoise.inference.settings import Settings
from denoise.ui.environment import read_settings
from denoise.ui.server.zero_gpu import LentDenoiser, booked_seconds, gpu, is_lent, seconds
from denoise.weights.facts import read_facts
from denoise.weights.tensors import BUNDLED

FAKE = TESTS / "fake_spaces"


@pytest.fixture(scope="module")
def hub():
    with running_hub() as running:
        running.repo("org/zoo", files_of(BUNDLED / "conv-mnist", "conv-mnist/"))
        yield running


@pytest.fixture(scope="module")
def lending(tmp_path_factory, hub):
    settings = {"SPACES_ZERO_GPU": "true", "PYTHONPATH": str(FAKE), "DENOISE_TRAIN_TAB": "0"}
    settings |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path_factory.mktemp("home"))}
    settings |= {"DENOISE_ANY_MODEL": "1"}
    threads = {"OMP_NUM_THREADS": "1"}  # those of a parent are not there after a fork
    with running_server(tmp_path_factory.mktemp("lending"), **settings, **threads) as server:
        yield server


@pytest.fixture(scope="module")
def client(lending):
    return Client(lending.url, verbose=False, httpx_kwargs={"trust_env": False})


@pytest.fixture(scope="module")
def noisy_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("pictures") / "noisy.png"
    Image.fromarray(add_noise(np.full((61, 83, 3), 127, np.uint8), level=0.1)).save(file)
    return file


def test_elsewhere_nothing_changes_in_both_forms():
    assert not is_lent()
    assert gpu(seconds) is seconds
    assert gpu(duration=5)(seconds) is seconds


def test_where_gpus_are_lent_both_forms_decorate(monkeypatch):
    spec = spec_from_file_location("spaces", FAKE / "spaces.py")
    spaces = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    spec.loader.exec_module(spaces)
    for decorated in (gpu(seconds), gpu(duration=5)(seconds)):
        assert decorated is not seconds
        assert decorated.__wrapped__ is seconds


def test_a_larger_picture_wants_the_gpu_longer():
    small, large = (np.zeros((side, side, 3), np.uint8) for side in (64, 4000))
    conv, dense = read_facts("conv-photo"), read_facts("dense-photo")
    assert booked_seconds(conv, small) == 11
    assert booked_seconds(conv, large) == 21
    assert booked_seconds(conv, large, Settings(ensemble=True)) == 91
    assert booked_seconds(dense, large, Settings(ensemble=True)) == 120


@pytest.mark.parametrize(
    ("measured", "booked"),
    [(0.3, 14), (0.6, 18), (9, 118), (100, 120), (None, 70), ("fast", 70), (math.nan, 70)],
)
def test_the_gpu_is_booked_by_the_measured_speed(measured, booked):
    facts = replace(read_facts("conv-photo"), metrics={"seconds_per_mpixel": measured})
    assert booked_seconds(facts, np.zeros((3000, 4000, 3), np.uint8)) == booked


def test_a_space_on_zero_gpu_is_known_by_its_variable():
    assert read_settings({"SPACES_ZERO_GPU": "true"}).is_lent_gpus
    assert not read_settings({"SPACES_ZERO_GPU": ""}).is_lent_gpus


def test_the_picture_that_a_lent_gpu_gives_is_the_same(client, lending, noisy_file):
    before = lending.log.read_text().count("lent for")
    file, report = client.predict(image=handle_file(noisy_file), api_name="/denoise")
    expected = Denoiser(device="cpu", dtype=report["precision"])(load_picture(noisy_file))
    # one thread there, two here: sums in another order
    difference = load_picture(file).pixels.astype(int) - expected.pixels
    assert abs(difference).max() <= 1
    lent = re.findall(r"lent for (\d+) s", lending.log.read_text())
    assert lent[before:] == ["11"]


def test_a_picture_that_does_not_fit_is_refused_on_the_way_back():
    with pytest.raises(ImageError, match="takes gray pictures of 28x28 pixels only"):
        LentDenoiser("conv-mnist").run(np.zeros((20, 28), np.uint8))


def test_no_gpu_is_lent_for_a_setting_that_the_network_has_no_use_for(client, lending, noisy_file):
    before = lending.log.read_text().count("lent for")
    with pytest.raises(AppError, match="has no textured counterpart; leave texture at 0"):
        client.predict(
            image=handle_file(noisy_file), model="gan-photo", texture=0.5, api_name="/denoise"
        )
    assert lending.log.read_text().count("lent for") == before


def test_tiles_are_counted_across_the_fork(client, tmp_path):
    Image.fromarray(np.full((1400, 40), 90, np.uint8)).save(tmp_path / "long.png")
    job = client.submit(image=handle_file(tmp_path / "long.png"), api_name="/denoise")
    *steps, (_, report) = job
    assert [step for _, step in steps] == [{"tiles_done": n, "tiles": 2} for n in (1, 2)]
    assert report["tiles"] == 2


def test_what_is_named_by_its_address_runs_itself_and_not_one_of_its_name(client, hub, tmp_path):
    pytest.importorskip("spandrel")
    from checkpoints import as_safetensors, nafnet

    pin = hub.repo("org/conv-photo", {"net.safetensors": as_safetensors(nafnet())})
    Image.fromarray(np.full((20, 28, 3), 90, np.uint8)).save(tmp_path / "noisy.png")
    picture = handle_file(tmp_path / "noisy.png")
    models = ("org/conv-photo", "conv-photo")
    reports = [client.predict(picture, model, api_name="/denoise")[1] for model in models]
    assert [report["source"] for report in reports] == [f"org/conv-photo@{pin}", "folder"]
    assert [report["sigma_source"] for report in reports] == ["ignored", "estimated"]
