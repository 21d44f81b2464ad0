"""Anyone's checkpoint in a repository on the Hub, through the real client and a stand-in."""

import hashlib
import json
import shutil
import socket
import time
from functools import partial

import numpy as np
import pytest
from hub_stand_in import running_hub
from PIL import Image

from denoise import Denoiser
from denoise.cli.main import main
from denoise.errors import UnknownModelError, WeightsError
from denoise.hub.address import parse_address
from denoise.hub.errors import HubError, UnreachableError
from denoise.hub.repository import Repository
from denoise.inference.settings import Settings
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.server.service import Service
from denoise.weights.manifest import MANIFEST_FILE, Entry, compose_manifest, find_entries
from denoise.weights.tensors import BUNDLED
from denoise.zoo.zoo import Zoo

pytest.importorskip("spandrel")
from checkpoints import as_pth, as_safetensors, drunet, nafnet

REPO = "org/restorer"
NAFNET, DRUNET = as_safetensors(nafnet()), as_safetensors(drunet())
OF_ANOTHER_LIBRARY = json.dumps({"architectures": ["NAFNet"], "model_type": "restorer"}).encode()
NOISY = np.random.default_rng(0).random((20, 28, 3), dtype=np.float32)


@pytest.fixture
def stand_in():
    with running_hub() as running:
        yield running


@pytest.fixture
def zoo(stand_in, tmp_path):
    return opened(stand_in.url, tmp_path)


def opened(url, tmp_path, **options):
    """Return a zoo that takes addresses, as a new process has it."""
    open_repository = partial(Repository, endpoint=url, cache=tmp_path / "cache")
    return Zoo(open_repository=open_repository, **options)


def nobody():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def local(tmp_path, content, name="local.safetensors"):
    (tmp_path / name).write_bytes(content)
    return Denoiser(str(tmp_path / name), device="cpu")


@pytest.mark.parametrize("config", [{}, {"config.json": OF_ANOTHER_LIBRARY}, {"config.json": b""}])
def test_the_only_checkpoint_of_a_repository_is_taken(stand_in, zoo, tmp_path, config):
    pin = stand_in.repo(REPO, {"README.md": b"# Mine", "net.safetensors": NAFNET, **config})
    denoiser = Denoiser(REPO, device="cpu", zoo=zoo)
    assert np.array_equal(denoiser(NOISY), local(tmp_path, NAFNET)(NOISY))
    assert (denoiser.facts.name, denoiser.source) == ("restorer", f"{REPO}@{pin}")


@pytest.mark.parametrize("place", ["net.safetensors", "some/folder/net.safetensors"])
def test_a_file_of_a_repository_is_taken_by_its_name(stand_in, zoo, tmp_path, place):
    stand_in.repo(REPO, {"other.safetensors": NAFNET, place: DRUNET})
    denoiser = Denoiser(f"{REPO}/{place}@main", device="cpu", zoo=zoo)
    assert np.array_equal(denoiser(NOISY, 0.1), local(tmp_path, DRUNET)(NOISY, 0.1))
    assert denoiser.facts.name == "net"


def test_a_pickled_file_is_taken_where_no_safe_one_is(stand_in, zoo, tmp_path):
    stand_in.repo(REPO, {"net.pth": as_pth(drunet())})
    denoiser = Denoiser(REPO, device="cpu", zoo=zoo)
    assert np.array_equal(denoiser(NOISY, 0.1), local(tmp_path, DRUNET)(NOISY, 0.1))


def test_the_safe_file_goes_before_the_pickled_one(stand_in, zoo):
    stand_in.repo(REPO, {"net.pth": as_pth(nafnet()), "net.safetensors": NAFNET})
    assert Denoiser(REPO, device="cpu", zoo=zoo)
    assert stand_in.downloads(".pth") == []


class Bomb:
    went_off = False

    def __reduce__(self):
        return setattr, (Bomb, "went_off", True)


def test_code_in_a_checkpoint_of_the_hub_is_never_run(stand_in, zoo):
    stand_in.repo(REPO, {"net.pth": as_pth({"weight": Bomb()})})
    with pytest.raises(WeightsError, match=r"net\.pth .*may run code"):
        Denoiser(REPO, device="cpu", zoo=zoo)
    assert not Bomb.went_off


def test_of_several_checkpoints_one_must_be_named(stand_in, zoo):
    stand_in.repo(REPO, {"b.safetensors": NAFNET, "x/a.safetensors": NAFNET, "c.pth": b""})
    sentence = rf"several checkpoints: b\.safetensors, x/a\.safetensors; name one as {REPO}/b\."
    with pytest.raises(HubError, match=sentence):
        zoo.fetch(REPO)


def test_of_very_many_checkpoints_some_are_listed(stand_in, zoo):
    stand_in.repo(REPO, {f"{number:02}.pth": b"" for number in range(30)})
    with pytest.raises(HubError, match=r"07\.pth and 22 more; name one as"):
        zoo.fetch(REPO)


@pytest.mark.parametrize("config", [{}, {"config.json": OF_ANOTHER_LIBRARY}])
def test_a_repository_without_a_checkpoint_says_so(stand_in, zoo, config):
    stand_in.repo(REPO, {"pytorch_model.bin": b"", **config})
    with pytest.raises(HubError, match=r"nor a checkpoint \(\.safetensors, \.pth, \.pt, \.ckpt\)"):
        zoo.fetch(REPO)


def test_a_checkpoint_of_something_else_is_refused(stand_in, zoo):
    stand_in.repo(REPO, {"net.safetensors": as_safetensors({"a": nafnet()["intro.bias"]})})
    with pytest.raises(WeightsError, match=r"net\.safetensors holds no architecture that spandrel"):
        Denoiser(REPO, device="cpu", zoo=zoo)


def test_a_repository_of_several_of_ours_names_them(stand_in, zoo):
    entries = compose_manifest(find_entries(BUNDLED)).encode()
    stand_in.repo("org/zoo", {MANIFEST_FILE: entries, "conv-mnist/model.safetensors": NAFNET})
    with pytest.raises(HubError, match=r"conv-mnist, .*; name one as org/zoo/blind-photo"):
        zoo.fetch("org/zoo")


def test_a_manifest_brings_no_checkpoint_under_the_name_of_a_network(stand_in, tmp_path):
    entry = Entry(hashlib.sha256(NAFNET).hexdigest(), len(NAFNET), "net.safetensors")
    manifest = compose_manifest({"conv-photo": entry}).encode()
    stand_in.repo("org/zoo", {MANIFEST_FILE: manifest, "net.safetensors": NAFNET})
    hub = Repository("org/zoo", endpoint=stand_in.url, cache=tmp_path)
    assert Zoo(repository=hub).fetch("conv-photo").source == "folder"
    assert stand_in.downloads("net.safetensors") == []


def test_another_librarys_config_is_not_called_damaged(stand_in, tmp_path):
    stand_in.repo(REPO, {"config.json": OF_ANOTHER_LIBRARY, "net.safetensors": NAFNET})
    repository = Repository(REPO, endpoint=stand_in.url, cache=tmp_path)
    with pytest.raises(HubError, match=r"no network of this project.*another library's"):
        repository.entries()


@pytest.mark.parametrize("address", [REPO, f"{REPO}/net.safetensors"])
@pytest.mark.parametrize("config", [{}, {"config.json": OF_ANOTHER_LIBRARY}])
def test_pinned_and_warm_there_is_no_request(stand_in, tmp_path, address, config):
    pin = stand_in.repo(REPO, {"net.safetensors": NAFNET, **config})
    for _ in range(2):
        stand_in.asked.clear()
        Denoiser(f"{address}@{pin}", device="cpu", zoo=opened(stand_in.url, tmp_path))
    assert stand_in.asked == []


def test_warm_and_not_pinned_only_the_commit_is_asked_for(stand_in, tmp_path):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    for _ in range(2):
        stand_in.asked.clear()
        opened(stand_in.url, tmp_path).fetch(REPO)
    assert stand_in.asked == [("GET", f"/api/models/{REPO}/revision/main")]


def test_a_checkpoint_at_another_host_is_followed_and_verified(stand_in, zoo):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    stand_in.is_redirecting = stand_in.is_corrupting = 1
    assert zoo.fetch(REPO).checkpoint.read_bytes() == NAFNET
    assert len([path for path in stand_in.downloads() if path.startswith("/cdn/")]) == 2


def test_what_was_fetched_of_several_is_not_taken_for_the_only_one(stand_in, tmp_path):
    pin = stand_in.repo(REPO, {"a.safetensors": NAFNET, "b.safetensors": NAFNET})
    opened(stand_in.url, tmp_path).fetch(f"{REPO}/b.safetensors@{pin}")
    with pytest.raises(HubError, match=r"a\.safetensors, b\.safetensors"):
        opened(stand_in.url, tmp_path).fetch(f"{REPO}@{pin}")


@pytest.mark.parametrize("address", [REPO, f"{REPO}/net.safetensors"])
def test_a_dead_hub_and_a_warm_cache_give_the_last_known_one(stand_in, tmp_path, address):
    pin = stand_in.repo(REPO, {"net.safetensors": NAFNET})
    opened(stand_in.url, tmp_path).fetch(address)
    found = opened(nobody(), tmp_path).fetch(address)
    assert (found.source, found.checkpoint.read_bytes()) == (f"{REPO}@{pin}", NAFNET)


def test_a_dead_hub_and_a_cache_that_another_tool_filled_give_what_is_there(stand_in, tmp_path):
    pin = stand_in.repo(REPO, {"net.safetensors": NAFNET})
    opened(stand_in.url, tmp_path).fetch(f"{REPO}/net.safetensors@{pin}")
    assert opened(nobody(), tmp_path).fetch(f"{REPO}@{pin}").checkpoint.read_bytes() == NAFNET


@pytest.mark.parametrize("address", [REPO, f"{REPO}/net.safetensors", f"{REPO}@{'a' * 40}"])
def test_a_dead_hub_and_a_cold_cache_fail_soon_with_a_sentence(tmp_path, address):
    started = time.monotonic()
    with pytest.raises(UnreachableError, match=r"cannot be reached.*try again later"):
        opened(nobody(), tmp_path).fetch(address)
    assert time.monotonic() - started < 3


def test_a_hub_that_never_answers_fails_soon(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(UnreachableError, match="cannot be reached"):
            opened(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path).fetch(REPO)
        assert time.monotonic() - started < 3


def test_a_gated_repository_and_one_that_is_not_there_say_what_to_do(stand_in, zoo):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    stand_in.repos[REPO].is_gated = True
    with pytest.raises(HubError, match="is gated: ask for access"):
        zoo.fetch(REPO)
    with pytest.raises(HubError, match="no repository org/none"):
        zoo.fetch("org/none/net.safetensors")


def test_a_file_that_is_not_there_is_named(stand_in, zoo):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    with pytest.raises(HubError, match=rf"{REPO} has no other\.pth"):
        zoo.fetch(f"{REPO}/other.pth")


def test_a_corrupted_checkpoint_is_fetched_once_more_and_then_refused(stand_in, zoo):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    stand_in.is_corrupting = 1
    assert zoo.fetch(REPO).checkpoint.read_bytes() == NAFNET
    shutil.rmtree(zoo.fetch(REPO).folder.parents[1])
    stand_in.is_corrupting = 9
    with pytest.raises(HubError, match=r"net\.safetensors .*hash differs.*Tell its owner"):
        zoo.fetch(REPO)


def test_a_bit_that_flips_in_the_cache_is_mended(stand_in, zoo):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    file = zoo.fetch(REPO).checkpoint.resolve()
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert zoo.fetch(REPO).checkpoint.read_bytes() == NAFNET


def test_a_path_that_exists_stays_a_path(stand_in, tmp_path, monkeypatch):
    stand_in.repo(REPO, {"net.safetensors": DRUNET})
    monkeypatch.chdir(tmp_path)
    (tmp_path / REPO).mkdir(parents=True)
    zoo = opened(stand_in.url, tmp_path, takes_files=True)
    assert Denoiser(f"{REPO}/net.safetensors", device="cpu", zoo=zoo).source.startswith(REPO)
    (tmp_path / REPO / "net.safetensors").write_bytes(NAFNET)
    assert Denoiser(f"{REPO}/net.safetensors", device="cpu", zoo=zoo).source == "file"


def test_a_mistyped_path_is_said_to_be_none(stand_in, tmp_path):
    zoo = opened(stand_in.url, tmp_path, takes_files=True)
    with pytest.raises(UnknownModelError, match=r"no file a/b/c\.pth here.*no repository a/b"):
        zoo.fetch("a/b/c.pth")
    with pytest.raises(UnknownModelError, match=r"no checkpoint c\.pth"):
        Denoiser("b/c.pth", zoo=zoo)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a folder of networks whose path might be an address."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BUNDLED / "conv-mnist", tmp_path / "runs" / "smoke" / "conv-mnist")
    return tmp_path / "runs" / "smoke"


def test_a_folder_in_place_of_a_name_says_how_to_write_it(stand_in, tmp_path, folder):
    zoo = opened(stand_in.url, tmp_path, takes_files=True)
    for model in ("runs/smoke", str(folder)):
        with pytest.raises(UnknownModelError, match=f"use --zoo {model} --model NAME"):
            zoo.fetch(model)
        with pytest.raises(UnknownModelError, match=f"use --zoo {model} --model conv-mnist"):
            zoo.fetch(f"{model}/conv-mnist")


def test_a_stranger_does_not_learn_of_a_servers_folders(stand_in, tmp_path, folder):
    zoo = opened(stand_in.url, tmp_path)
    with pytest.raises(HubError, match="no repository runs/smoke"):
        zoo.fetch("runs/smoke")
    with pytest.raises(UnknownModelError, match="choose one of"):
        zoo.fetch(str(folder))


@pytest.mark.parametrize("text", ["a/b/../c.pth", "a/b/", "/a/b.pth", "a/b/.c.pth", "a//c.pth"])
def test_what_is_no_address_is_taken_for_none(text):
    assert parse_address(text) is None


@pytest.fixture
def command(zoo, monkeypatch):
    for room in ("pictures", "lab", "benchmark"):
        monkeypatch.setattr(f"denoise.cli.{room}.open_zoo", lambda folder=None: zoo)
    return lambda *words: main([str(word) for word in words])


@pytest.fixture
def clean(tmp_path):
    (tmp_path / "set").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "set" / "clean.png")
    return tmp_path / "set" / "clean.png"


def test_the_command_line_runs_one(stand_in, command, clean, tmp_path):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    assert command("run", clean, "-o", tmp_path / "out.png", "--model", REPO) == 0
    expected = local(tmp_path, NAFNET)(np.asarray(Image.open(clean)))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), expected)


def test_one_is_benchmarked(stand_in, command, clean, capsys):
    stand_in.repo(REPO, {"net.safetensors": DRUNET})
    asked = ("--model", f"{REPO}/net.safetensors", "--sigma-255", "25")
    assert command("benchmark", "--set", clean.parent, *asked) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[:6] for row in rows] == [
        ["| net", "set", "1", "25", told, noise]
        for told, noise in (("yes", "float"), ("no", "float"), ("no", "8 bits"))
    ]


def test_two_of_one_name_are_compared(stand_in, command, clean, tmp_path, capsys):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    stand_in.repo("org/other", {"net.safetensors": DRUNET})
    models = [f"{repo}/net.safetensors" for repo in (REPO, "org/other")]
    assert command("compare", clean, "-o", tmp_path / "out", "--json", "--model", *models) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["method"] for row in rows] == ["noisy", *models]
    assert (tmp_path / "out" / "org-other-net.safetensors.png").is_file()


def served(zoo, tmp_path):
    return Service(device="cpu", folder=tmp_path / "served", zoo=zoo)


def test_on_the_page_it_is_refused_unless_the_owner_allows_it(stand_in, clean, tmp_path):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    closed = served(opened(stand_in.url, tmp_path, takes_addresses=False), tmp_path)
    for address in (REPO, f"{REPO}/net.safetensors@main"):
        with pytest.raises(UnknownModelError, match=rf"{address} is on the Hub.*ANY_MODEL=1"):
            list(closed.denoise(clean, address))
    assert stand_in.asked == []


def test_where_it_is_allowed_a_servers_file_is_not(stand_in, clean, tmp_path, monkeypatch):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    for path in (tmp_path / "net.safetensors", "a/net.safetensors", "a/b/net.safetensors"):
        (tmp_path / path).write_bytes(NAFNET)
        with pytest.raises((UnknownModelError, HubError)):
            list(served(opened(stand_in.url, tmp_path), tmp_path).denoise(clean, str(path)))


def test_a_service_tells_how_far_the_download_is(stand_in, zoo, clean, tmp_path):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    *steps, result = served(zoo, tmp_path).denoise(clean, REPO, Settings())
    assert {step.unit for step in steps} == {"bytes", "tiles"}
    expected = local(tmp_path, NAFNET)(np.asarray(Image.open(clean)))
    assert np.array_equal(result.after.pixels, expected)


def test_a_service_compares_one_with_its_own(stand_in, zoo, clean, tmp_path):
    stand_in.repo(REPO, {"net.safetensors": DRUNET})
    service, methods = served(zoo, tmp_path), [f"{REPO}@main", "median"]
    subject = service.prepare(clean, methods)
    entries = list(service.compare(subject, NoiseSpec(), is_told=True))
    assert [entry.method for entry in entries] == ["noisy", *methods]
    assert entries[1].told == entries[2].told
    swept = list(service.sweep(subject, NoiseSpec(), [0.1]))
    assert [entry.method for _, entry in swept] == ["noisy", *methods]


def test_a_checkpoint_is_read_once_for_its_facts(stand_in, zoo, monkeypatch):
    stand_in.repo(REPO, {"net.safetensors": DRUNET})
    facts = zoo.read_facts(REPO)
    monkeypatch.setattr("denoise.zoo.sources.load_checkpoint", None)
    assert zoo.read_facts(REPO) is facts
    assert facts.needs.takes_sigma


def test_a_checkpoint_is_hashed_once(stand_in, zoo, monkeypatch):
    stand_in.repo(REPO, {"net.safetensors": NAFNET})
    found, expected = zoo.fetch(REPO), hashlib.sha256(NAFNET).hexdigest()
    monkeypatch.setattr("denoise.weights.checkpoints.hashlib.sha256", None)
    assert found.facts.sha256 == expected
