"""What the page's controls take, and which methods they offer."""

import sys
from types import SimpleNamespace

import pytest
from PIL import Image
from skimage import data

from denoise import psnr
from denoise.evaluation.comparison import compare
from denoise.evaluation.methods import CleanImage
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.server.service import Service
from denoise.ui.tabs.noise_lab import Lab, Views
from denoise.ui.widgets.methods import method_choices
from denoise.ui.widgets.noise_controls import NoiseControls, noise_spec_of
from denoise.ui.widgets.parts import Slider


@pytest.fixture
def service(tmp_path):
    return Service(device="cpu", folder=tmp_path)


@pytest.mark.parametrize(("typed", "taken"), [(7, 1), (-1, 0), (None, 0), (0.3, 0.3)])
def test_a_number_beyond_a_slider_is_taken_as_the_nearest_one(typed, taken):
    assert Slider(0, 1, 0.5).preprocess(typed) == taken


def test_noise_that_cannot_be_is_told_again_after_the_figures_of_earlier_noise(service, tmp_path):
    file = tmp_path / "cup.png"
    Image.fromarray(data.coffee()[:48, :64]).save(file)
    noise, views = NoiseControls(*NoiseControls._fields), Views(*Views._fields)
    below = NoiseControls("gaussian", 0.1, -1, [], False, True, True, "")
    values = {"clean": str(file), "model": "conv-photo", **below._asdict()}
    lab = Lab(service, "model", noise, views)
    told = lab.show_noise(values)
    assert told["noisy_words"].startswith("The seed is a whole number, 0 or more")
    assert lab.show_denoised(values) == told


@pytest.mark.parametrize(
    ("kind", "mixture", "without"),
    [
        ("camera", "", ["mosaic", "smoothing"]),
        ("gaussian", "jpeg:0.4 + camera:0.1", ["mosaic", "smoothing"]),
        ("gaussian", "", ()),
        ("camera", "jpeg:0.4", ()),
    ],
)
def test_stages_are_left_out_where_there_is_a_camera(kind, mixture, without):
    names = NoiseControls(*NoiseControls._fields)
    on = ["sharpening", "tone-curve", "white-balance", "color-matrix"]
    asked = NoiseControls(kind, 0.1, 0, on, False, True, True, mixture)
    assert noise_spec_of(names, asked._asdict()).without == without


def test_every_method_is_offered_and_the_quick_ones_for_photos_chosen(service, monkeypatch):
    monkeypatch.setitem(sys.modules, "bm3d", None)  # as where nobody has installed it
    choices, chosen = method_choices(service)
    offered = [name for _, name in choices]
    assert {"conv-photo", "median", "dense-mnist"} <= set(offered)
    assert "bm3d" not in offered
    assert "dense-mnist" not in chosen


def test_bm3d_is_offered_where_it_is_and_says_that_it_gets_a_part(service, monkeypatch):
    monkeypatch.setitem(sys.modules, "bm3d", SimpleNamespace())
    choices, chosen = method_choices(service)
    assert ("BM3D (slow: a part of the picture)", "bm3d") in choices
    assert "bm3d" not in chosen


def test_bm3d_gets_the_middle_and_the_level_and_its_note_says_so(monkeypatch):
    seen = []
    halved = SimpleNamespace(bm3d_rgb=lambda noisy, sigma: seen.append(sigma) or noisy / 2)
    monkeypatch.setitem(sys.modules, "bm3d", halved)
    clean = data.astronaut()
    noisy, entry = compare(CleanImage(clean, ["bm3d"]), NoiseSpec(level=0.1))
    middle = noisy.image[128:384, 128:384]
    assert abs(entry.image.astype(int) - middle // 2).max() <= 1
    assert 0.07 < seen[0] < 0.1  # clipping takes some
    before = f"{psnr(clean[128:384, 128:384], middle):.2f} dB"
    assert entry.note == f"slow: only the middle 256x256 pixels, which are noisy at {before}"
