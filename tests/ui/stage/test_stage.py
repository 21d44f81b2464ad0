"""The stage over HTTP: pictures come, are worked on, looked at and taken home."""

import io
import json
import threading
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from places import TESTS
from skimage import data
from starlette.applications import Starlette
from starlette.testclient import TestClient

from denoise import Denoiser, Picture, add_noise, load_picture, save_picture
from denoise.ui.server.limits import Limits
from denoise.ui.server.service import Service
from denoise.ui.stage.pictures import Choice
from denoise.ui.stage.routes import stage_routes
from denoise.ui.stage.states import state_of
from denoise.ui.stage.visits import UNWATCHED, RefusedError, Visits

NOISY = add_noise(data.coffee()[:200, :240], "gaussian", 25 / 255, seed=1)
VISIT = "a-visit-of-somebody-here"
WAIT_S = 120


@pytest.fixture
def visits(tmp_path):
    service = Service(device="cpu", folder=tmp_path / "served")
    yield Visits(service)
    service.close(0)


@pytest.fixture
def client(visits):
    return TestClient(Starlette(routes=stage_routes(visits)))


def upload(visits, pixels=NOISY, name="cup.png", **metadata):
    file = visits.service.storage.new_file(name)
    save_picture(Picture(pixels, **metadata), file)
    return file


def bring(client, visits, *, name="cup.png", file=None, **choice):
    file = file or upload(visits, name=name)
    answer = client.post(
        f"/stage/{VISIT}", json={"image": {"path": str(file)}, "name": name, **choice}
    )
    assert answer.status_code == 202, answer.text
    return visits.find(VISIT, answer.json()["id"])


def finish(picture, phase="done"):
    deadline = time.monotonic() + WAIT_S
    while picture.phase not in ("done", "failed", "cancelled"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert picture.phase == phase, picture.sentence


def address(picture, rest):
    return f"/stage/{VISIT}/{picture.id}/{rest}"


def taken_home(client, picture, query=""):
    answer = client.get(address(picture, f"file{query}"))
    assert answer.status_code == 200, answer.text
    return answer


def test_a_picture_comes_back_as_the_denoiser_gives_it(client, visits):
    picture = bring(client, visits)
    finish(picture)
    answer = taken_home(client, picture)
    assert 'filename="cup-denoised.png"' in answer.headers["content-disposition"]
    assert np.array_equal(load_picture(answer.content).pixels, Denoiser()(NOISY))


@pytest.mark.parametrize("wishes", [{"strength": 0.5}, {"detail": 0.6}])
def test_a_blend_is_what_a_run_with_it_makes(client, visits, wishes):
    picture = bring(client, visits)
    finish(picture)
    query = "&".join(f"{name}={value}" for name, value in wishes.items())
    made = load_picture(taken_home(client, picture, f"?{query}").content).pixels
    off = abs(made.astype(int) - Denoiser()(NOISY, **wishes))
    assert off.max() <= 1  # it is made of what was rounded
    assert off.mean() < 0.3


@pytest.mark.parametrize("name", ["scan.jpeg", "scan.tif", "scan.webp", "SCAN.JPG"])
def test_the_kind_of_file_that_came_goes_home(client, visits, name):
    file = upload(visits, name=name)
    picture = bring(client, visits, file=file, name=name)
    finish(picture)
    answer = taken_home(client, picture)
    stem, ending = name.split(".")
    assert f'filename="{stem}-denoised.{ending}"' in answer.headers["content-disposition"]
    assert load_picture(answer.content).format == load_picture(file).format


def test_another_kind_and_no_details_are_made_when_asked_for(client, visits):
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    file = upload(visits, exif=exif.tobytes())
    picture = bring(client, visits, file=file)
    finish(picture)
    assert b"A maker" in load_picture(taken_home(client, picture).content).exif
    other = load_picture(taken_home(client, picture, "?format=TIFF&exif=0").content)
    assert (other.format, other.exif) == ("TIFF", None)


def test_invented_texture_says_so_in_the_name_and_in_the_file(client, visits):
    picture = bring(client, visits, texture=0.7)
    finish(picture)
    for query in ("", "?exif=0"):
        answer = taken_home(client, picture, query)
        assert "cup-denoised-invented-texture.png" in answer.headers["content-disposition"]
        made = load_picture(answer.content)
        assert b"fine texture invented by gan-photo" in made.exif
        assert np.array_equal(made.pixels, Denoiser()(NOISY, texture=0.7))


def test_the_events_tell_how_far_a_picture_is_and_what_came_of_it(client, visits):
    picture = bring(client, visits)
    seen = []
    threading.Thread(
        target=lambda: (finish(picture), time.sleep(0.5), visits.service.close(0))
    ).start()
    with client.stream("GET", f"/stage/{VISIT}/events") as stream:
        seen = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data")]
    states = [state for one in seen for state in one["states"]]
    assert {state["id"] for state in states} == {picture.id}
    last = states[-1]
    assert (last["phase"], last["size"], last["name"]) == ("done", [240, 200], "cup.png")
    assert last["report"]["model"] == "conv-photo"
    assert last["file"]["name"] == "cup-denoised.png"
    assert last["file"]["bytes"] == len(taken_home(client, picture).content)


def test_regions_are_sent_of_both_sides(client, visits):
    picture = bring(client, visits)
    finish(picture)
    for side, pixels in (("before", NOISY), ("after", Denoiser()(NOISY))):
        answer = client.get(address(picture, f"{side}/0/16,8,64,32"))
        assert answer.headers["content-type"] == "image/png"
        assert np.array_equal(
            np.asarray(Image.open(io.BytesIO(answer.content))), pixels[8:40, 16:80]
        )
    detailed = client.get(address(picture, "detailed/0/0,0,240,200"))
    made = np.asarray(Image.open(io.BytesIO(detailed.content)))
    assert np.array_equal(made, Denoiser()(NOISY, detail=1.0))


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("after/0/a,0,1,1", 404),
        ("after/0/0,0,1", 404),
        ("after/0/900,0,64,64", 404),
        ("sideways/0/0,0,64,64", 404),
        ("before/99/0,0,64,64", 200),
        ("file?format=DOC", 422),
        ("file?strength=2", 422),
        ("file?detail=much", 422),
        ("sample?x=nowhere&y=1", 422),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(client, visits, rest, status):
    picture = bring(client, visits)
    finish(picture)
    answer = client.get(address(picture, rest))
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        [],
        {"image": {"path": "/etc/hostname"}},
        {"image": {"path": None}},
        {"image": 3},
        {"model": "nothing-of-the-kind"},
        {"model": "dense-mnist"},
        {"model": 7},
        {"sigma": 25},
        {"sigma": "much"},
        {"texture": -1},
        {"ensemble": "yes"},
    ],
)
def test_odd_calls_are_refused_with_a_sentence(client, visits, asked):
    if isinstance(asked, dict) and asked and "image" not in asked:
        asked = asked | {"image": {"path": str(upload(visits))}}
    answer = client.post(f"/stage/{VISIT}", json=asked)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith((".", "?"))


def test_a_file_that_is_no_picture_is_refused_with_its_sentence(client, visits):
    file = visits.service.storage.new_file("letter.png")
    file.write_text("Dear Sir or Madam")
    picture = bring(client, visits, file=file, name="letter.png")
    finish(picture, "failed")
    assert "is a text file, not a picture" in picture.sentence


def test_sentences_are_told_in_the_visitors_language(client):
    answer = client.get(f"/stage/{VISIT}/nothing/file?lang=zh")
    assert (answer.status_code, answer.json()["detail"]) == (404, "这张图片已不在；请重新放入。")  # noqa: RUF001


def test_a_choice_that_was_made_before_is_shown_at_once(client, visits):
    picture = bring(client, visits)
    finish(picture)
    first = picture.outcome
    told = {"action": "choose", "model": "conv-photo", "sigma": 0.1}
    assert client.post(address(picture, "").rstrip("/"), json=told).status_code == 200
    finish(picture)
    made = load_picture(taken_home(client, picture).content).pixels
    assert np.array_equal(made, Denoiser()(NOISY, 0.1))
    client.post(address(picture, "").rstrip("/"), json={"action": "choose"})
    assert (picture.phase, picture.outcome) == ("done", first)


def test_a_sample_is_the_same_part_of_what_the_choice_would_make(client, visits):
    large = add_noise(np.tile(data.coffee(), (3, 2, 1)), "gaussian", 0.1)
    picture = bring(client, visits, file=upload(visits, large))
    finish(picture)
    answer = client.get(address(picture, "sample?x=600&y=600&texture=1"))
    sample = np.asarray(Image.open(io.BytesIO(answer.content)), int)
    whole = Denoiser()(large, texture=1.0).astype(int)
    assert abs(whole[408:792, 408:792] - sample).mean() < 2  # but for JPEG


def test_a_removed_picture_leaves_nothing(client, visits):
    picture = bring(client, visits)
    finish(picture)
    client.post(address(picture, "").rstrip("/"), json={"action": "remove"})
    assert not picture.folder.exists()
    assert not picture.upload.exists()
    assert client.get(address(picture, "file")).status_code == 404


def test_a_cancelled_picture_stays_cancelled_and_can_be_started_again(client, visits):
    large = np.tile(NOISY, (8, 8, 1))
    picture = bring(client, visits, file=upload(visits, large))
    while picture.phase != "cleaning":
        time.sleep(0.01)
    client.post(address(picture, "").rstrip("/"), json={"action": "cancel"})
    time.sleep(1)
    assert (picture.phase, picture.sentence) == ("cancelled", "Cancelled.")
    while visits._working:
        time.sleep(0.05)
    client.post(address(picture, "").rstrip("/"), json={"action": "choose"})
    finish(picture)
    made = load_picture(taken_home(client, picture).content).pixels
    assert np.array_equal(made, Denoiser()(large))


def test_where_is_pressed_is_cleaned_first(client, visits):
    large = np.tile(NOISY, (8, 8, 1))  # 1,600 x 1,920
    picture = bring(client, visits, file=upload(visits, large))
    while picture.phase != "cleaning":
        time.sleep(0.01)
    client.post(address(picture, "").rstrip("/"), json={"action": "look", "x": 1900, "y": 1590})
    finish(picture)
    looks = [part for part in picture.outcome.parts if part[2:] == (384, 384)]
    assert (1920 - 384, 1600 - 384, 384, 384) in looks
    made = load_picture(taken_home(client, picture).content).pixels
    assert np.array_equal(made, Denoiser()(large))


def test_all_that_is_done_goes_home_in_one_zip(client, visits):
    for name in ("cup.png", "cup.png", "bad.png"):
        file = upload(visits, name="cup.png")
        if name == "bad.png":
            file.write_text("no picture")
        picture = bring(client, visits, file=file, name=name)
        finish(picture, "failed" if name == "bad.png" else "done")
    packed = zipfile.ZipFile(io.BytesIO(client.get(f"/stage/{VISIT}/denoised.zip").content))
    assert packed.namelist() == ["cup-denoised.png", "cup-denoised-2.png"]
    for name in packed.namelist():
        assert np.array_equal(load_picture(packed.read(name)).pixels, Denoiser()(NOISY))


class Idle(Visits):
    """Nothing is worked on."""

    def _start_next(self):
        pass


@pytest.fixture
def idle(tmp_path):
    return Idle(Service(device="cpu", folder=tmp_path / "served", limits=Limits(queue_size=4)))


def wait_in_line(visits, client, visit=VISIT):
    return visits.add(visit, client, upload(visits), "cup.png", Choice("conv-photo"))


def test_clients_take_turns_and_those_who_watch_come_first(idle):
    other = "another-visit-somewhere"
    first, second = wait_in_line(idle, "a"), wait_in_line(idle, "a")
    third = wait_in_line(idle, "b", other)
    assert idle._ordered() == [first, third, second]
    with idle.watching(other):
        assert idle._ordered() == [third, first, second]
    assert idle.ahead_of(second)[0] == 2


def test_a_full_line_and_a_clients_share_are_refused_with_a_time(idle):
    for _ in range(3):
        wait_in_line(idle, "a")
    with pytest.raises(RefusedError, match="Too many of your pictures") as refused:
        wait_in_line(idle, "a")
    assert (refused.value.status, refused.value.retry_s) == (429, 10)
    wait_in_line(idle, "b")
    with pytest.raises(RefusedError, match="The queue is full") as refused:
        wait_in_line(idle, "c")
    assert (refused.value.status, refused.value.retry_s) == (503, 10)


def test_what_nobody_watches_lets_others_pass(idle, monkeypatch):
    monkeypatch.setattr("denoise.ui.stage.visits.ALONE_S", 0)
    alone, waiting = wait_in_line(idle, "a"), wait_in_line(idle, "b", "another-visit-somewhere")
    idle._waiting.remove(alone)
    idle._working[alone] = time.monotonic() - 1
    with idle.watching(VISIT):
        idle.tidy()
        assert alone.phase == "waiting"
    idle.tidy()
    assert (alone.phase, alone.sentence) == ("cancelled", UNWATCHED)
    assert waiting.phase == "waiting"


def test_what_is_old_goes_and_what_is_watched_stays(tmp_path):
    visits = Idle(Service(device="cpu", folder=tmp_path, limits=Limits(keep_s=0)))
    picture = wait_in_line(visits, "a")
    with visits.watching(VISIT):
        visits.tidy()
        assert picture.upload in visits.files_in_use()
    time.sleep(0.01)
    visits.tidy()
    assert not picture.upload.exists()
    assert visits.files_in_use() == set()


@pytest.mark.parametrize("visit", ["short", "with space in it, too long", "../" * 8])
def test_a_visit_is_named_by_who_cannot_guess(idle, visit):
    with pytest.raises(RefusedError, match="no such visit"):
        wait_in_line(idle, "a", visit)


def test_a_visit_that_brings_nothing_leaves_nothing(idle):
    with idle.watching(VISIT):
        pass
    assert idle._visits == {}


def test_what_is_made_anew_takes_the_place_of_the_oldest_on_the_disk(client, visits):
    picture = bring(client, visits)
    finish(picture)
    first = picture.outcome
    for number in range(1, 5):
        told = {"action": "choose", "sigma": number / 100}
        client.post(address(picture, "").rstrip("/"), json=told)
        finish(picture)
    assert not first.folder.exists()
    assert len([one for one in picture.folder.iterdir() if one.is_dir()]) == 4


def test_a_kind_that_is_not_written_is_said_to_become_another(client, visits):
    file = visits.service.storage.new_file("phone.heic")
    file.write_bytes((TESTS / "images" / "phone.heic").read_bytes())
    picture = bring(client, visits, name="phone.heic", file=file)
    finish(picture)
    state = state_of(picture, visits, str)
    assert (state["format"], state["becomes"]) == ("JPEG", "JPEG")
    assert state["file"]["name"] == "phone-denoised.jpg"
    other = bring(client, visits)
    finish(other)
    assert other.becomes is None


def test_a_fine_jpeg_comes_back_as_fine(client, visits):
    file = visits.service.storage.new_file("fine.jpg")
    Image.fromarray(NOISY).save(file, quality=99)
    picture = bring(client, visits, name="fine.jpg", file=file)
    finish(picture)
    (written,) = picture.outcome.files.values()
    contents = (one.read_bytes() for one in (written, file))
    result, own = (Image.open(io.BytesIO(one)).quantization[0] for one in contents)
    assert sum(result) <= sum(own)
