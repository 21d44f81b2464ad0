import pytest
from hub_stand_in import TOKEN, running_hub
from huggingface_hub import constants

import denoise.hub.pull
from denoise.cli.main import main
from denoise.errors import WeightsError
from denoise.hub.errors import HubError
from denoise.hub.publish import pack_models, publish_models
from denoise.hub.pull import pull_model
from denoise.hub.repository import Repository
from denoise.weights.card import compose_card
from denoise.weights.facts import list_models, read_facts
from denoise.weights.manifest import MANIFEST_FILE, compose_manifest, find_entries
from denoise.weights.tensors import BUNDLED, load_network, write_weights

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")
REPO, NAME = "org/mine", "conv-fashion"


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in knows LFS
    with running_hub() as running:
        publish_models(pack_models([NAME], BUNDLED), REPO, endpoint=running.url, token=TOKEN)
        yield running


@pytest.fixture
def hub(stand_in, tmp_path):
    return Repository(REPO, endpoint=stand_in.url, cache=tmp_path / "cache")


@pytest.fixture
def zoo(tmp_path):
    (tmp_path / "zoo").mkdir()
    return tmp_path / "zoo"


@pytest.fixture
def mine(zoo):
    """Put another network of that name into the zoo, with what a training leaves beside it."""
    network, facts = load_network(NAME)
    next(network.parameters()).add_(1)
    for name in ("latest.pt", "curve.csv", "rows.png"):
        (zoo / NAME).mkdir(exist_ok=True)
        (zoo / NAME / name).write_text("mine")
    return write_weights(network, facts, zoo, half=False)


def names(folder):
    return {file.name for file in folder.iterdir()}


def test_what_was_published_is_pulled_with_its_card(hub, zoo):
    place = pull_model(NAME, hub, zoo)
    assert load_network(NAME, zoo)[1] == read_facts(NAME)
    assert names(zoo) == {NAME}
    assert names(place) == names(BUNDLED / NAME)
    assert compose_card(read_facts(NAME, zoo), place) == (BUNDLED / NAME / "README.md").read_text()


def test_a_network_at_the_root_of_its_repository_is_pulled_with_its_card(stand_in, hub, zoo):
    files = stand_in.repos[REPO].commits[stand_in.repos[REPO].branches["main"]]
    below = {path.partition("/")[2]: file for path, file in files.items() if "/" in path}
    stand_in.repo("org/one", below | {"docs/other.png": b"other"})
    place = pull_model(NAME, Repository("org/one", endpoint=stand_in.url, cache=hub._cache), zoo)
    assert names(place) == names(BUNDLED / NAME)


def test_without_a_list_of_the_files_the_network_comes_alone(hub, zoo, monkeypatch, caplog):
    def fail():
        raise HubError("The Hub answers 500.")

    monkeypatch.setattr(hub, "names", fail)
    place = pull_model(NAME, hub, zoo)
    assert names(place) == {"config.json", "model.safetensors"}
    assert "The card of the network is not fetched" in caplog.text


def test_another_network_of_the_same_name_stays(hub, zoo, mine):
    with pytest.raises(WeightsError, match=f"another {NAME} in .*; --overwrite replaces it"):
        pull_model(NAME, hub, zoo)
    assert read_facts(NAME, zoo) == mine


def test_another_network_is_replaced_where_asked_and_nothing_of_it_is_left(hub, zoo, mine):
    place = pull_model(NAME, hub, zoo, is_replacing=True)
    assert load_network(NAME, zoo)[1] == read_facts(NAME)
    assert (place / "latest.pt").read_text() == "mine"
    assert names(place) - names(BUNDLED / NAME) == {"latest.pt"}
    assert (place / "curve.csv").read_bytes() == (BUNDLED / NAME / "curve.csv").read_bytes()
    assert names(zoo) == {NAME}


def test_the_same_network_keeps_what_the_hub_has_not(hub, zoo, monkeypatch):
    place = pull_model(NAME, hub, zoo)
    (place / "other.png").write_text("mine")
    monkeypatch.setattr(hub, "names", list)
    assert names(pull_model(NAME, hub, zoo)) == names(BUNDLED / NAME) | {"other.png"}


def test_a_link_of_the_same_network_is_replaced_and_not_written_through(hub, zoo, tmp_path):
    place = pull_model(NAME, hub, zoo)
    (tmp_path / "mine.md").write_text("mine")
    (place / "README.md").unlink()
    (place / "README.md").symlink_to(tmp_path / "mine.md")
    pull_model(NAME, hub, zoo)
    assert not (place / "README.md").is_symlink()
    assert (tmp_path / "mine.md").read_text() == "mine"


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_damaged_network_is_replaced_where_asked(hub, zoo, content):
    (zoo / NAME).mkdir()
    (zoo / NAME / "config.json").write_text(content)
    with pytest.raises(WeightsError, match="--overwrite"):
        pull_model(NAME, hub, zoo)
    pull_model(NAME, hub, zoo, is_replacing=True)
    assert load_network(NAME, zoo)[1] == read_facts(NAME)


@pytest.mark.parametrize("call", [1, 2])
def test_what_cannot_be_written_leaves_all_as_it_was(hub, zoo, mine, monkeypatch, call):
    def rename(path, target):
        calls.append(target)
        if len(calls) == call:
            raise OSError(28, "No space left on device")
        return path.replace(target)

    calls, before = [], names(zoo / NAME)
    monkeypatch.setattr(denoise.hub.pull.Path, "rename", rename)
    with pytest.raises(WeightsError, match=f"cannot take {NAME}: the disk is full; make room"):
        pull_model(NAME, hub, zoo, is_replacing=True)
    assert (read_facts(NAME, zoo), names(zoo / NAME), names(zoo)) == (mine, before, {NAME})


def test_a_folder_that_cannot_be_written_to_is_left_without_a_trace(hub, zoo, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(denoise.hub.pull.shutil, "copyfile", fail)
    with pytest.raises(WeightsError, match="the disk is full"):
        pull_model(NAME, hub, zoo)
    assert names(zoo) == set()


def test_a_pull_that_was_killed_is_no_network_and_no_trouble_later(hub, zoo, mine):
    (zoo / NAME).rename(zoo / f".{NAME}.old")
    (zoo / f".{NAME}.part").mkdir()
    (zoo / f".{NAME}.part" / "config.json").write_text("half")
    assert list_models(zoo) == []
    assert find_entries(zoo) == {}
    with pytest.raises(WeightsError, match="--overwrite"):
        pull_model(NAME, hub, zoo)
    assert (names(zoo), read_facts(NAME, zoo)) == ({NAME}, mine)


def test_a_network_that_is_not_there_is_named(hub, zoo):
    with pytest.raises(HubError, match=f"holds no vae; it has: {NAME}"):
        pull_model("vae", hub, zoo)


def test_a_manifest_cannot_name_a_place_outside_the_folder(stand_in, hub, zoo):
    entries = {"../out": find_entries(BUNDLED)[NAME]}
    stand_in.repo(REPO, {MANIFEST_FILE: compose_manifest(entries).encode()})
    with pytest.raises(HubError, match=rf"calls \.\./out is {NAME}"):
        pull_model("../out", hub, zoo)
    assert names(zoo.parent) == {"cache", "zoo"}


@pytest.fixture
def command(hub, zoo, monkeypatch):
    monkeypatch.setattr("denoise.hub.repository.Repository", lambda *_: hub)
    return ["pull", "--repo", REPO, "-o", str(zoo)]


def test_the_command_replaces_where_asked(command, mine, hub, zoo, capsys):
    assert main(command) == 1
    assert "--overwrite replaces it" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
    assert capsys.readouterr().out == f"Wrote {zoo / NAME}, of {hub}.\n"


def test_a_network_that_cannot_be_pulled_stops_no_other(command, zoo, capsys):
    assert main([*command, "vae", NAME]) == 1
    assert "holds no vae" in capsys.readouterr().err
    assert names(zoo) == {NAME}
