import numpy as np
from command_line import run
from skimage import data

from denoise import Denoiser, Picture, load_picture, save_picture
from denoise.inference.pipeline import denoise_picture


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
