import csv
import io

import pytest
from command_line import run

from denoise import load_picture, psnr
from denoise.noise.kinds import KINDS


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


def test_pictures_compared_do_not_go_into_a_file(photo, capsys):
    assert run("compare", photo, "--model", "median", "-o", photo) == 2
    assert "There can be no folder" in capsys.readouterr().err
    load_picture(photo)
