import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from hub_stand_in import files_of, running_hub
from huggingface_hub import constants

import denoise.hub.files
from denoise import Denoiser
from denoise.errors import CancelledError, UnknownModelError
from denoise.hub.errors import HubError, NotThereError, UnreachableError, explained
from denoise.hub.repository import Repository
from denoise.weights.facts import read_facts
from denoise.weights.manifest import MANIFEST_FILE, compose_manifest, find_entries
from denoise.weights.tensors import BUNDLED, load_network, write_weights
from denoise.zoo.zoo import Zoo

REPO, NAME = "org/zoo", "conv-mnist"
WEIGHTS = f"{NAME}/model.safetensors"
FETCH = """
import sys
from pathlib import Path
from denoise.hub.repository import Repository
endpoint, cache = sys.argv[1:]
repository = Repository("org/zoo", endpoint=endpoint, cache=Path(cache))
repository.weights("conv-mnist", repository.facts("conv-mnist"))
"""


@pytest.fixture
def stand_in():
    with running_hub() as running:
        running.repo(REPO, contents())
        yield running


@pytest.fixture
def repository(stand_in, tmp_path):
    return opened(stand_in, tmp_path)


def contents():
    """Return the files of a repository of one small network."""
    files = files_of(BUNDLED / NAME, f"{NAME}/")
    entries = {NAME: find_entries(BUNDLED)[NAME]}
    return files | {MANIFEST_FILE: compose_manifest(entries).encode()}


def opened(stand_in, tmp_path, repo=REPO, revision=None):
    return Repository(repo, revision, endpoint=stand_in.url, cache=tmp_path / "cache")


def fetch(repository, name=NAME, on_bytes=None):
    repository.weights(name, repository.facts(name), on_bytes)
    return repository.folder(name)


def nobody():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def blobs(tmp_path, ending=""):
    return list((tmp_path / "cache").glob(f"*/blobs/*{ending}"))


def test_a_cold_cache_is_filled_with_the_same_network(repository):
    folder = fetch(repository)
    assert load_network(folder.name, folder.parent)[1] == read_facts(NAME)
    assert (folder / "model.safetensors").read_bytes() == (
        BUNDLED / NAME / "model.safetensors"
    ).read_bytes()


def test_a_branch_is_resolved_to_its_commit(stand_in, repository):
    fetch(repository)
    assert repository.commit == stand_in.repos[REPO].branches["main"]
    assert str(repository) == f"org/zoo@{repository.commit}"


def test_a_warm_cache_asks_for_the_commit_of_the_branch_alone(stand_in, repository, tmp_path):
    fetch(repository)
    stand_in.asked.clear()
    fetch(opened(stand_in, tmp_path))
    assert stand_in.asked == [("GET", f"/api/models/{REPO}/revision/main")]


def test_a_warm_start_without_a_manifest_asks_for_the_commit_alone(stand_in, tmp_path):
    stand_in.repo("org/single", files_of(BUNDLED / NAME))
    for _ in range(2):
        stand_in.asked.clear()
        assert list(opened(stand_in, tmp_path, "org/single").entries()) == [NAME]
    assert stand_in.asked == [("GET", "/api/models/org/single/revision/main")]


def test_a_warm_and_pinned_start_makes_no_request(stand_in, repository, tmp_path):
    fetch(repository)
    repository.entries()
    stand_in.asked.clear()
    pinned = opened(stand_in, tmp_path, revision=repository.commit)
    assert list(pinned.entries()) == [NAME]
    fetch(pinned)
    assert stand_in.asked == []


def test_a_branch_that_moved_is_followed(stand_in, repository, tmp_path):
    fetch(repository)
    moved = stand_in.repo(REPO, {"note.txt": b"new"})
    later = opened(stand_in, tmp_path)
    fetch(later)
    assert later.commit == moved


def test_a_dead_hub_and_a_warm_cache_give_the_last_known_commit(repository, tmp_path):
    fetch(repository)
    alone = Repository(REPO, endpoint=nobody(), cache=tmp_path / "cache")
    assert fetch(alone) == fetch(repository)
    assert alone.is_stale
    assert alone.commit == repository.commit


def test_a_dead_hub_and_a_cold_cache_fail_soon_with_a_sentence(tmp_path):
    started = time.monotonic()
    with pytest.raises(UnreachableError, match=r"The Hub cannot be reached.*try again later"):
        fetch(Repository(REPO, endpoint=nobody(), cache=tmp_path))
    assert time.monotonic() - started < 3


def test_a_hub_that_never_answers_fails_soon_and_is_left_alone_for_a_while(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        mute = Repository(REPO, endpoint=url, cache=tmp_path)
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(UnreachableError):
                fetch(mute)
        assert time.monotonic() - started < 3


def test_a_hub_out_of_order_fails_soon_and_is_asked_again_later(stand_in, repository, monkeypatch):
    stand_in.status = 503
    with pytest.raises(UnreachableError, match="The Hub"):
        fetch(repository)
    stand_in.status = 0
    monkeypatch.setattr(repository, "_silent_until", 0.0)
    assert fetch(repository).name == NAME


def test_an_unknown_repository_is_named(stand_in, tmp_path):
    with pytest.raises(HubError, match=r"no repository org/none.*private.*HF_TOKEN"):
        fetch(opened(stand_in, tmp_path, "org/none"))


def test_an_unknown_revision_is_named(stand_in, tmp_path):
    with pytest.raises(HubError, match=r"no revision 'v9'.*40 hex digits"):
        fetch(opened(stand_in, tmp_path, revision="v9"))


def test_an_unknown_file_is_named(repository):
    with pytest.raises(NotThereError, match=r"has no conv-huge/config\.json"):
        fetch(repository, "conv-huge")


def test_a_gated_repository_says_what_to_do(stand_in, repository):
    stand_in.repos[REPO].is_gated = True
    with pytest.raises(HubError, match="is gated: ask for access"):
        fetch(repository)


def test_a_bad_name_of_a_repository_is_refused(stand_in, tmp_path):
    with pytest.raises(HubError, match="is not the name of a repository"):
        fetch(opened(stand_in, tmp_path, "org/a--b"))


def test_a_corrupted_download_is_fetched_once_more(stand_in, repository):
    stand_in.is_corrupting = 1
    folder = fetch(repository)
    assert load_network(folder.name, folder.parent)
    assert len(stand_in.downloads(WEIGHTS)) == 2


def test_weights_that_stay_corrupted_are_refused_and_not_kept(stand_in, repository, tmp_path):
    stand_in.is_corrupting = 9
    with pytest.raises(HubError, match="sha256 differs"):
        fetch(repository)
    assert len(stand_in.downloads(WEIGHTS)) == 2
    assert read_facts(NAME).sha256 not in {blob.name for blob in blobs(tmp_path)}


def test_a_bit_that_flips_in_the_cache_is_mended(stand_in, repository, tmp_path):
    weights = (fetch(repository) / "model.safetensors").resolve()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    folder = fetch(opened(stand_in, tmp_path, revision=repository.commit))
    assert load_network(folder.name, folder.parent)


def shared(folder, tmp_path):
    """Move weights to where huggingface_hub 2 has what repositories share; return that file."""
    blob = folder / (folder / "model.safetensors").readlink()
    store = tmp_path / "cache" / "blobs" / "ab" / ("ab" * 32)  # of Xet's hash
    store.parent.mkdir(parents=True)
    blob.rename(store)
    blob.symlink_to(store)
    return store


def test_a_file_that_repositories_share_is_taken(stand_in, repository, tmp_path):
    shared(fetch(repository), tmp_path)
    assert repository.checkpoint(WEIGHTS).sha256 == read_facts(NAME).sha256
    assert len(stand_in.downloads(WEIGHTS)) == 1


def test_a_damaged_file_that_repositories_share_is_fetched_anew(stand_in, repository, tmp_path):
    shared(fetch(repository), tmp_path).write_bytes(b"damaged")
    assert repository.checkpoint(WEIGHTS).sha256 == read_facts(NAME).sha256
    assert len(stand_in.downloads(WEIGHTS)) == 2


@pytest.mark.parametrize("content", [b"", b"{}", b"[]"])
def test_a_config_that_is_damaged_in_the_cache_is_mended(repository, content):
    config = (repository.folder(NAME) / "config.json").resolve()
    config.write_bytes(content)
    assert repository.facts(NAME) == read_facts(NAME)


def test_a_config_that_is_damaged_on_the_hub_is_refused(stand_in, repository):
    stand_in.repo(REPO, {f"{NAME}/config.json": b"{}"})
    with pytest.raises(HubError, match="damaged"):
        repository.facts(NAME)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"name": "conv-mnist"', b'"name": "../other"', "another model"),
        (b'"bottleneck-ae"', b'"pickle"', "does not know; it knows: bottleneck-ae"),
    ],
)
def test_a_config_of_another_kind_is_refused(stand_in, repository, old, new, words):
    config = (BUNDLED / NAME / "config.json").read_bytes()
    stand_in.repo(REPO, {f"{NAME}/config.json": config.replace(old, new)})
    with pytest.raises(HubError, match=words):
        fetch(repository)
    assert stand_in.downloads(WEIGHTS) == []


def test_a_download_that_broke_off_goes_on_where_it_was(stand_in, repository, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # 10 MB, as which it goes on
    stand_in.is_cutting = 1
    folder = fetch(repository)
    assert load_network(folder.name, folder.parent)
    half = (BUNDLED / NAME / "model.safetensors").stat().st_size // 2
    assert stand_in.ranges == [f"bytes={half // 1000 * 1000}-"]


def test_weights_at_another_host_are_followed(stand_in, repository):
    stand_in.is_redirecting = True
    folder = fetch(repository)
    assert load_network(folder.name, folder.parent)
    assert len([path for path in stand_in.downloads() if path.startswith("/cdn/")]) == 1


def test_the_list_of_files_is_fetched_once_and_without_a_word(stand_in, repository, caplog):
    repository.entries()
    for _ in range(2):
        stand_in.asked.clear()
        assert set(repository.names()) == set(contents())
    assert stand_in.asked == []
    assert caplog.text == ""


def test_parallel_first_requests_share_one_download(stand_in, repository):
    with ThreadPoolExecutor(4) as threads:
        folders = list(threads.map(lambda _: fetch(repository), range(4)))
    assert len(set(folders)) == 1
    assert len(stand_in.downloads(WEIGHTS)) == 1


def test_a_download_tells_how_far_it_is(repository):
    steps = []
    fetch(repository, NAME, lambda *step: steps.append(step))
    size = (BUNDLED / NAME / "model.safetensors").stat().st_size
    assert steps[-1] == (size, size)


def test_a_download_that_is_cancelled_leaves_nothing(repository, tmp_path):
    def cancel(*_):
        raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        fetch(repository, NAME, cancel)
    assert blobs(tmp_path, ".incomplete") == []


def test_a_download_that_was_killed_is_no_trouble_later(stand_in, repository, tmp_path):
    stand_in.hold.clear()
    command = [sys.executable, "-c", FETCH, stand_in.url, str(tmp_path / "cache")]
    with subprocess.Popen(command, cwd=BUNDLED.parent, stderr=subprocess.DEVNULL) as fetching:
        deadline = time.monotonic() + 60
        while not blobs(tmp_path, ".incomplete") and time.monotonic() < deadline:
            time.sleep(0.05)
        fetching.send_signal(signal.SIGKILL)
    assert blobs(tmp_path, ".incomplete")
    stand_in.hold.set()
    folder = fetch(repository)
    assert load_network(folder.name, folder.parent)
    assert blobs(tmp_path, ".incomplete") == []


@pytest.mark.parametrize(("number", "words"), [(28, "disk is full"), (30, "may not be written")])
def test_a_disk_that_takes_nothing_says_what_to_do(repository, monkeypatch, number, words):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(denoise.hub.files, "hf_hub_download", fail)
    with pytest.raises(HubError, match=f"{words}.*HF_HOME"):
        fetch(repository)


def test_a_file_that_is_far_too_large_is_not_fetched(stand_in, repository, monkeypatch):
    monkeypatch.setattr(denoise.hub.files, "MAX_BYTES", 100_000)
    with pytest.raises(HubError, match="782,516 bytes; at most 100,000"):
        fetch(repository)
    assert stand_in.downloads(WEIGHTS) == []


def test_a_model_at_the_root_of_its_repository_is_found(stand_in, tmp_path):
    stand_in.repo("org/single", files_of(BUNDLED / NAME))
    zoo = Zoo(open_repository=partial(Repository, endpoint=stand_in.url, cache=tmp_path))
    denoiser = Denoiser("org/single@main", device="cpu", zoo=zoo)
    assert denoiser.facts == read_facts(NAME)
    assert denoiser.source == f"org/single@{stand_in.repos['org/single'].branches['main']}"


def test_a_repository_of_one_model_pinned_and_warm_makes_no_request(stand_in, tmp_path):
    pin = stand_in.repo("org/single", files_of(BUNDLED / NAME))
    for _ in range(2):
        stand_in.asked.clear()
        pinned = opened(stand_in, tmp_path, "org/single", pin)
        assert list(pinned.entries()) == [NAME]
    assert stand_in.asked == []


def zoo_of(stand_in, tmp_path, folder=BUNDLED, revision=None):
    return Zoo(folder, opened(stand_in, tmp_path, revision=revision))


def test_a_set_repository_comes_first(stand_in, tmp_path):
    found = zoo_of(stand_in, tmp_path).fetch(NAME)
    assert found.source == f"org/zoo@{stand_in.repos[REPO].branches['main']}"
    assert found.warnings == ()


def test_the_bundled_weights_serve_where_the_hub_is_dead_and_say_so(tmp_path):
    zoo = Zoo(repository=Repository(REPO, endpoint=nobody(), cache=tmp_path))
    found = zoo.fetch(NAME)
    assert found.folder == BUNDLED / NAME
    assert "The bundled conv-mnist serves instead." in found.warnings[0]
    assert "The Hub cannot be reached" in zoo.warnings()[0]
    assert [facts.name for facts in zoo.list_models()] == [f.name for f in Zoo().list_models()]


def test_the_report_warns_of_bundled_weights(tmp_path):
    zoo = Zoo(repository=Repository(REPO, endpoint=nobody(), cache=tmp_path))
    pixels = load_digit()
    report = Denoiser(NAME, device="cpu", zoo=zoo).run(pixels).report
    assert "The bundled conv-mnist serves instead." in report.warnings[0]
    assert report.source == "folder"


def load_digit():
    return np.zeros((28, 28), np.uint8)


def test_what_is_neither_bundled_nor_within_reach_fails_with_a_sentence(tmp_path):
    zoo = Zoo(tmp_path, Repository(REPO, endpoint=nobody(), cache=tmp_path / "cache"))
    with pytest.raises(UnreachableError, match="cannot be reached"):
        zoo.fetch(NAME)


def test_an_unknown_name_is_refused_with_the_choice(stand_in, tmp_path):
    with pytest.raises(
        UnknownModelError, match="'vae'; choose one of: blind-photo, conv-fashion, conv-mnist"
    ):
        zoo_of(stand_in, tmp_path).fetch("vae")


@pytest.fixture
def other(stand_in, tmp_path):
    """Put other weights under a name of the zoo, and return their sha256."""
    network, facts = load_network(NAME)
    next(network.parameters()).add_(0.1)
    written = write_weights(network, facts, tmp_path / "other", half=False)
    stand_in.repo(REPO, files_of(tmp_path / "other"))
    return written.sha256


def test_other_weights_under_a_name_of_the_zoo_are_refused(stand_in, tmp_path, other):
    found = zoo_of(stand_in, tmp_path).fetch(NAME)
    pin = stand_in.repos[REPO].branches["main"]
    assert found.folder == BUNDLED / NAME
    assert f"pin the revision: {pin}" in found.warnings[0]


def test_other_weights_under_a_name_of_the_zoo_are_taken_where_they_are_pinned(
    stand_in, tmp_path, other
):
    pin = stand_in.repos[REPO].branches["main"]
    zoo = zoo_of(stand_in, tmp_path, revision=pin)
    assert zoo.read_facts(NAME).sha256 == other
    assert Denoiser(NAME, device="cpu", zoo=zoo).facts.sha256 == other


def test_an_address_is_taken_only_where_it_may_be(stand_in, tmp_path):
    open_repository = partial(Repository, endpoint=stand_in.url, cache=tmp_path)
    address = f"{REPO}/{NAME}@main"
    assert Zoo(open_repository=open_repository).fetch(address).folder.name == NAME
    closed = Zoo(open_repository=open_repository, takes_addresses=False)
    with pytest.raises(UnknownModelError, match=f"{address} is on the Hub.*DENOISE_ANY_MODEL=1"):
        closed.fetch(address)


def test_the_bundled_weights_go_and_the_picture_stays_the_same(stand_in, tmp_path):
    names = ("blind-photo", "conv-photo", "gan-photo")
    for name in names:
        stand_in.repo(REPO, files_of(BUNDLED / name, f"{name}/"))
    entries = {name: find_entries(BUNDLED)[name] for name in names}
    stand_in.repo(REPO, {MANIFEST_FILE: compose_manifest(entries).encode()})
    noisy = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    empty = tmp_path / "weights"
    empty.mkdir()
    expected, found = (
        Denoiser("conv-photo", device="cpu", zoo=zoo)(noisy, texture=0.5)
        for zoo in (Zoo(), zoo_of(stand_in, tmp_path, empty))
    )
    assert np.array_equal(found, expected)


def test_a_bug_is_not_taken_for_a_broken_connection():
    with pytest.raises(KeyError), explained("org/repo", "main", "config.json"):
        raise KeyError("sha256")


def test_a_broken_connection_is_a_sentence_with_its_cause():
    broken = ConnectionResetError("reset")
    repository = ("org/repo", "main", "config.json")
    with pytest.raises(HubError, match="connection broke") as told, explained(*repository):
        raise broken
    assert told.value.__cause__ is broken
