from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from skimage import data

from denoise import Denoiser
from denoise.cli.main import main
from denoise.errors import ImageError
from denoise.evaluation import scorecard
from denoise.evaluation.measurements import Measurements
from denoise.evaluation.scorecard import GOALS, Goal, measure_goals, training_words
from denoise.metrics import fine_power
from denoise.weights.facts import list_models


@pytest.fixture
def sets(tmp_path):
    """Two small pictures in the place of each set."""
    pictures = [data.astronaut()[:64, 200:272], data.coffee()[100:164, 100:172]]
    for name in ("CBSD68", "BSD68", "CID22-val"):
        folder = tmp_path / "test" / name
        folder.mkdir(parents=True)
        for index, picture in enumerate(pictures):
            gray = picture[..., 1] if name == "BSD68" else picture
            Image.fromarray(gray).save(folder / f"{index}.png")
    pairs = tmp_path / "real" / "PolyU"
    pairs.mkdir(parents=True)
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(pairs / f"{index}_mean.JPG", quality=100)
        noise = np.random.default_rng(index).normal(0, 8, picture.shape)
        noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(pairs / f"{index}_real.JPG", quality=100)
    renders = tmp_path / "renders"
    renders.mkdir()
    light = (data.coffee()[100:164, 100:172] / 255) ** 2.2
    noisy = {
        samples: light * np.random.default_rng(samples).exponential(1, light.shape)
        for samples in (4, 16, 64)
    }
    stored = {f"samples_{samples}": picture for samples, picture in noisy.items()}
    np.savez(renders / "render-00000-64-1024.npz", reference=light, **stored)
    return tmp_path


class Brightener:
    """Adds two steps to the red of every picture."""

    facts = next(facts for facts in list_models() if facts.name == "conv-photo")

    def __call__(self, image, sigma=None):
        return (image + np.array([2 / 255, 0, 0])).astype(image.dtype)


class Inverter(Brightener):
    """Makes a negative of every picture."""

    def __call__(self, image, sigma=None):
        return 255 - image


def test_a_colour_shift_is_measured(sets):
    assert Measurements(Brightener(), sets).colour_shift() == pytest.approx(2, abs=1e-3)


def test_what_takes_a_jpeg_farther_from_the_clean_picture_gains_less_than_nothing(sets):
    assert Measurements(Inverter(), sets).jpeg_gain(50) < -1


def test_vivid_colours_get_the_noise_that_is_asked_for(sets):
    class Idle(Brightener):
        def __call__(self, image, sigma=None):
            return image

    noise = 20 * np.log10(255 / 10)
    assert Measurements(Idle(), sets).saturated(10) == pytest.approx(noise, abs=1)


def test_a_render_is_measured_against_a_median_and_another_denoiser(sets):
    class Knowing(Brightener):
        def __call__(self, image, sigma=None):
            return data.coffee()[100:164, 100:172]

    measured = Measurements(Knowing(), sets)
    assert measured.render_gain(4) > 5
    assert measured.render_loss(4) < -5


def test_every_goal_is_measured_where_its_model_ships_and_its_set_is_there(sets):
    denoisers = {facts.name: Denoiser(facts.name, device="cpu") for facts in list_models()}
    results = list(measure_goals(sets, denoisers))
    assert [result.goal for result in results] == GOALS
    for result in results:
        assert (result.figure is not None) == (result.goal.model in denoisers)


def test_camera_noise_is_measured_pair_by_pair(sets):
    measured = Measurements(Denoiser("conv-photo", device="cpu"), sets)
    noisy, denoised = measured._camera_pairs[0]
    assert denoised > noisy + 2
    assert measured.camera() == pytest.approx(np.mean([pair[1] for pair in measured._camera_pairs]))
    assert measured.camera_worst() > 2


def test_the_operations_of_the_default_network_are_counted(tmp_path):
    denoiser = Denoiser("conv-photo", device="cpu")
    assert Measurements(denoiser, tmp_path).gmac() == pytest.approx(87, abs=1)


def test_the_network_measured_against_itself_regains_nothing(sets):
    denoiser = Denoiser("conv-photo", device="cpu")
    measured = Measurements(denoiser, sets, Measurements(denoiser, sets))
    assert measured.texture_restored(25) == pytest.approx(0, abs=1e-3)
    assert measured.loss_against_reference(25) == pytest.approx(0, abs=1e-3)


def test_texture_is_not_measured_where_the_reference_is_missing(sets):
    denoisers = {"gan-photo": Denoiser("conv-photo", device="cpu")}
    goals = [goal for goal in GOALS if goal.model == "gan-photo" and "told" in goal.what]
    results = list(measure_goals(sets, denoisers, goals))
    assert len(results) == 4
    assert all(figure is None and "conv-photo" in reason for _, figure, reason in results)


def test_power_is_fine_above_half_of_nyquist():
    columns = np.arange(64)
    fine, coarse = (np.tile(np.cos(2 * np.pi * f * columns), (64, 1)) for f in (0.375, 0.125))
    assert fine_power(fine) == pytest.approx(0.5)
    assert fine_power(coarse) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("is_ceiling", "met"), [(False, [5, 6]), (True, [4, 5])])
def test_a_target_is_a_floor_or_a_ceiling(is_ceiling, met):
    goal = Goal("conv-photo", "", 5, lambda measurements: 0.0, is_ceiling=is_ceiling)
    assert [figure for figure in (4, 5, 6) if goal.word(figure) == "met"] == met


def test_a_figure_without_a_target_is_neither_met_nor_missed():
    goal = Goal("conv-photo", "", None, lambda measurements: 0.0)
    assert (goal.limit, goal.word(-5)) == ("-", "")


def test_without_its_sets_the_scorecard_says_so(tmp_path, capsys):
    assert main(["benchmark", "--all", "--sets", str(tmp_path)]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(lines) == len(GOALS) + 2
    assert f"there is no folder CBSD68 in {tmp_path}" in lines[2]


def test_the_scorecard_of_one_model_is_of_that_alone(tmp_path, capsys):
    main(["benchmark", "--all", "--model", "dense-photo", "--sets", str(tmp_path)])
    models = [line.split()[1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert models == ["dense-photo"] * len([goal for goal in GOALS if goal.model == "dense-photo"])


def test_a_folder_of_sets_that_is_not_there_is_no_crash(capsys):
    assert main(["benchmark", "--all", "--sets", str(Path("nowhere"))]) == 1
    assert "not measured" in capsys.readouterr().out


def test_a_model_that_is_held_to_nothing_is_refused(tmp_path, capsys):
    assert main(["benchmark", "--all", "--model", "nosuch", "--sets", str(tmp_path)]) == 2
    assert "conv-photo" in capsys.readouterr().err


def test_a_folder_without_pairs_is_no_crash(tmp_path):
    (tmp_path / "PolyU").mkdir()
    with pytest.raises(ImageError, match="no pictures"):
        Measurements(Denoiser("conv-photo", device="cpu"), tmp_path).camera_worst()


def trained(folder, curve):
    """A network of 900 steps, and its curve: (step, PSNR)."""
    lines = ["step,loss,psnr,rate", *(f"{step},0.02,{psnr},0.001" for step, psnr in curve)]
    (folder / "curve.csv").write_text("\n".join(lines))
    recipe = {"steps": 900, "minutes": 12.5}
    return SimpleNamespace(facts=SimpleNamespace(recipe=recipe), folder=folder)


def test_what_the_last_third_of_a_training_brought_is_said(tmp_path):
    words = training_words(trained(tmp_path, [(300, 30.5), (600, 30.25), (800, 30.9), (900, 30.7)]))
    assert words.startswith("900 steps in 12.5 minutes; the last third of the steps")
    assert words.endswith("from 30.50 to 30.90 dB.")


def test_a_training_without_a_curve_tells_its_budget_alone(tmp_path):
    network = trained(tmp_path, [(900, 30.5)])
    assert training_words(network) == "900 steps in 12.5 minutes."
    (tmp_path / "curve.csv").unlink()
    assert training_words(network) == "900 steps in 12.5 minutes."


def test_below_the_scorecard_stands_what_was_spent_on_a_target_that_is_missed(
    tmp_path, monkeypatch, capsys
):
    goals = [Goal("conv-photo", "", target, lambda measurements: 1.0) for target in (0, 2)]
    monkeypatch.setattr(scorecard, "GOALS", goals)
    assert main(["benchmark", "--all", "--sets", str(tmp_path)]) == 1
    words = training_words(Denoiser("conv-photo", device="cpu"))
    assert capsys.readouterr().out.endswith(f"\n\nconv-photo missed 1 target after {words}\n")
    assert "dB" in words
