import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image
from places import ROOT
from skimage import data

from denoise import Denoiser, Picture, add_noise, load_picture, psnr, save_picture
from denoise.cli import main
from denoise.inference.pipeline import denoise_picture, estimate_picture
from denoise.noise.kinds import KINDS

MAKER = 271  # the EXIF tag
COMMANDS = ["run", "noise", "estimate", "compare", "sweep", "models", "train", "benchmark", "card"]
COMMANDS += ["deploy", "publish", "pull"]


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "photo.png"
    Image.fromarray(data.astronaut()[:64, 200:280]).save(file)
    return file


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_run_gives_what_the_denoiser_gives(photo, tmp_path):
    assert run("run", photo, "-o", tmp_path / "clean.png", "--sigma", 0.1) == 0
    expected = Denoiser()(load_picture(photo).pixels, 0.1)
    assert np.array_equal(load_picture(tmp_path / "clean.png").pixels, expected)


def test_noise_gives_what_add_noise_gives(photo, tmp_path):
    assert run("noise", photo, "-o", tmp_path / "noisy.png", "--kind", "poisson", "--seed", 3) == 0
    expected = add_noise(load_picture(photo).pixels, "poisson", 0.1, seed=3)
    assert np.array_equal(load_picture(tmp_path / "noisy.png").pixels, expected)


@pytest.mark.parametrize(
    ("suffix", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("tif", "TIFF")]
)
def test_the_output_keeps_the_format_of_the_input(photo, tmp_path, suffix, kind):
    file = tmp_path / f"other.{suffix}"
    Image.open(photo).save(file)
    assert run("noise", file, "-o", tmp_path / "out") == 0
    assert load_picture(tmp_path / "out" / file.name).format == kind


def test_the_output_has_the_format_that_was_told(photo, tmp_path):
    assert run("noise", photo, "-o", tmp_path / "out", "--format", "webp") == 0
    assert load_picture(tmp_path / "out" / "photo.webp").format == "WEBP"


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_details_of_a_photo_stay_where_they_are_not_to_be_left_out(photo, tmp_path, suffix):
    file, exif = tmp_path / f"taken.{suffix}", Image.Exif()
    exif[MAKER] = "Maker of cameras"
    Image.open(photo).save(file, exif=exif)
    out = tmp_path / f"out.{suffix}"
    for options in ([], ["--no-exif"]):
        assert run("noise", file, "-o", out, "--overwrite", *options) == 0
        with Image.open(out) as written:
            assert (MAKER in written.getexif()) == (not options)


def test_a_folder_is_taken_with_its_tree_where_asked(photo, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    shutil.copy(photo, tmp_path / "in" / "deep" / "a.png")
    shutil.copy(photo, tmp_path / "in" / "b.png")
    assert run("noise", tmp_path / "in", "-o", tmp_path / "out", "--recursive") == 0
    assert (tmp_path / "out" / "deep" / "a.png").is_file()
    assert (tmp_path / "out" / "b.png").is_file()


@pytest.mark.parametrize(
    ("model", "option"), [("gan-photo", "--texture"), ("dense-mnist", "--detail")]
)
def test_a_setting_that_a_network_does_not_take_is_misuse(photo, tmp_path, capsys, model, option):
    out = tmp_path / "out.png"
    assert run("run", photo, "-o", out, "--model", model, option, "1") == 2
    assert model in capsys.readouterr().err
    assert not out.exists()


def test_a_broken_file_does_not_stop_the_others(photo, tmp_path, capsys):
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    assert run("noise", broken, photo, "-o", tmp_path / "out") == 1
    assert (tmp_path / "out" / "photo.png").is_file()
    assert not (tmp_path / "out" / "broken.png").exists()
    assert "broken.png" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ("--model", "vae"),
        ("--sigma", "-1"),
        ("--sigma", "25"),
        ("--sigma", "nan"),
        ("--strength", "7"),
        ("--device", "tpu"),
    ],
)
def test_misuse_of_run_is_a_sentence_and_code_2(photo, tmp_path, capsys, options):
    assert run("run", photo, "-o", tmp_path / "out.png", *options) == 2
    assert capsys.readouterr().err.strip().endswith((".", "?"))
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("options", [("--kind", "fog"), ("--level", "9"), ("--seed", "-1")])
def test_misuse_of_noise_is_a_sentence_and_code_2(photo, tmp_path, options):
    assert run("noise", photo, "-o", tmp_path / "out.png", *options) == 2


def test_a_comparison_prints_a_line_a_method_and_writes_the_pictures(photo, tmp_path, capsys):
    out = tmp_path / "compared"
    assert run("compare", photo, "--model", "median", "tv", "--level", "25/255", "-o", out) == 0
    head, noisy, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["method", "PSNR", "dB"]
    assert [line.split()[0] for line in lines] == ["median", "tv"]
    decibel = psnr(load_picture(photo).pixels, load_picture(out / "noisy.png").pixels)
    assert float(noisy.split()[1]) == pytest.approx(decibel, abs=0.005)
    names = {"table.csv", "clean.png", "noisy.png", "median.png", "tv.png"}
    assert {file.name for file in out.iterdir()} == names


def test_a_sweep_prints_csv(photo, capsys):
    assert run("sweep", photo, "--model", "median", "--levels", "0.05", "0.1") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("level,method,psnr,ssim,haarpsi,")
    assert [line.split(",")[:2] for line in lines] == [
        ["0.05", "noisy"],
        ["0.05", "median"],
        ["0.1", "noisy"],
        ["0.1", "median"],
    ]


def test_a_sweep_of_fireflies_ends_where_they_do(photo, capsys):
    assert run("sweep", photo, "--model", "median", "--kind", "render") == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert max(float(row["level"]) for row in rows) == KINDS["render"].max_level


@pytest.mark.parametrize("options", [("--kind", "fog"), ("--model", "magic"), ("--seed", "-1")])
@pytest.mark.parametrize("command", ["compare", "sweep"])
def test_misuse_of_the_lab_is_a_sentence_and_code_2(photo, capsys, command, options):
    assert run(command, photo, *options) == 2
    assert capsys.readouterr().err.strip().endswith(".")


def test_a_number_that_is_none_is_code_2(photo, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        run("run", photo, "-o", tmp_path / "out.png", "--sigma", "much")
    assert stop.value.code == 2
    assert "a number from 0 to 1, a fraction such as 25/255, or auto" in capsys.readouterr().err


def test_pictures_compared_do_not_go_into_a_file(photo, capsys):
    assert run("compare", photo, "--model", "median", "-o", photo) == 2
    assert "There can be no folder" in capsys.readouterr().err
    load_picture(photo)


def test_an_output_never_replaces_its_input(photo):
    before = photo.read_bytes()
    assert run("noise", photo, "-o", photo) == 2
    assert run("noise", photo, "-o", photo.parent) == 2
    assert photo.read_bytes() == before


def test_two_inputs_of_one_name_are_refused(photo, tmp_path):
    (tmp_path / "b").mkdir()
    shutil.copy(photo, tmp_path / "b" / "photo.png")
    assert run("noise", photo, tmp_path / "b" / "photo.png", "-o", tmp_path / "out") == 2


@pytest.mark.parametrize("name", ["out.pdf", "out.gif"])
def test_an_output_format_that_cannot_be_written_is_refused(photo, tmp_path, name):
    assert run("noise", photo, "-o", tmp_path / name) == 2


def test_a_suffix_and_a_format_that_differ_are_refused(photo, tmp_path):
    assert run("noise", photo, "-o", tmp_path / "out.jpg", "--format", "png") == 2
    assert run("noise", photo, "-o", tmp_path / "out.jpeg", "--format", "jpeg") == 0


def test_several_pictures_do_not_go_into_one_file(photo, tmp_path):
    shutil.copy(photo, tmp_path / "second.png")
    out = tmp_path / "both.png"
    assert run("noise", photo, tmp_path / "second.png", "-o", out) == 2
    assert not out.exists()


def test_after_a_failure_the_pictures_are_counted(photo, tmp_path, capsys):
    run("noise", tmp_path / "none.png", photo, "-o", tmp_path / "out")
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / 'none.png'} does not exist.",
        "1 of 2 pictures written, 1 failed.",
    ]


def test_sigma_may_be_a_fraction(photo, tmp_path):
    assert run("run", photo, "-o", tmp_path / "a.png", "--sigma", "25/255") == 0
    assert run("run", photo, "-o", tmp_path / "b.png", "--sigma", f"{25 / 255:.17g}") == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_benchmark_of_nothing_is_misuse(tmp_path, capsys):
    assert run("benchmark") == 2
    assert run("benchmark", "--set", tmp_path) == 2
    assert capsys.readouterr().out == ""


def test_an_empty_folder_is_refused(tmp_path):
    assert run("noise", tmp_path, "-o", tmp_path / "out") == 2


def test_a_missing_input_is_code_1(tmp_path, capsys):
    assert run("noise", tmp_path / "none.png", "-o", tmp_path / "out.png") == 1
    assert "none.png" in capsys.readouterr().err


def test_json_reports_are_one_a_line(photo, tmp_path, capsys):
    assert run("run", photo, "-o", tmp_path / "out.png", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["model"] == "conv-photo"
    assert report["sigma_source"] == "estimated"
    assert report["output"] == str(tmp_path / "out.png")


def test_a_photo_for_a_28x28_network_is_fitted_and_the_report_says_so(photo, tmp_path, capsys):
    assert run("run", photo, "-o", tmp_path / "out.png", "--model", "dense-mnist") == 0
    assert load_picture(tmp_path / "out.png").pixels.shape == (28, 28)
    assert "turned to gray" in capsys.readouterr().err


def test_models_lists_every_network(capsys):
    assert run("models") == 0
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"conv-photo", "dense-mnist", "conv-fashion"} <= names


def test_models_gives_every_fact_as_json(capsys):
    assert run("models", "--json") == 0
    facts = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert facts["conv-photo"]["needs"]["trained_sigma"][0] == 0


def test_estimate_prints_sigma_in_both_units(photo, capsys):
    assert run("estimate", photo) == 0
    _, sigma, in_255, correlation = capsys.readouterr().out.split("\t")
    assert 0 < float(sigma) < 0.1
    assert in_255.endswith("/255")
    assert correlation.startswith("correlation ")


def test_estimate_gives_a_report_as_json(photo, capsys):
    assert run("estimate", photo, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {"input": str(photo)} | estimate_picture(load_picture(photo)).to_dict()


def test_estimate_tells_that_it_was_a_jpeg(tmp_path, capsys):
    file = tmp_path / "saved.jpg"
    Image.fromarray(data.astronaut()).save(file, quality=50)
    assert run("estimate", file) == 0
    *_, jpeg = capsys.readouterr().out.split("\t")
    assert jpeg.startswith("JPEG, steps of ")
    assert run("estimate", file, "--json") == 0
    step = json.loads(capsys.readouterr().out)["jpeg_step"]
    assert jpeg.strip() == f"JPEG, steps of {255 * step:.1f}/255"
    assert 5 / 255 < step < 40 / 255


def test_estimate_says_which_level_to_tell_a_network(photo, capsys):
    assert run("estimate", photo, "--model", "conv-photo") == 0
    *_, best, errors = capsys.readouterr().out.split("\t")
    assert best.startswith("best: ")
    assert errors.startswith("errors by ")
    assert run("estimate", photo, "--model", "conv-photo", "--json") == 0
    found = json.loads(capsys.readouterr().out)["choice"]
    assert found == json.loads(json.dumps(asdict(Denoiser().choose(load_picture(photo)))))


def test_a_level_is_chosen_where_that_is_asked_for(photo, tmp_path, capsys):
    assert run("run", photo, "-o", tmp_path / "out.png", "--choose", "--json") == 0
    picture = load_picture(photo)
    assert json.loads(capsys.readouterr().out)["choice"]["ratings"]
    chosen = Denoiser()(picture, choose=True)
    assert np.array_equal(load_picture(tmp_path / "out.png").pixels, chosen.pixels)


def test_benchmark_prints_a_table(photo, capsys):
    assert run("benchmark", "--set", photo.parent, "--sigma-255", 25) == 0
    rows = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("| conv-photo")
    ]
    assert len(rows) == 3
    assert float(rows[0].split("|")[8]) > 25


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        run(command, "--help")
    assert stop.value.code == 0
    assert len(capsys.readouterr().out) > 100


def test_the_module_runs_as_a_program():
    command = [sys.executable, "-m", "denoise", "models"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "conv-photo" in result.stdout


def test_what_was_trained_is_listed_and_used(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("train", "dense-mnist", "--smoke") == 0
    assert run("models", "--zoo", "runs/smoke") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("dense-mnist    101,200 parameters")
    save_picture(Picture(data.astronaut()), tmp_path / "photo.png")
    picture, zoo = tmp_path / "photo.png", tmp_path / "runs" / "smoke"
    assert run("run", picture, "-o", "out.png", "--model", "dense-mnist", "--zoo", zoo) == 0
    denoiser = Denoiser("dense-mnist", zoo=zoo)
    fitted = denoise_picture(load_picture(picture), denoiser)[0].pixels
    assert np.array_equal(load_picture(tmp_path / "out.png").pixels, fitted)


def test_a_training_that_is_over_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("train", "dense-mnist", "--smoke") == 0
    assert "Nothing was left" not in capsys.readouterr().out
    assert run("train", "dense-mnist", "--smoke") == 0
    assert "Nothing was left to train: " in capsys.readouterr().out


def test_a_training_that_cannot_be_shows_no_bar(tmp_path, capsys):
    assert run("train", "nope") == 2
    assert capsys.readouterr().err.startswith("There is no recipe for 'nope'")


def test_a_zoo_that_is_no_folder_is_named(tmp_path, capsys):
    assert run("models", "--zoo", tmp_path / "typo") == 2
    assert f"There is no folder {tmp_path / 'typo'}" in capsys.readouterr().err


def test_a_zoo_without_networks_says_so(tmp_path, capsys):
    assert run("models", "--zoo", tmp_path) == 0
    assert capsys.readouterr().err == f"There are no networks in {tmp_path}.\n"


def test_a_zoo_without_the_network_is_no_success(tmp_path, capsys):
    assert run("run", "photo.png", "-o", tmp_path / "out.png", "--zoo", tmp_path) == 2
    assert "no network is installed there" in capsys.readouterr().err


def test_a_hub_that_cannot_be_reached_is_told_in_sentences(tmp_path):
    hub = {"DENOISE_HUB_REPO": "org/zoo", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": "cache"}
    ended = subprocess.run(
        [sys.executable, "-m", "denoise", "models"],
        cwd=tmp_path,
        env={**os.environ, **hub, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0
    assert ended.stderr == (
        "The Hub cannot be reached, and what is asked of org/zoo is not in the cache; try again "
        "later. The bundled networks serve instead.\n"
    )


def test_help_comes_without_waiting_for_what_takes_long_to_import():
    code = (
        "import sys; from denoise.cli import _parser; _parser().format_help();"
        "slow = {'torch', 'scipy.stats', 'huggingface_hub', 'matplotlib', 'gradio'};"
        "print(sorted(slow & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_the_help_tells_all_that_a_model_may_be(capsys):
    with pytest.raises(SystemExit):
        run("run", "--help")
    said = " ".join(capsys.readouterr().out.split())
    assert "org/repo/name@revision on the Hub" in said
    assert ".safetensors" in said
