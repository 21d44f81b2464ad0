import json

import numpy as np
import pytest
from command_line import run
from PIL import Image
from skimage import data

from denoise import Denoiser, add_noise, load_picture
from denoise.defaults import BUNDLED
from denoise.inference.pipeline import estimate_picture

MAKER = 271  # the EXIF tag


def test_run_gives_what_the_denoiser_gives(photo, tmp_path):
    assert run("run", photo, "-o", tmp_path / "clean.png", "--sigma", 0.1) == 0
    expected = Denoiser()(load_picture(photo).pixels, 0.1)
    assert np.array_equal(load_picture(tmp_path / "clean.png").pixels, expected)


def test_noise_gives_what_add_noise_gives(photo, tmp_path):
    assert run("noise", photo, "-o", tmp_path / "noisy.png", "--kind", "poisson", "--seed", 3) == 0
    expected = add_noise(load_picture(photo).pixels, "poisson", 0.1, seed=3)
    assert np.array_equal(load_picture(tmp_path / "noisy.png").pixels, expected)


def test_noise_leaves_out_stages_of_a_camera(photo, tmp_path):
    options = ("--kind", "camera", "--without", "mosaic", "sharpening", "--level", "25/255")
    assert run("noise", photo, "-o", tmp_path / "noisy.png", *options) == 0
    without = ["mosaic", "sharpening"]
    expected = add_noise(load_picture(photo).pixels, "camera", 25 / 255, without=without)
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


def test_after_a_failure_the_pictures_are_counted(photo, tmp_path, capsys):
    run("noise", tmp_path / "none.png", photo, "-o", tmp_path / "out")
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / 'none.png'} does not exist.",
        "1 of 2 pictures written, 1 failed.",
    ]


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


def test_a_zoo_without_networks_says_so(tmp_path, capsys):
    assert run("models", "--zoo", tmp_path) == 0
    assert capsys.readouterr().err == f"There are no networks in {tmp_path}.\n"


def test_a_zoo_without_the_network_is_no_success(tmp_path, capsys):
    assert run("run", "photo.png", "-o", tmp_path / "out.png", "--zoo", tmp_path) == 2
    assert "no network is installed there" in capsys.readouterr().err


def test_a_folder_in_place_of_a_model_is_told_how_to_be_named(photo, tmp_path, capsys):
    assert run("run", photo, "-o", tmp_path / "out.png", "--model", BUNDLED) == 2
    assert f"use --zoo {BUNDLED} --model NAME." in capsys.readouterr().err
