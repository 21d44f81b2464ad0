import csv
import io
import json
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image
from skimage import data

from denoise import Denoiser, add_noise, psnr
from denoise.datasets.synthetic import draw_clothing
from denoise.errors import SettingError
from denoise.evaluation.baselines import BASELINES, denoise_with_baseline, is_installed
from denoise.evaluation.comparison import NOISY, compare, levels_for, sweep
from denoise.evaluation.methods import MAX_PIXELS, CleanImage, check_methods, methods_for, prepare
from denoise.evaluation.results import write_table, write_zip
from denoise.images.picture import Picture
from denoise.metrics import haarpsi, ssim
from denoise.noise.kinds import KINDS
from denoise.noise.synthesis import NoiseSpec, check_level

METHODS = ["conv-photo", "median"]


@pytest.fixture(scope="module")
def clean():
    return data.astronaut()[:96, 200:312]


@pytest.fixture(scope="module")
def results(clean):
    return list(compare(CleanImage(clean, METHODS), NoiseSpec(level=0.1, seed=3)))


def test_the_figures_are_those_of_the_functions(clean, results):
    noisy = add_noise(clean, "gaussian", 0.1, seed=3)
    sigma = float(np.sqrt(np.mean((noisy / 255 - clean / 255) ** 2)))
    made = [noisy, Denoiser("conv-photo")(noisy), denoise_with_baseline(noisy, "median", sigma)]
    assert [result.method for result in results] == [NOISY, *METHODS]
    for result, image in zip(results, made, strict=True):
        assert np.array_equal(result.image, image)
        assert result.psnr == psnr(clean, image)
        assert result.ssim == ssim(clean, image)
        assert result.haarpsi == haarpsi(clean, image)


def test_the_network_beats_the_median_and_both_beat_nothing(results):
    noisy, network, median = results
    for figure in ("psnr", "ssim", "haarpsi"):
        assert getattr(network, figure) > getattr(median, figure) > getattr(noisy, figure)


def test_facts_of_networks_stand_beside_their_figures(results):
    noisy, network, median = results
    assert network.parameters == Denoiser("conv-photo").facts.parameters
    assert (network.told, median.parameters, noisy.seconds_per_mpixel) == (None, None, None)
    assert median.told == pytest.approx(0.1, rel=0.1)
    assert network.seconds_per_mpixel > 0


def test_networks_are_told_the_level_only_where_asked(clean):
    spec = NoiseSpec(level=0.2, eight_bit=False)
    _, told = compare(CleanImage(clean, ["conv-photo"]), spec, is_told=True)
    assert told.told == pytest.approx(0.2, rel=0.02)
    expected = Denoiser("conv-photo")(spec.add_to(clean), told.told)
    assert np.array_equal(told.image, np.rint(expected * 255).astype(np.uint8))


def test_float_noise_is_not_clipped(clean):
    assert NoiseSpec(level=0.5, eight_bit=False).add_to(clean).max() > 1
    assert NoiseSpec(level=0.5).add_to(clean).dtype == np.uint8


def test_float_noise_is_clipped_where_asked_and_never_rounded(clean):
    drawn = NoiseSpec(level=0.5, eight_bit=False).add_to(clean)
    clipped = NoiseSpec(level=0.5, eight_bit=False, clip=True).add_to(clean)
    assert np.array_equal(clipped, drawn.clip(0, 1))


def test_slow_methods_get_the_middle(monkeypatch):
    slow = BASELINES["median"].__class__("slow", "Slow", BASELINES["median"].apply, is_slow=True)
    monkeypatch.setitem(BASELINES, "slow", slow)
    picture = data.astronaut()
    _, result = compare(CleanImage(picture, ["slow"]), NoiseSpec())
    assert result.image.shape == (256, 256, 3)
    noisy = add_noise(picture)[128:384, 128:384]
    assert result.psnr > psnr(picture[128:384, 128:384], noisy) + 3
    assert "256x256" in result.note


def test_a_small_gray_picture_goes_to_the_lessons_networks():
    methods = methods_for(np.zeros((28, 28), np.uint8))
    assert "dense-mnist" in methods
    assert "conv-photo" not in methods
    assert "median" in methods


def test_photos_go_to_all_networks_for_photos_and_to_quick_methods(clean):
    methods = methods_for(clean)
    assert "conv-photo" in methods
    assert "dense-mnist" not in methods
    assert "bm3d" not in methods


def test_a_library_that_is_not_here_is_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywt", None)
    assert not is_installed("wavelets")
    assert "wavelets" not in methods_for(np.zeros((40, 40), np.uint8))


def test_a_method_named_twice_runs_once(clean):
    assert prepare(Picture(clean), ["median", "tv", "median"]).methods == ["median", "tv"]


def test_a_large_picture_is_shrunk_and_it_is_said():
    pixels, _, notes = prepare(Picture(np.full((1000, 4000, 3), 7, np.uint8)), METHODS)
    assert pixels.shape[0] * pixels.shape[1] <= MAX_PIXELS
    assert pixels.shape[1] == pytest.approx(4 * pixels.shape[0], abs=4)
    assert "2000 x 500" in notes[0]


def test_for_a_network_of_fixed_size_all_get_that_size():
    pixels, _, notes = prepare(Picture(data.astronaut()), ["dense-mnist", "median"])
    assert (pixels.shape, pixels.dtype) == ((28, 28), np.uint8)
    assert notes[0].startswith("For all methods, since dense-mnist wants it, the picture was ")


def test_a_network_that_was_not_made_for_the_picture_says_so():
    clean = draw_clothing(2)[0][0, 0].numpy()
    _, result = compare(CleanImage(clean, ["dense-mnist"]), NoiseSpec(level=0.1))
    assert result.note.startswith("dense-mnist seems not to be made for this picture.")


def test_16_bits_and_transparency_become_plain_8_bits():
    deep = np.full((20, 20), 300, np.uint16)
    pixels, *_ = prepare(Picture(deep, alpha=np.zeros((20, 20), np.uint16)), METHODS)
    assert pixels.dtype == np.uint8
    assert (pixels == 255).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_levels_that_a_sweep_has_by_itself_are_the_kinds(kind):
    levels = levels_for(kind)
    assert len(levels) >= 4
    assert [check_level(KINDS[kind], level) for level in levels] == levels


def test_a_sweep_gives_every_method_at_every_level(clean):
    found = list(sweep(CleanImage(clean, ["median"]), NoiseSpec(), [0.05, 0.2]))
    assert [(level, result.method) for level, result in found] == [
        (0.05, NOISY),
        (0.05, "median"),
        (0.2, NOISY),
        (0.2, "median"),
    ]
    _, median = compare(CleanImage(clean, ["median"]), NoiseSpec(level=0.05))
    assert found[1][1].psnr == median.psnr


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda image: compare(image, NoiseSpec(kind="fog")), "Unknown kind"),
        (lambda image: sweep(image, NoiseSpec(), []), "1 to 32 levels"),
        (lambda image: sweep(image, NoiseSpec(), [0.1, 2.0]), "from 0 to 1"),
        (lambda image: sweep(image, NoiseSpec(kind="jpeg:0.5"), [0.1]), "mixture"),
    ],
)
def test_noise_that_cannot_be_is_refused_before_anything_runs(clean, call, why):
    with pytest.raises(SettingError, match=why):
        next(iter(call(CleanImage(clean, ["median"]))))


def test_an_unknown_method_is_refused_with_the_choice(clean):
    with pytest.raises(SettingError, match=r"choose from: .*conv-photo.*median"):
        prepare(Picture(clean), ["magic"])


def test_too_many_methods_are_refused():
    with pytest.raises(SettingError, match="At most 16"):
        check_methods(["median"] * 17)


def test_a_table_is_csv_and_json_alike(results):
    rows = [result.to_dict() for result in results]
    read = list(csv.DictReader(io.StringIO(write_table(rows))))
    assert [row["method"] for row in read] == [NOISY, *METHODS]
    assert float(read[1]["psnr"]) == rows[1]["psnr"] == pytest.approx(results[1].psnr, abs=1e-4)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_equal_pictures_have_no_number_of_decibels(clean):
    (noisy,) = compare(CleanImage(clean, []), NoiseSpec(level=0.0))
    assert noisy.to_dict()["psnr"] is None


def test_a_zip_holds_the_pictures_and_the_table(clean, results, tmp_path):
    write_zip(clean, results, tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        names = {"table.csv", "clean.png", "noisy.png", "conv-photo.png", "median.png"}
        assert set(packed.namelist()) == names
        with Image.open(io.BytesIO(packed.read("conv-photo.png"))) as image:
            assert np.array_equal(np.asarray(image), results[1].image)
