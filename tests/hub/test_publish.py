import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hub_stand_in import TOKEN, running_hub
from huggingface_hub import ModelCard, constants
from places import ROOT

from denoise import Denoiser, Picture, load_picture, save_picture
from denoise.cli.main import main
from denoise.datasets.synthetic import draw_clothing
from denoise.errors import SettingError
from denoise.hub.errors import HubError
from denoise.hub.publish import pack_models, publish_models
from denoise.hub.repository import Repository
from denoise.training.lesson import HELD_OUT, Lesson, LessonTraining
from denoise.weights.manifest import parse_manifest
from denoise.weights.tensors import BUNDLED
from denoise.zoo.zoo import Zoo

# huggingface_hub's own upload of large files.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")
REPO, NAME = "org/mine", "conv-fashion"


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in knows LFS
    with running_hub() as running:
        yield running


def send(stand_in, *names, folder=BUNDLED, **settings):
    parcel = pack_models(names, folder)
    return publish_models(parcel, REPO, **{"endpoint": stand_in.url, "token": TOKEN, **settings})


def test_what_is_published_gives_the_same_picture_without_bundled_weights(stand_in, tmp_path):
    pin = send(stand_in, NAME)
    (tmp_path / "weights").mkdir()
    hub = Repository(REPO, pin, endpoint=stand_in.url, cache=tmp_path / "cache")
    noisy = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    found = Denoiser(NAME, device="cpu", zoo=Zoo(tmp_path / "weights", hub))
    assert np.array_equal(found(noisy), Denoiser(NAME, device="cpu")(noisy))
    assert found.source == f"{REPO}@{pin}"


def test_a_second_network_leaves_the_first_in_the_manifest(stand_in):
    send(stand_in, NAME)
    files = stand_in.repos[REPO].commits[send(stand_in, "conv-mnist")]
    assert set(parse_manifest(files["manifest.json"])) == {NAME, "conv-mnist"}


def test_a_card_has_the_metadata_that_the_hub_reads():
    card = ModelCard(pack_models([NAME], BUNDLED).files[f"{NAME}/README.md"].decode())
    assert (card.data.license, card.data.pipeline_tag) == ("apache-2.0", "image-to-image")
    assert card.data.datasets == ["fashion-mnist"]
    assert {one.metric_type for one in card.data.eval_results} == {"psnr", "ssim"}


def test_the_repository_has_a_card_on_all_its_networks(stand_in):
    send(stand_in, NAME)
    files = stand_in.repos[REPO].commits[send(stand_in, "conv-mnist")]
    card = ModelCard(files["README.md"].decode())
    named = [one["name"] for one in metadata_load_text(files["README.md"])["model-index"]]
    assert named == [NAME, "conv-mnist"]
    assert card.data.datasets == ["fashion-mnist", "mnist"]
    assert "[conv-mnist](conv-mnist/README.md)" in card.text


def metadata_load_text(content):
    import yaml

    return yaml.safe_load(content.decode().split("---")[1])


def test_a_private_repository_is_made_and_a_public_one_is_not_taken_for_one(stand_in):
    send(stand_in, NAME, is_private=True)
    assert stand_in.repos[REPO].is_private
    stand_in.repos[REPO].is_private = False
    with pytest.raises(SettingError, match="is public already"):
        send(stand_in, NAME, is_private=True)


def test_without_a_token_nothing_is_asked(stand_in, monkeypatch):
    monkeypatch.setattr("denoise.hub.publish.get_token", lambda: None)
    with pytest.raises(SettingError, match="HF_TOKEN"):
        send(stand_in, NAME, token=None)
    assert stand_in.asked == []


def test_a_token_that_may_not_write_is_told(stand_in):
    with pytest.raises(HubError, match="does not allow publishing of org/mine"):
        send(stand_in, NAME, token="hf_reader")


def test_a_dry_run_lists_what_would_be_uploaded(capsys):
    assert main(["publish", NAME, "--repo", REPO, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "13,636  conv-fashion/model.safetensors" in printed
    assert "Nothing was uploaded" in printed


def sent_from(stand_in, folder, name):
    """Publish a network of a folder, and return it as it comes from the Hub."""
    pin = send(stand_in, name, folder=folder)
    there = partial(Repository, endpoint=stand_in.url, cache=folder / "cache")
    return Denoiser(f"{REPO}/{name}@{pin}", device="cpu", zoo=Zoo(open_repository=there))


def test_a_name_without_an_organisation_is_no_repository(stand_in, tmp_path):
    with pytest.raises(HubError, match="'mine' is not the name of a repository"):
        publish_models(pack_models([NAME], BUNDLED), "mine", endpoint=stand_in.url, token=TOKEN)
    assert stand_in.asked == []
    with pytest.raises(HubError, match="'mine' is not the name of a repository"):
        Repository("mine", endpoint=stand_in.url, cache=tmp_path).entries()


def test_what_train_made_is_published_and_runs_from_there(stand_in, tmp_path):
    name, folder = "dense-mnist", tmp_path / "smoke"
    assert main(["train", name, "--smoke", "--runs", str(tmp_path)]) == 0
    found = sent_from(stand_in, folder, name)
    noisy = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    assert np.array_equal(found(noisy), Denoiser(name, device="cpu", zoo=folder)(noisy))
    files = stand_in.repos[REPO].commits[stand_in.repos[REPO].branches["main"]]
    sent = {path.partition("/")[2] for path in files if path.startswith(f"{name}/")}
    assert sent == {"README.md", "config.json", "curve.csv", "model.safetensors"}


def test_what_the_train_tab_made_is_published_and_runs_from_there(stand_in, tmp_path):
    described = [{"name": "made", "pictures": "564", "license": "Apache-2.0"}]
    pictures = draw_clothing(HELD_OUT + 64)[0]
    training = LessonTraining(Lesson(epochs=1), pictures, described, tmp_path)
    list(training.run())
    facts = training.write()
    found = sent_from(stand_in, tmp_path, facts.name)
    assert found.facts == facts
    card = stand_in.repos[REPO].commits[found.source.partition("@")[2]][f"{facts.name}/README.md"]
    assert ModelCard(card.decode()).data.datasets == ["made"]


@pytest.fixture
def denoise(stand_in, tmp_path):
    """Return the command line of somebody whose Hub is the stand-in."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    hub = {"HF_ENDPOINT": stand_in.url, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": TOKEN}
    paths = {"PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_XET": "1"}

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "denoise", *arguments],
            cwd=tmp_path,
            env={**own, **hub, **paths, **environment},
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.slow
def test_what_the_command_line_publishes_it_pulls_and_runs(denoise, tmp_path):
    save_picture(Picture(np.full((28, 28), 90, np.uint8)), tmp_path / "noisy.png")
    commit = denoise("publish", NAME, "--repo", REPO).stdout.strip()
    told = denoise("pull", NAME, "--repo", REPO, "-o", "zoo").stdout
    assert told == f"Wrote {Path('zoo', NAME)}, of {REPO}@{commit}.\n"
    wanted = ("run", "noisy.png", "-o", "clean.png", "--model", NAME, "--zoo", "zoo")
    assert denoise(*wanted).returncode == 0
    expected = Denoiser(NAME)(load_picture(tmp_path / "noisy.png").pixels)
    assert (load_picture(tmp_path / "clean.png").pixels == expected).all()


@pytest.mark.slow
def test_a_pull_from_a_hub_that_is_dead_is_refused_in_a_sentence(denoise, tmp_path):
    done = denoise("pull", NAME, "--repo", REPO, "-o", "zoo", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    assert f"The Hub cannot be reached, and what is asked of {REPO} is not" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "zoo").exists()
