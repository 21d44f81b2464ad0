import gc
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from asides import aside
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import EventQueue
from PIL import Image

from denoise import Denoiser
from denoise.defaults import DEFAULT_MODEL
from denoise.errors import CancelledError, ImageError, SettingError, UnknownModelError
from denoise.noise.synthesis import add_noise
from denoise.ui.server import homes, storage
from denoise.ui.server.failures import BUG, told
from denoise.ui.server.homes import Home
from denoise.ui.server.http import files_in_use
from denoise.ui.server.limits import Limits
from denoise.ui.server.progress import Step, watch
from denoise.ui.server.service import Service
from denoise.ui.server.uploads import is_inside, uploaded_file
from denoise.weights.tensors import BUNDLED

HOUR = 3600


@pytest.fixture
def service(tmp_path):
    return Service(folder=tmp_path / "served")


@pytest.fixture
def photo(tmp_path):
    return save_gray(tmp_path / "photo.jpg", (30, 40, 3))


def save_gray(file, shape):
    Image.fromarray(np.full(shape, 90, np.uint8)).save(file)
    return file


def test_denoising_gives_a_step_after_every_tile_and_then_the_result(service, tmp_path):
    *steps, result = service.denoise(save_gray(tmp_path / "long.png", (1400, 20)))
    assert steps == [Step(1, 2), Step(2, 2)]
    assert np.array_equal(result.after.pixels, Denoiser()(result.before).pixels)


def test_a_report_has_the_seconds_of_reading_and_writing(service, photo):
    *_, result = service.denoise(photo)
    assert set(result.report["seconds"]) == {"estimate", "network", "read", "write"}


def test_a_format_that_loses_something_says_so(service, tmp_path):
    Image.fromarray(np.full((8, 8, 4), 90, np.uint8)).save(tmp_path / "clear.png")
    *_, result = service.denoise(tmp_path / "clear.png", image_format="JPEG")
    assert "Transparency was laid over white: JPEG has none." in result.report["warnings"]


def test_closing_the_generator_stops_the_work_at_the_next_tile(service, tmp_path):
    steps = service.denoise(save_gray(tmp_path / "long.png", (2100, 20)))
    next(steps)
    steps.close()
    service.add_noise(save_gray(tmp_path / "other.png", (8, 8)))  # waits for the tile at work
    assert [file.name for file in service.storage.folder.rglob("*.png")] == ["other.png"]


def test_a_small_picture_passes_between_the_tiles_of_a_large_one(service, tmp_path):
    large, small = (
        save_gray(tmp_path / "a.png", (21_000, 20)),
        save_gray(tmp_path / "b.png", (8, 8)),
    )
    ended = []

    def work(file):
        list(service.denoise(file))
        ended.append(file)

    service.loaded.get(DEFAULT_MODEL)
    threads = [threading.Thread(target=work, args=(file,)) for file in (large, small)]
    for thread in threads:
        thread.start()
        time.sleep(0.3)
    for thread in threads:
        thread.join()
    assert ended == [small, large]


def test_too_long_a_work_is_ended(tmp_path, photo):
    service = Service(folder=tmp_path, limits=Limits(max_work_s=-1))
    with pytest.raises(CancelledError, match="takes too long"):
        list(service.denoise(photo))


def test_a_closed_service_refuses_work(service, photo):
    service.close()
    for work in (lambda: list(service.denoise(photo)), lambda: service.add_noise(photo)):
        with pytest.raises(CancelledError, match="restarting"):
            work()


def test_limits_are_those_of_the_service(tmp_path, photo):
    for limits in (Limits(max_pixels=1199), Limits(max_bytes=100)):
        with pytest.raises(ImageError, match="at most"):
            Service(folder=tmp_path, limits=limits).read(photo)


def test_an_unknown_model_or_format_is_refused(service, photo):
    with pytest.raises(UnknownModelError):
        list(service.denoise(photo, "vae"))
    with pytest.raises(SettingError, match="choose one of: PNG"):
        list(service.denoise(photo, image_format="EXE"))


def test_a_network_is_loaded_once(service):
    assert service.loaded.get("conv-photo") is service.loaded.get("conv-photo")


def test_a_warm_service_is_ready(service):
    assert not service.is_ready
    service.warm()
    assert service.is_ready


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("photo.jpg", "photo.png"),
        ("été à la plage.tiff", "été à la plage.png"),
        ("../../etc/passwd", "passwd.png"),
        ("a<b>|c.png", "a_b__c.png"),
        ("...", "picture.png"),
        ("x" * 300, "x" * 60 + ".png"),
    ],
)
def test_a_result_is_named_as_its_upload(service, photo, name, written):
    file = service.storage.write(service.read(photo), name)
    assert file.name == written
    assert file.parent.parent == service.storage.folder


def test_two_results_of_one_name_do_not_meet(service, photo):
    files = {service.add_noise(photo).file for _ in range(2)}
    assert len(files) == 2


class Clock:
    """Stands in for `time`, which passes as the test says."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(storage, "time", clock)
    return clock


def test_cleaning_up_takes_old_files_and_leaves_young_ones(service, photo, clock):
    old = service.add_noise(photo).file
    service.storage.clean_up()
    clock.now = HOUR / 2
    young = service.add_noise(photo).file
    service.storage.clean_up()
    clock.now = HOUR
    service.storage.clean_up()
    assert (old.exists(), young.exists()) == (False, True)


def test_cleaning_up_leaves_nothing_after_the_hour(service, photo, clock):
    service.add_noise(photo)
    (service.storage.folder / "tmpaborted").write_bytes(b"half an upload")
    for clock.now in (0, HOUR, 2 * HOUR):
        service.storage.clean_up()
    assert list(service.storage.folder.iterdir()) == []


def test_what_is_left_of_an_upload_goes_soon(service, photo, clock):
    aborted = service.storage.folder / "tmp1234"
    result = service.add_noise(photo).file
    aborted.write_bytes(b"half an upload")
    for clock.now in (0, 180):
        service.storage.clean_up()
    assert (aborted.exists(), result.exists()) == (False, True)


def test_no_change_of_the_clock_takes_a_file(service, photo, clock):
    file = service.add_noise(photo).file
    os.utime(file, (0, 0))
    service.storage.clean_up()
    assert file.exists()


def test_a_file_in_use_stays_and_its_hour_begins_again(service, photo, clock):
    file = service.add_noise(photo).file
    service.storage.clean_up()
    clock.now = 10 * HOUR
    service.storage.clean_up({file})
    clock.now = 10 * HOUR + HOUR / 2
    service.storage.clean_up()
    assert file.exists()
    clock.now = 11 * HOUR
    service.storage.clean_up()
    assert not file.exists()


PAGE_WITH_EXAMPLE = """
import sys, gradio as gr
from denoise.ui.server.http import files_in_use
with gr.Blocks() as page:
    gr.Examples([sys.argv[1]], gr.Image(type="filepath"))
print(*files_in_use(page))
"""


def test_cleaning_up_leaves_the_examples_of_the_page(service, photo, clock):
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(service.storage.folder)}
    command = [sys.executable, "-c", PAGE_WITH_EXAMPLE, photo]
    kept = Path(subprocess.check_output(command, env=environment, text=True).strip())
    for clock.now in (0, HOUR, 2 * HOUR):
        service.storage.clean_up({kept})
    assert [file for file in service.storage.folder.rglob("*") if file.is_file()] == [kept]


@pytest.mark.parametrize("is_running", [False, True])
def test_the_files_of_waiting_and_running_jobs_are_in_use(is_running):
    page = aside(gr.Blocks)
    queue = page._queue
    queue.active_jobs = [None, None]
    body = PredictBodyInternal(data=[{"path": "/up/a.png"}, [{"path": "/up/b.png"}], 3])
    job = SimpleNamespace(data=body)
    if is_running:
        queue.active_jobs[1] = [job]
    else:
        queue.event_queue_per_concurrency_id["compute"] = EventQueue("compute", 1)
        queue.event_queue_per_concurrency_id["compute"].queue.append(job)
    assert files_in_use(page) == {Path("/up/a.png"), Path("/up/b.png")}


def test_the_folder_of_a_killed_server_goes_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr(homes.tempfile, "tempdir", str(tmp_path))
    make = "from denoise.ui.server.homes import Home; import os; home = Home(); "
    make += "print(home.folder, flush=True); os.kill(os.getpid(), 9)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", make], env=environment, capture_output=True)
    dead = Path(killed.stdout.decode().strip())
    assert dead.is_dir()
    alive, other = Home(), Home()
    assert (dead.exists(), alive.folder.exists()) == (False, True)
    for home in (alive, other):
        home.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_an_older_version_goes_after_a_day(tmp_path, monkeypatch):
    monkeypatch.setattr(homes.tempfile, "tempdir", str(tmp_path))
    dead, alive = tmp_path / "denoise-server-12345678", tmp_path / "denoise-server-abcdefgh"
    for home in (dead, alive):
        home.mkdir()
    os.utime(dead, (0, 0))
    Home().remove()
    assert list(tmp_path.iterdir()) == [alive]


def test_a_watch_gives_steps_and_the_outcome():
    def work(report_step):
        report_step(1, 1)
        return "done"

    assert list(watch(work, lambda: None)) == [Step(1, 1), "done"]


def test_a_watch_raises_what_the_work_raises():
    with pytest.raises(ZeroDivisionError):
        list(watch(lambda _: 1 / 0, lambda: None))


def test_a_closed_watch_raises_in_the_work():
    is_closed, failures = threading.Event(), []

    def work(report_step):
        report_step(1, 2)
        is_closed.wait(10)
        try:
            report_step(2, 2)
        except CancelledError as error:
            failures.append(error)
        is_closed.clear()

    steps = watch(work, lambda: None)
    next(steps)
    steps.close()
    is_closed.set()
    wait_until(lambda: not is_closed.is_set())
    assert len(failures) == 1


def test_a_reason_to_stop_is_seen_before_the_work_ends():
    is_over = threading.Event()
    reasons = iter([None, CancelledError("Enough.")])

    def check():
        if (reason := next(reasons)) is not None:
            raise reason

    with pytest.raises(CancelledError, match="Enough"):
        list(watch(lambda _: is_over.wait(10), check))
    is_over.set()


def test_what_the_visitor_can_mend_is_said():
    failure = told(ImageError("a.png has no pixels."))
    assert failure.message == "a.png has no pixels."
    assert not failure.print_exception


def test_a_bug_is_logged_and_hidden(caplog):
    with caplog.at_level("INFO"), pytest.raises(KeyError) as caught:
        raise KeyError("/home/secret")
    with caplog.at_level("INFO"):
        message = told(caught.value).message
    number = re.fullmatch(re.escape(BUG).replace(r"\{\}", "([0-9a-f]{8})"), message)[1]
    (logged,) = caplog.messages
    assert re.fullmatch(rf"Failure {number}: KeyError at .*test_service.py:\d+\.", logged)


def test_only_files_below_the_folder_are_inside(tmp_path):
    (tmp_path / "in").mkdir()
    inside, outside = tmp_path / "in" / "a.png", tmp_path / "b.png"
    for file in (inside, outside):
        file.write_bytes(b"")
    assert is_inside(str(inside), tmp_path / "in")
    for path in (outside, inside.parent, f"{inside.parent}/../b.png", "", "a\0b", "x" * 5000):
        assert not is_inside(str(path), tmp_path / "in")


@pytest.mark.parametrize("image", [None, "a.png", {}, {"path": None}, {"path": 1}, []])
def test_what_names_no_upload_is_refused(tmp_path, image):
    with pytest.raises(ImageError):
        uploaded_file(image, tmp_path)


def wait_until(is_true):
    deadline = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_trained_network_runs_while_somebody_holds_it_and_goes_then(service, tmp_path):
    shutil.copytree(BUNDLED / "conv-mnist", tmp_path / "zoo" / "conv-mnist")
    own = service.loaded.adopt("conv-mnist", tmp_path / "zoo")
    shutil.rmtree(tmp_path / "zoo")
    noisy = add_noise(np.zeros((28, 28), np.uint8), level=0.2)
    assert np.array_equal(service.denoise_pixels(noisy, own), Denoiser("conv-mnist")(noisy))
    loaded = weakref.ref(service.loaded.get(own))
    del own
    gc.collect()
    assert loaded() is None


@pytest.mark.parametrize("model", ["conv-photo", "dense-mnist"])
def test_what_the_tabs_ask_for_stops_with_the_server_and_at_the_limit(tmp_path, model):
    noisy = np.zeros((28, 28), np.uint8)
    late = Service(folder=tmp_path, limits=Limits(max_work_s=-1))
    with pytest.raises(CancelledError, match="takes too long"):
        late.denoise_pixels(noisy, model)
    closed = Service(folder=tmp_path)
    closed.close()
    with pytest.raises(CancelledError, match="restarting"):
        closed.denoise_pixels(noisy, model)
    with pytest.raises(CancelledError, match="restarting"):
        closed.look_inside(noisy, "dense-mnist")
