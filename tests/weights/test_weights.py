import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from denoise.errors import UnknownModelError, WeightsError
from denoise.models import ARCHITECTURES, build_network
from denoise.weights.facts import list_models, read_facts, write_facts
from denoise.weights.tensors import BUNDLED, INT8_FROM, load_network, write_weights

MODELS = [facts.name for facts in list_models()]


@pytest.fixture
def zoo(tmp_path):
    shutil.copytree(BUNDLED / "conv-fashion", tmp_path / "conv-fashion")
    return tmp_path


def change_tensors(zoo, change):
    file = zoo / "conv-fashion" / "model.safetensors"
    tensors = change(safetensors.torch.load(file.read_bytes()))
    facts = read_facts("conv-fashion", zoo)
    network = build_network(facts.architecture, facts.config)
    network.state_dict = lambda: tensors
    write_weights(network, facts, zoo, half=False)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_loads_and_is_ready(name):
    network, facts = load_network(name)
    assert not network.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in network.parameters())
    assert sum(p.numel() for p in network.parameters()) == facts.parameters


@pytest.mark.parametrize("name", MODELS)
def test_every_weights_file_stays_under_10_mb(name):
    assert (BUNDLED / name / "model.safetensors").stat().st_size < 10e6


@pytest.mark.parametrize("name", MODELS)
def test_every_architecture_is_in_the_registry(name):
    assert read_facts(name).architecture in ARCHITECTURES


def test_an_unknown_model_is_refused_with_the_choice():
    with pytest.raises(
        UnknownModelError, match="'vae'; choose one of: blind-photo, conv-fashion, conv-mnist"
    ):
        load_network("vae")


@pytest.mark.parametrize("name", ["../weights/conv-photo", "/conv-photo", "", "conv-photo/"])
def test_a_path_is_no_model_name(name):
    with pytest.raises(UnknownModelError):
        load_network(name)


def test_a_flipped_bit_is_refused(zoo):
    file = zoo / "conv-fashion" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="sha256"):
        load_network("conv-fashion", zoo)


def test_a_missing_file_is_refused(zoo):
    (zoo / "conv-fashion" / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="missing"):
        load_network("conv-fashion", zoo)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"needs": {}}'])
def test_a_damaged_config_is_refused(zoo, content):
    (zoo / "conv-fashion" / "config.json").write_text(content)
    with pytest.raises(WeightsError, match="damaged"):
        read_facts("conv-fashion", zoo)


def test_a_renamed_key_is_refused(zoo):
    change_tensors(zoo, lambda tensors: {"x" + key: value for key, value in tensors.items()})
    with pytest.raises(WeightsError, match="do not fit"):
        load_network("conv-fashion", zoo)


def test_a_missing_tensor_is_refused(zoo):
    change_tensors(zoo, lambda tensors: dict(list(tensors.items())[1:]))
    with pytest.raises(WeightsError, match="do not fit"):
        load_network("conv-fashion", zoo)


def test_another_architecture_is_refused(zoo):
    config = zoo / "conv-fashion" / "config.json"
    fields = json.loads(config.read_text()) | {"architecture": "unet", "config": {}}
    config.write_text(json.dumps(fields))
    with pytest.raises(WeightsError, match="do not fit"):
        load_network("conv-fashion", zoo)


def test_what_is_no_safetensors_file_is_refused(zoo):
    import dataclasses
    import hashlib

    (zoo / "conv-fashion" / "model.safetensors").write_bytes(b"pickle")
    facts = read_facts("conv-fashion", zoo)
    write_facts(dataclasses.replace(facts, sha256=hashlib.sha256(b"pickle").hexdigest()), zoo)
    with pytest.raises(WeightsError, match="no safetensors"):
        load_network("conv-fashion", zoo)


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_weights_are_identical(name, tmp_path):
    network, facts = load_network(name)
    is_half = torch.float16 in safetensors_dtypes(name)
    written = write_weights(network, facts, tmp_path, half=is_half)
    assert written.sha256 == facts.sha256
    assert load_network(name, tmp_path)[1] == facts


def safetensors_dtypes(name):
    content = (BUNDLED / name / "model.safetensors").read_bytes()
    return {tensor.dtype for tensor in safetensors.torch.load(content).values()}


def test_random_numbers_are_not_touched_by_loading():
    before, numbers = torch.get_rng_state(), np.random.get_state()[1].copy()
    load_network("conv-photo")
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(numbers, np.random.get_state()[1])


def test_the_largest_of_half_weights_are_stored_in_int8(tmp_path):
    facts = replace(read_facts("sparse-mnist"), name="copy")
    network = build_network(facts.architecture, facts.config)
    written = write_weights(network, facts, tmp_path, half=True)
    assert (tmp_path / "copy" / "model.safetensors").stat().st_size < 10e6
    loaded, found = load_network("copy", tmp_path)
    assert found == written
    assert written.parameters == sum(weights.numel() for weights in network.parameters())
    for name, before in network.state_dict().items():
        after = loaded.state_dict()[name]
        step = before.abs().amax() / (127 if before.numel() >= INT8_FROM else 1024)
        assert (after - before).abs().max() <= 0.51 * step


def test_weights_that_lie_channels_last_are_written(tmp_path):
    network, facts = load_network("conv-mnist")
    written = write_weights(
        network.to(memory_format=torch.channels_last), facts, tmp_path, half=False
    )
    assert written == facts
