import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import center_of_mass

from denoise import Denoiser, add_noise, list_models, load_picture
from denoise.errors import ImageError
from denoise.images.picture import Picture
from denoise.ui.tabs.digit_figure import code_picture, draw_figure, draw_layers
from denoise.ui.tabs.digit_prompts import write_prompts
from denoise.ui.tabs.samples import SampleStore
from denoise.ui.widgets.drawing import frame_digit, read_drawing


def drawn(*points, side=280, width=20):
    image = Image.new("L", (side, side), 255)
    ImageDraw.Draw(image).line(points, fill=0, width=width)
    return Picture(np.asarray(image))


def test_a_drawing_is_framed_as_mnist_has_digits():
    framed = frame_digit(drawn((30, 20), (100, 20), (50, 120)))
    assert (framed.shape, framed.dtype) == ((28, 28), np.uint8)
    assert framed.max() > 200
    assert framed[0].max() == framed[-1].max() == 0  # light on black, with a margin
    rows = np.flatnonzero(framed.max(axis=1) > 40)
    assert 18 <= rows[-1] - rows[0] + 1 <= 22
    assert center_of_mass(framed) == pytest.approx((13.5, 13.5), abs=0.6)


def test_where_and_how_large_a_digit_is_drawn_does_not_matter():
    small = frame_digit(drawn((20, 20), (60, 20), (40, 90), width=10)).astype(int)
    large = frame_digit(drawn((80, 60), (160, 60), (120, 200), width=20)).astype(int)
    assert np.abs(small - large).mean() < 6


def test_an_empty_field_is_no_digit():
    assert frame_digit(Picture(np.full((280, 280), 255, np.uint8))) is None


def test_a_drawing_comes_as_a_png_in_base64():
    file = io.BytesIO()
    Image.new("RGB", (280, 280), "white").save(file, "PNG")
    assert read_drawing(base64.b64encode(file.getvalue()).decode()).pixels.shape == (280, 280, 3)


@pytest.mark.parametrize("sent", [None, 7, "no base64!", "bm8gcGljdHVyZQ==", "A" * 300_000])
def test_what_is_no_drawing_is_refused(sent):
    with pytest.raises(ImageError):
        read_drawing(sent)


def test_a_drawing_of_too_many_pixels_is_refused():
    file = io.BytesIO()
    Image.new("1", (5000, 5000)).save(file, "PNG")
    with pytest.raises(ImageError, match="pixels"):
        read_drawing(base64.b64encode(file.getvalue()).decode())


@pytest.mark.parametrize(("name", "shape"), [("dense-mnist", (8, 8)), ("conv-fashion", (21, 21))])
def test_a_code_is_shown_as_a_square_of_its_units_or_maps(name, shape):
    denoiser = Denoiser(name)
    noisy = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    code = denoiser.encode(noisy)[0].numpy()
    shown = code_picture(code)
    assert (shown.shape, shown.dtype, shown.max()) == (shape, np.uint8, 255)
    first = code.reshape(8, 8) if code.ndim == 1 else code[0]
    part = shown[: first.shape[0], : first.shape[1]]
    assert np.array_equal(part, np.rint(255 * np.abs(first) / np.abs(code).max()))


def test_without_the_data_set_samples_are_made_and_it_is_said(tmp_path):
    samples = SampleStore(tmp_path).get("mnist")
    assert samples.pictures.shape[1:] == (28, 28)
    assert len(samples.labels) == len(samples.pictures) >= 12
    assert samples.source == "Drawn by the program."


NOISY = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


@pytest.mark.parametrize("name", ["dense-mnist", "conv-mnist", "sparse-mnist", "conv-fashion"])
def test_the_figure_has_a_square_and_words_for_each_part_of_the_code(name):
    insides = Denoiser(name, device="cpu").look_inside(NOISY)
    shown = draw_figure(NOISY, NOISY, insides, ("before", "after"))
    told = re.findall('<i data-label="(.*?)">', shown)
    assert len(told) == len(insides.code)
    zeros = int((insides.code == 0).sum())
    assert f"{zeros} of them 0 ({zeros / insides.code.numel():.0%})" in shown
    first = insides.code[0]
    expected = (
        f"Number 1 of 64 is {first:.2f}."
        if first.ndim == 0
        else f": {int((first > 0).sum())} of its {first.numel()} numbers are above 0."
    )
    assert expected in told[0]


def test_a_part_that_is_silent_draws_nothing():
    insides = Denoiser("dense-mnist", device="cpu").look_inside(NOISY)
    silent = int((insides.code == 0).nonzero()[0])
    assert not insides.drawn[silent].any()
    shown = draw_figure(NOISY, NOISY, insides, ("", ""))
    drawn = base64.b64decode(re.search(r"url\(data:image/png;base64,(.*?)\)", shown)[1])
    top, left = 28 * (silent // 8), 28 * (silent % 8)
    part = load_picture(drawn).pixels[top : top + 28, left : left + 28]
    assert set(np.unique(part)) == {128}


def test_every_layer_is_shown_with_its_size_and_weights():
    shown = draw_layers(Denoiser("dense-mnist", device="cpu").look_inside(NOISY).layers)
    assert shown.count("<figure>") == 2
    assert "<b>1: dense</b><br>64<br>50,240 weights" in shown


def test_the_questions_are_answered_with_the_figures_of_the_cards():
    networks = [facts for facts in list_models() if facts.name.endswith("-mnist")]
    shown = write_prompts(networks)
    assert shown.count("<details>") == 4
    for facts in networks:
        (row,) = (row for row in facts.metrics["reading"] if row["factor"] == 0.8)
        assert f"<th>{facts.name}</th><td>{row['denoised']:.0f}%</td>" in shown
        assert f"<th>{facts.name}</th><td>{facts.metrics['silent_share']:.0%}</td>" in shown


@pytest.mark.parametrize("name", ["dense-mnist", "conv-mnist", "sparse-mnist"])
def test_other_noise_moves_a_code_less_than_another_digit_does(name):
    digits, denoiser = SampleStore().get("mnist").pictures[:20], Denoiser(name, device="cpu")
    one, other = (
        torch.stack(
            [denoiser.encode(add_noise(digit, level=0.4, seed=seed))[0] for digit in digits]
        )
        for seed in (0, 1)
    )
    assert (one - other).norm() < 0.8 * (one - one.roll(1, dims=0)).norm()
