import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import run
from PIL import Image
from places import ROOT

from denoise import add_noise, load_picture
from denoise.inference.report import NoiseReport

REPORT = NoiseReport(
    kind="gaussian", level=0.1, seed=0, gray=False, without=(), size=(14, 12), warnings=()
)


@pytest.fixture
def folder(tmp_path):
    """Three pictures, one of them deeper."""
    place = tmp_path / "in"
    (place / "deep").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "deep/c.png")):
        pixels = np.random.default_rng(number).integers(0, 256, (12, 14, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / name)
    return place


def noisy(file):
    return add_noise(load_picture(file).pixels, "gaussian", 0.1)


def test_what_is_there_already_is_left(folder, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_text("mine")
    assert run("noise", folder, "-o", out) == 0
    assert (out / "a.png").read_text() == "mine"
    assert np.array_equal(load_picture(out / "b.png").pixels, noisy(folder / "b.png"))
    said = "1 of 2 pictures written, 1 there already, perhaps by other settings"
    assert f"{said} (--overwrite replaces)." in capsys.readouterr().err


def test_what_is_there_is_replaced_where_asked(folder, tmp_path):
    (tmp_path / "a.png").write_text("mine")
    assert run("noise", folder / "a.png", "-o", tmp_path / "a.png", "--overwrite") == 0
    assert np.array_equal(load_picture(tmp_path / "a.png").pixels, noisy(folder / "a.png"))


def test_one_output_that_is_there_is_said(folder, tmp_path, capsys):
    (tmp_path / "a.png").write_text("mine")
    assert run("noise", folder / "a.png", "-o", tmp_path / "a.png") == 0
    assert (
        "The output exists and was not changed; --overwrite replaces it." in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("pattern", "more", "expected"),
    [
        ("*.png", (), {"a.png", "b.png"}),
        ("**/*.png", ("--recursive",), {"a.png", "b.png", "deep/c.png"}),
        ("dee*/c.png", (), {"deep/c.png"}),
    ],
)
def test_a_pattern_that_the_shell_left_is_filled_in(folder, tmp_path, pattern, more, expected):
    out = tmp_path / "out"
    assert run("noise", folder / pattern, "-o", out / "x", *more) == 0
    written = {str(file.relative_to(out / "x")) for file in out.rglob("*.png")}
    assert written == expected


def test_a_pattern_without_files_is_misuse(folder, tmp_path, capsys):
    assert run("noise", folder / "*.tif", "-o", tmp_path / "out") == 2
    assert "No file matches" in capsys.readouterr().err


def test_a_picture_goes_through_pipes(folder):
    piped = subprocess.run(
        [sys.executable, "-m", "denoise", "noise", "-", "-o", "-"],
        cwd=ROOT,
        input=(folder / "a.png").read_bytes(),
        capture_output=True,
        check=True,
    )
    with Image.open(io.BytesIO(piped.stdout)) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), noisy(folder / "a.png"))


def test_two_inputs_for_one_output_get_two_and_it_is_said_at_the_end(folder, tmp_path, capsys):
    Image.open(folder / "b.png").save(folder / "a.bmp")
    Image.open(folder / "b.png").save(folder / "a.tif")
    out = tmp_path / "out"
    for _ in range(2):
        assert run("noise", folder, "-o", out, "--format", "png") == 0
        last = capsys.readouterr().err.splitlines()[-2:]
        assert last == [
            f"{folder / 'a.png'} goes to a-2.png: another picture has its name.",
            f"{folder / 'a.tif'} goes to a-3.png: another picture has its name.",
        ]
        assert sorted(file.name for file in out.iterdir()) == [
            *("a-2.png", "a-3.png", "a.png", "b.png")
        ]
    assert np.array_equal(load_picture(out / "a-2.png").pixels, noisy(folder / "a.png"))


def test_one_input_that_is_named_twice_is_taken_once(folder, tmp_path, capsys):
    again = folder / "deep" / ".." / "a.png"
    assert run("noise", folder / "a.png", again, "-o", tmp_path / "out") == 0
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.png"]


@pytest.mark.parametrize("pattern", ["", "**/*.png"])
def test_outputs_within_the_inputs_are_no_inputs_when_a_run_goes_on(folder, capsys, pattern):
    command = ("noise", folder / pattern, "--recursive", "-o", folder / "out")
    for _ in range(2):
        assert run(*command) == 0
        written = {str(file.relative_to(folder / "out")) for file in folder.rglob("out/**/*.png")}
        assert written == {"a.png", "b.png", "deep/c.png"}
    assert "3 there already, perhaps by other settings" in capsys.readouterr().err


def test_what_is_left_out_of_a_folder_is_said(folder, tmp_path, capsys):
    for name in ("notes.TXT", "film.mp4", "README"):
        (folder / name).write_text("text")
    for name in ("._a.png", "Thumbs.db", "desktop.ini", ".DS_Store"):
        (folder / name).write_text("of a system")
    assert run("noise", folder, "-o", tmp_path / "out") == 0
    assert capsys.readouterr().err == (
        "Left out, since their suffixes are of no picture: 3 (.mp4, .txt, no suffix).\n"
    )
    assert run("estimate", folder) == 0
    assert "(.mp4, .txt, no suffix)" in capsys.readouterr().err


def test_links_to_folders_are_followed_once(folder, tmp_path):
    shutil.move(folder / "deep", tmp_path / "elsewhere")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(folder)
    out = tmp_path / "out"
    assert run("noise", folder, "--recursive", "-o", out) == 0
    written = {str(file.relative_to(out)) for file in out.rglob("*.png")}
    assert written == {"a.png", "b.png", "link/c.png"}


def test_a_kind_that_is_kept_keeps_its_suffix(folder, tmp_path):
    Image.open(folder / "b.png").save(folder / "b.jfif", "JPEG")
    assert run("noise", folder / "b.jfif", "-o", tmp_path / "out") == 0
    assert load_picture(tmp_path / "out" / "b.jfif").format == "JPEG"


def test_a_pipe_takes_one_picture(folder, capsys):
    assert run("noise", folder, "-o", "-") == 2
    assert "Standard output takes one picture" in capsys.readouterr().err
    assert run("noise", folder / "a.png", "-o", "-", "--json") == 2


def test_json_tells_what_failed_and_what_was_left(folder, tmp_path, capsys):
    (folder / "b.png").write_text("no picture")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_text("mine")
    assert run("noise", folder, "-o", out, "--recursive", "--json") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_name = {Path(line["input"]).name: line for line in lines}
    assert by_name["a.png"]["skipped"]
    assert "b.png" in by_name["b.png"]["error"]
    assert by_name["c.png"]["kind"] == "gaussian"


def test_a_disk_that_refuses_is_a_sentence_and_the_others_are_written(folder, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "deep").write_text("a file where a folder should be")
    assert run("noise", folder, "-o", out, "--recursive") == 1
    assert {file.name for file in out.glob("*.png")} == {"a.png", "b.png"}
    errors = capsys.readouterr().err
    assert "cannot be written" in errors
    assert "Traceback" not in errors


@pytest.fixture
def sigint():
    """Has SIGINT heeded: of a job in the background a shell lets it be ignored, also by children.

    What is heeded here has its default in them.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_in_order(folder, tmp_path, monkeypatch, capsys, number, code):
    def work(picture, **_):
        calls.append(picture)
        if len(calls) == 3:
            signal.raise_signal(number)
        return picture, REPORT

    calls, out = [], tmp_path / "out"
    monkeypatch.setattr("denoise.inference.pipeline.noise_picture", work)
    assert run("noise", folder, "-o", out, "--recursive") == code
    assert sorted(file.name for file in out.iterdir()) == ["a.png", "b.png"]
    assert capsys.readouterr().err.endswith("2 of 3 pictures written.\nStopped.\n")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("source", "out", "size"), [("-", "out.png", 8), ("in.png", "-", 400)], ids=["input", "output"]
)
def test_a_signal_ends_the_wait_for_a_pipe(tmp_path, source, out, size):
    pixels = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    command = [sys.executable, "-m", "denoise", "noise", source, "-o", out]
    pipe, path = subprocess.PIPE, {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=tmp_path, env=path) as process:
        if out == "-":
            process.stdout.read(1)  # the rest of 480 kB is more than a pipe holds
        else:
            process.stdin.write(bytes(1_000_000))  # which ends once it reads
            process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert [file.name for file in tmp_path.iterdir()] == ["in.png"]


def test_a_signal_that_the_caller_deals_with_is_left_to_him(folder, tmp_path, monkeypatch):
    def work(picture, **_):
        signal.raise_signal(signal.SIGTERM)
        return picture, REPORT

    came = []
    monkeypatch.setattr("denoise.inference.pipeline.noise_picture", work)
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(True))
    try:
        assert run("noise", folder / "a.png", "-o", tmp_path / "out") == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [True]


@pytest.mark.usefixtures("sigint")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_goes_on_where_it_was(tmp_path, sent, code):
    place, out = tmp_path / "in", tmp_path / "out"
    place.mkdir()
    rng = np.random.default_rng(0)
    for number in range(40):
        pixels = rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number:02}.png")
    command = [sys.executable, "-m", "denoise", "noise", str(place), "-o", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while len(list(out.glob("*.png"))) < 3 and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(sent)
    assert process.wait(30) in (0, code)
    before = {file: file.stat().st_mtime_ns for file in out.glob("*.png")}
    assert all(load_picture(file).pixels.shape == (300, 300, 3) for file in before)
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
    assert {file.name for file in out.iterdir()} == {f"{number:02}.png" for number in range(40)}
    assert all(file.stat().st_mtime_ns == time_ns for file, time_ns in before.items())


def test_the_order_of_the_reports_is_that_of_the_inputs(folder, tmp_path, capsys):
    assert run("noise", folder, "-o", tmp_path / "out", "--recursive", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["input"]).name for line in lines] == ["a.png", "b.png", "c.png"]


def noise_in_a_shell(folder, out, before="", after=""):
    command = f"{before} {sys.executable} -m denoise noise {folder} -o {out} {after}"
    return subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)


def test_what_does_not_fit_is_said_and_leaves_nothing_behind(folder, tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)).save(folder / "b.png")
    ended = noise_in_a_shell(folder, tmp_path / "out", before="ulimit -f 20;")
    assert ended.returncode == 1
    assert "larger than a file may be there; choose a smaller format" in ended.stderr
    assert "1 of 2 pictures written, 1 failed." in ended.stderr
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_behind_a_pipe_is_said(folder):
    ended = noise_in_a_shell(folder / "a.png", "-", after="> /dev/full")
    assert ended.returncode == 1
    assert ended.stderr.endswith("the disk is full; make room and start again.\n")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_a_folder_that_may_not_be_written_is_said_and_stays_as_it_was(folder, capsys):
    place = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    is_root = os.geteuid() == 0
    out = place / "out"
    try:
        shutil.copy(folder / "a.png", place)
        out.mkdir()
        out.chmod(0o555)
        place.chmod(0o755)
        if is_root:
            os.seteuid(65534)  # root may write everywhere
        assert run("noise", place / "a.png", "-o", out) == 1
    finally:
        if is_root:
            os.seteuid(0)
        left = list(out.iterdir())
        out.chmod(0o755)
        shutil.rmtree(place)
    assert "you may not write there; choose another folder." in capsys.readouterr().err
    assert left == []


def in_a_shell(command):
    command = command.replace("denoise", f"{sys.executable} -m denoise", 1)
    return subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("command", ["models", "noise {folder} -o {out} --json"])
def test_a_reader_that_stops_is_said_in_one_sentence(folder, tmp_path, command):
    command = command.format(folder=folder, out=tmp_path / "out")
    ended = in_a_shell(f"denoise {command} | true; exit ${{PIPESTATUS[0]}}")
    assert ended.returncode == 1
    assert ended.stderr == (
        "The output cannot be written: the program that reads it has stopped.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_list_that_does_not_fit_is_said_in_one_sentence():
    ended = in_a_shell("denoise models > /dev/full")
    assert ended.returncode == 1
    assert ended.stderr == (
        "The output cannot be written: the disk is full; make room and start again.\n"
    )


@pytest.mark.parametrize(("closed", "word"), [("<&-", "input"), (">&-", "output")])
def test_a_closed_pipe_is_said_in_one_sentence(folder, closed, word):
    source = "-" if word == "input" else folder / "a.png"
    ended = in_a_shell(f"denoise noise {source} -o - {closed}")
    assert ended.returncode == 1
    assert f"Standard {word} is closed;" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.fixture
def closed_folder():
    """A folder with a picture that the user, who is not root, may not look into."""
    place = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    closed = place / "closed"
    closed.mkdir()
    Image.new("RGB", (8, 8)).save(closed / "a.png")
    Image.new("RGB", (8, 8)).save(place / "b.png")
    place.chmod(0o777)
    closed.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)  # root may look everywhere
    yield closed
    if is_root:
        os.seteuid(0)
    closed.chmod(0o755)
    shutil.rmtree(place)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_a_folder_that_may_not_be_read_is_not_called_empty(closed_folder, capsys):
    assert run("noise", closed_folder, "-o", closed_folder.parent / "out") == 2
    assert "You may not read the folder" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_a_picture_that_may_not_be_looked_at_does_not_stop_the_others(closed_folder, capsys):
    out = closed_folder.parent / "out"
    assert run("noise", closed_folder / "a.png", closed_folder.parent / "b.png", "-o", out) == 1
    assert [file.name for file in out.iterdir()] == ["b.png"]
    assert "a.png cannot be opened: Permission denied." in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize("pattern", ["", "**/*.png"])
def test_a_folder_below_that_may_not_be_read_is_told_and_the_rest_is_done(
    closed_folder, capsys, pattern
):
    out = closed_folder.parent / "out"
    named = closed_folder.parent / pattern
    assert run("noise", named, "-o", out, "--recursive", "--json") == 1
    assert [file.name for file in out.iterdir()] == ["b.png"]
    printed = capsys.readouterr()
    assert f"You may not read the folder {closed_folder}; ask its owner" in printed.err
    assert "1 of 1 pictures written, folders left out: 1." in printed.err
    assert json.loads(printed.out.splitlines()[0])["input"] == str(closed_folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_a_named_folder_that_may_not_be_read_does_not_stop_the_others(closed_folder, capsys):
    assert run("estimate", closed_folder, closed_folder.parent / "b.png") == 1
    printed = capsys.readouterr()
    assert "You may not read the folder" in printed.err
    assert "b.png" in printed.out


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_an_output_in_a_closed_folder_is_said(closed_folder, capsys):
    assert run("noise", closed_folder.parent / "b.png", "-o", closed_folder / "out") == 1
    assert "you may not write there; choose another folder." in capsys.readouterr().err


def test_what_becomes_of_kinds_that_are_not_written_is_said_before(folder, tmp_path, capsys):
    shutil.copy(ROOT / "tests" / "images" / "phone.heic", folder / "phone.HEIC")
    out = tmp_path / "out"
    assert run("noise", folder, "-o", out) == 0
    said = capsys.readouterr().err
    assert ".heic cannot be written: it becomes JPEG; --format names another." in said
    assert load_picture(out / "phone.jpg").format == "JPEG"
    assert run("noise", folder / "phone.HEIC", "-o", tmp_path / "as", "--format", "avif") == 0
    assert load_picture(tmp_path / "as" / "phone.avif").format == "AVIF"
    assert "cannot be written" not in capsys.readouterr().err


def test_what_a_format_cannot_hold_is_said(tmp_path, capsys):
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(tmp_path / "a.png")
    assert run("noise", tmp_path / "a.png", "-o", tmp_path / "b.jpg") == 0
    assert "16 bits per channel were rounded to 8: JPEG has no more." in capsys.readouterr().err
