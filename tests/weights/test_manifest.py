import json
import shutil

import pytest

from denoise.errors import UnknownModelError, WeightsError
from denoise.weights.facts import list_models, read_facts
from denoise.weights.manifest import (
    Entry,
    find_entries,
    parse_manifest,
    read_manifest,
    update_manifest,
)
from denoise.weights.tensors import BUNDLED, load_network, write_weights

HUB_ONLY = Entry("0" * 64, 500_000_000, "huge-photo")


@pytest.fixture
def zoo(tmp_path):
    shutil.copytree(BUNDLED / "conv-fashion", tmp_path / "conv-fashion")
    return tmp_path


def write_manifest(zoo, **entries):
    models = {name: vars(entry) for name, entry in entries.items()}
    (zoo / "manifest.json").write_text(json.dumps({"models": models}))


def test_the_bundled_manifest_is_true():
    there = {name: one for name, one in read_manifest(BUNDLED).items() if one.place == name}
    assert there == find_entries(BUNDLED)
    assert set(there) == {facts.name for facts in list_models()}


def test_writing_weights_makes_the_manifest_true_and_keeps_what_is_on_the_hub(zoo):
    write_manifest(zoo, **{"huge-photo": HUB_ONLY})
    network, facts = load_network("conv-fashion", zoo)
    network.get_parameter(next(name for name, _ in network.named_parameters())).add_(1)
    written = write_weights(network, facts, zoo, half=False)
    manifest = read_manifest(zoo)
    assert manifest["conv-fashion"].sha256 == written.sha256 != facts.sha256
    assert manifest["huge-photo"] == HUB_ONLY
    assert not list(zoo.glob(".*"))


def test_a_zoo_without_a_manifest_gets_none(zoo):
    update_manifest(zoo)
    assert read_manifest(zoo) == {}


def test_a_model_on_the_hub_only_says_which_setting_it_needs(zoo):
    write_manifest(zoo, **{"huge-photo": HUB_ONLY})
    with pytest.raises(UnknownModelError, match=r"DENOISE_HUB_REPO.*org/repo/huge-photo"):
        read_facts("huge-photo", zoo)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"models": {"a": {}}}',
        b'{"models": {"a": {"sha256": "0", "size": 1, "place": "../a"}}}',
        b'{"models": {"a": {"sha256": "0", "size": 1, "place": "/a"}}}',
        b'{"models": {"a": {"sha256": 0, "size": 1, "place": "a"}}}',
    ],
)
def test_a_damaged_manifest_is_refused(content):
    with pytest.raises(WeightsError, match=r"manifest\.json"):
        parse_manifest(content)
