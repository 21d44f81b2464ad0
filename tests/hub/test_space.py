import json
import re
import subprocess

import pytest
import yaml
from places import ROOT
from space_stand_in import TOKEN, running_stand_in

from denoise.cli.main import main
from denoise.errors import DenoiseError
from denoise.hub.space import FILES, FOLDERS, deploy, plan

REPO = "somebody/denoise"
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with running_stand_in() as running:
        yield running


@pytest.fixture
def clone(tmp_path):
    """A small checkout, with what does not belong into a Space."""
    (tmp_path / "denoise" / "__pycache__").mkdir(parents=True)
    (tmp_path / "weights" / "one").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    for name in (*FILES, "denoise/a.py", "weights/one/config.json"):
        (tmp_path / name).write_text(name)
    (tmp_path / "requirements.txt").write_text("gradio>=6\ntorch>=2.8\ntorchvision>=0.23\n")
    for name in ("denoise/__pycache__/a.pyc", "denoise/a.pyi", "tests/test_a.py", ".env"):
        (tmp_path / name).write_text("not this")
    return tmp_path


def test_a_space_has_what_it_needs_and_nothing_more(clone):
    wanted = {*FILES, "denoise/a.py", "weights/one/config.json"}
    assert set(plan(REPO, root=clone).files) == wanted


def test_all_that_is_tracked_of_the_package_and_the_weights_goes_along():
    asked = ["git", "ls-files", *FILES, *FOLDERS]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(listed.split()) <= set(plan(REPO).files)


def test_a_space_is_made_with_one_commit(hub, clone):
    address = deploy(plan(REPO, root=clone, is_private=True), endpoint=hub.url)
    (asked,) = hub.created
    assert (asked["type"], asked["sdk"]) == ("space", "gradio")
    assert asked["visibility"] == "private"
    assert address.startswith(f"{hub.url}/spaces/{REPO}/commit/")
    assert hub.spaces[REPO]["denoise/a.py"] == b"denoise/a.py"
    assert hub.commits == 1


def test_a_space_is_brought_up_to_date_and_what_is_outdated_goes(hub, clone):
    deploy(plan(REPO, root=clone), endpoint=hub.url)
    hub.spaces[REPO]["data.txt"] = b"of its owner"
    (clone / "denoise" / "a.py").rename(clone / "denoise" / "b.py")
    deploy(plan(REPO, root=clone), endpoint=hub.url)
    files = set(hub.spaces[REPO])
    assert "denoise/a.py" not in files
    assert {"denoise/b.py", "data.txt", ".gitattributes"} <= files
    assert len(hub.created) == 1


def test_on_zero_gpu_pytorch_is_one_that_it_has(hub, clone):
    deploy(plan(REPO, root=clone, is_zero_gpu=True), endpoint=hub.url)
    assert hub.created[0]["hardware"] == "zero-a10g"
    lines = hub.spaces[REPO]["requirements.txt"].decode().splitlines()
    assert lines == ["gradio>=6", "torch>=2.8,<2.12", "torchvision>=0.23,<0.27"]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "set HF_TOKEN"),
        (403, "does not allow deploying"),
        (402, "hardware"),
        (500, "try again"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence(hub, clone, status, why):
    hub.status = status
    with pytest.raises(DenoiseError, match=rf"{why}.*\.$"):
        deploy(plan(REPO, root=clone), endpoint=hub.url)


def test_without_a_token_the_sentence_says_where_to_put_one(hub, clone, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(DenoiseError, match="set HF_TOKEN to a token of yours that may do so"):
        deploy(plan(REPO, root=clone), endpoint=hub.url)


def test_a_dead_network_is_a_sentence(clone):
    with pytest.raises(DenoiseError, match="The Hub cannot be reached"):
        deploy(plan(REPO, root=clone), endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize("repo", ["denoise", "a/b/c", "a b/c", ""])
def test_a_name_that_is_none_is_misuse(repo, capsys):
    assert main(["deploy", "--repo", repo, "--dry-run"]) == 2
    assert "it is user/space." in capsys.readouterr().err


def test_half_a_clone_is_not_deployed(clone):
    (clone / "LICENSE").unlink()
    with pytest.raises(DenoiseError, match="LICENSE of the repository is missing"):
        plan(REPO, root=clone)


def test_a_dry_run_lists_the_files_and_asks_nobody(capsys):
    assert main(["deploy", "--repo", REPO, "--dry-run"]) == 0
    *files, last = capsys.readouterr().out.splitlines()
    assert {"app.py", "denoise/cli/main.py", "weights/conv-photo/model.safetensors"} <= set(files)
    assert not any(file.startswith(("tests", ".", "runs")) for file in files)
    assert last.endswith(f"would go to the Space {REPO}.")


def test_json_says_the_same(capsys):
    assert main(["deploy", "--repo", REPO, "--dry-run", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["repo"], report["commit"]) == (REPO, None)
    assert report["size_bytes"] > 1_000_000


def test_the_front_matter_is_whole_and_valid():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)[1])
    assert front["sdk"] == "gradio"
    assert (ROOT / front["app_file"]).is_file()
    assert {front["colorFrom"], front["colorTo"]} <= COLOURS
    assert front["python_version"] in ("3.10", "3.12")  # those that ZeroGPU has
    assert len(front["short_description"]) <= 60
    assert re.fullmatch(r"\d+m|\d+h", front["startup_duration_timeout"])
    assert front["license"] == "apache-2.0"
    assert {"title", "emoji", "suggested_hardware", "tags", "models"} <= front.keys()


def test_the_pinned_gradio_is_one_that_the_requirements_admit():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pinned = tuple(map(int, re.search(r"sdk_version: ([\d.]+)", text)[1].split(".")))
    required = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    low, high = re.search(r"gradio>=([\d.]+),<(\d+)", required).groups()
    assert tuple(map(int, low.split("."))) <= pinned < (int(high),)
