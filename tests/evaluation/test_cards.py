import csv
import shutil
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image

from denoise import Denoiser
from denoise.cli.main import main
from denoise.datasets.synthetic import draw_digits
from denoise.evaluation import cards, plots
from denoise.evaluation.benchmark_28x28 import measure_errors
from denoise.evaluation.record import record
from denoise.models import build_network
from denoise.weights.card import compose_card
from denoise.weights.facts import STAMP, list_models, read_facts, stamp_of
from denoise.weights.manifest import CARD_FILE
from denoise.weights.tensors import BUNDLED, write_weights

NAMES = [facts.name for facts in list_models()]


@pytest.fixture
def zoo(tmp_path):
    """A copy of the zoo that may be written to."""
    return shutil.copytree(BUNDLED, tmp_path / "weights")


@pytest.fixture
def quick(monkeypatch):
    """Crops so small that a sweep takes a moment."""
    small = {name: crop[:48, :48] for name, crop in plots.crops().items()}
    monkeypatch.setattr(plots, "crops", lambda: small)
    monkeypatch.setattr(plots, "SWEEP_255", (15.0, 50.0))


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_what_is_in_the_config(name):
    facts = read_facts(name)
    text = compose_card(facts, BUNDLED / name)
    assert f"{facts.parameters:,} parameters" in text
    assert all(row["license"] in text for row in facts.training_data)
    assert all(limit in text for limit in facts.limits)
    assert text.startswith("---\nlicense: apache-2.0\n")


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_card_is_the_one_that_its_config_gives(name):
    folder = BUNDLED / name
    text = (folder / CARD_FILE).read_text(encoding="utf-8")
    assert text == compose_card(read_facts(name), folder)
    pictures = [line.split("](")[1].rstrip(")") for line in text.splitlines() if line[:2] == "!["]
    assert all((folder / file).is_file() for file in pictures)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_figures_are_of_the_shipped_weights(name):
    facts = read_facts(name)
    assert facts.metrics.get("sha256", facts.sha256) == facts.sha256


def test_a_card_is_written_with_its_pictures(zoo, quick):
    with (zoo / "conv-photo" / "curve.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("step", "loss", "psnr", "rate"), (1000, 0.1, 30.0, 1e-3)])
    cards.write_card("conv-photo", zoo)
    swept = read_facts("conv-photo", zoo).metrics["sweep"]
    assert swept["sigma_255"] == [15.0, 50.0]
    assert swept["conv-photo, told"][0] > swept["Median"][0] > 20
    for picture in ("crops.png", "sweep.png", "curve.png"):
        with Image.open(zoo / "conv-photo" / picture) as image:
            assert min(image.size) > 200
        assert picture in (zoo / "conv-photo" / "README.md").read_text()


@pytest.mark.parametrize("name", ["dense-mnist", "conv-fashion"])
def test_a_card_of_small_pictures_takes_the_tutorials_figures_over(zoo, tmp_path, name):
    tutorial = shutil.copytree(zoo, tmp_path / "tutorial")
    for place in (zoo, tutorial):
        denoiser = Denoiser(name, zoo=place, device="cpu")
        clean = draw_digits(4)[0][:, 0].numpy() / np.float32(255)
        errors = [asdict(row) for row in measure_errors(denoiser, clean, "made")]
        record(denoiser, errors=errors, reading=[], silent_share=0.25)
    with (tutorial / name / "curve.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("step", "loss", "psnr", "rate"), (1000, 0.1, 18.0, 1.0)])
    text = cards.write_card(name, zoo, baselines=[tutorial]).read_text()
    assert f"| 0.5 | {errors[4]['mse_noisy']:.4f} | {errors[4]['mse']:.4f} |" in text
    assert read_facts(name, tutorial).recipe["method"] in text
    for picture in ("rows.png", "limits.png", "curve.png"):
        assert (zoo / name / picture).is_file()
        assert picture in text


def test_published_forms_of_other_numbers_have_columns_of_their_own(zoo, tmp_path):
    denoiser = Denoiser("dense-mnist", zoo=zoo, device="cpu")
    clean = draw_digits(4)[0][:, 0].numpy() / np.float32(255)
    errors = [asdict(row) for row in measure_errors(denoiser, clean, "made")]
    places = []
    for mse, code in ((0.02, 64), (0.03, 32)):
        places.append(tmp_path / str(code))
        facts = read_facts("dense-mnist", zoo)
        told = replace(facts, config=facts.config | {"code": code}, metrics={})
        network = build_network(told.architecture, told.config)
        write_weights(network, told, places[-1], half=False)
        published = Denoiser("dense-mnist", zoo=places[-1], device="cpu")
        rows = [row | {"mse": mse} for row in errors]
        record(published, errors=rows, reading=[], silent_share=0.25)
    record(denoiser, errors=errors, reading=[], silent_share=0.25)
    text = cards.write_card("dense-mnist", zoo, baselines=places).read_text()
    assert "| MSE | MSE as published | MSE as published, code 32 | PSNR dB |" in text
    assert text.count("| 0.0200 | 0.0300 |") == len(errors)
    assert f"As published and as published, code 32: {facts.recipe['method']}." in text


def test_a_card_of_a_photo_network_shows_what_the_published_form_reaches(zoo, quick, tmp_path):
    tutorial = shutil.copytree(zoo, tmp_path / "tutorial")
    published = Denoiser("gan-photo", zoo=tutorial, device="cpu")
    ours = published.facts.metrics["table"]
    blind = [row | {"psnr": row["psnr"] - 3} for row in ours if not row["told"]]
    record(published, table=blind)
    text = cards.write_card("gan-photo", zoo, baselines=[tutorial]).read_text()
    assert "as published dB" in text
    assert text.count(" | - |\n") == len(ours) - len(blind)
    for row in blind:
        assert f"| {row['ssim']:.4f} | {row['psnr']:.2f} |" in text
    assert f"As published: {published.facts.recipe['method']}." in text


def test_without_matplotlib_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(cards, "measure_sweep", lambda denoiser: {"sigma_255": [25.0]})
    monkeypatch.setattr(cards, "record", lambda *args, **figures: None)
    assert main(["card", "conv-photo"]) == 2
    assert ".[figures]" in capsys.readouterr().err


def test_figures_recorded_elsewhere_keep_a_stamp_of_their_own(zoo):
    denoiser = Denoiser("conv-photo", zoo=zoo, device="cpu", dtype="float32")
    before = denoiser.facts.metrics
    record(denoiser, figures=[["grain, dB", "1.00", "at least 0"]])
    after = read_facts("conv-photo", zoo).metrics
    assert {key: after[key] for key in STAMP} == {key: before[key] for key in STAMP}
    assert stamp_of(after, "figures")["precision"] == "float32"
    text = compose_card(read_facts("conv-photo", zoo), zoo / "conv-photo")
    assert " in bfloat16, weights" in text
    assert "The figures with targets were measured on" in text
    assert " in float32." in text
    record(denoiser, table=before["table"], seconds_per_mpixel=1.0)
    later = read_facts("conv-photo", zoo).metrics
    assert later["precision"] == stamp_of(later, "seconds_per_mpixel")["precision"] == "float32"
    assert stamp_of(later, "sweep")["precision"] == "bfloat16"
