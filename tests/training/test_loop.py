import csv
import shutil

import pytest
from training_tools import assert_identical, distance, kill_after, make_trainer, run_to_the_end

from denoise.errors import SettingError, WeightsError
from denoise.training.loop import Budget


@pytest.mark.parametrize("killed_after", [1, 7, 16, 18])
def test_a_killed_run_resumed_equals_an_uninterrupted_one(tmp_path, killed_after):
    losses, expected = run_to_the_end(make_trainer(tmp_path / "whole"), 20)
    kill_after(make_trainer(tmp_path / "cut", save_every_s=0), killed_after, Budget(steps=20))
    resumed, weights = run_to_the_end(make_trainer(tmp_path / "cut"), 20)
    assert resumed == losses[20 - len(resumed) :]
    assert_identical(expected, weights)


def test_a_longer_run_goes_on_from_the_constant_part(tmp_path):
    _, expected = run_to_the_end(make_trainer(tmp_path / "whole"), 40)
    run_to_the_end(make_trainer(tmp_path / "extended"), 20)
    losses, weights = run_to_the_end(make_trainer(tmp_path / "extended"), 40)
    assert len(losses) == 40 - 16  # the decay over the last fifth is done again
    assert_identical(expected, weights)


def test_a_finished_run_asked_for_no_more_stays_as_it_is(tmp_path):
    _, expected = run_to_the_end(make_trainer(tmp_path), 20)
    losses, weights = run_to_the_end(make_trainer(tmp_path), 20)
    assert not losses
    assert_identical(expected, weights)


def test_a_run_stopped_early_takes_a_smaller_budget(tmp_path):
    kill_after(make_trainer(tmp_path, save_every_s=0), 8, Budget(steps=100))
    run_to_the_end(trainer := make_trainer(tmp_path), 20)
    assert trainer.state.step == 20


def test_a_finished_run_in_minutes_is_not_decayed_again(tmp_path):
    list(make_trainer(tmp_path).run(Budget(minutes=0.002)))
    assert not list(make_trainer(tmp_path).run(Budget(minutes=0.002)))


def test_a_run_in_minutes_warms_up_and_decays(tmp_path):
    trainer = make_trainer(tmp_path)
    steps = [progress.steps for progress in trainer.run(Budget(minutes=0.005))]
    assert steps[0] is None
    assert trainer.state.step == steps[-1]
    assert (tmp_path / "stable.pt").is_file()


def test_the_rate_rises_holds_and_falls(tmp_path):
    trainer = make_trainer(tmp_path)
    rates = [trainer.optimizer.param_groups[0]["lr"] for _ in trainer.run(Budget(steps=20))]
    assert rates[:3] == pytest.approx([1e-2 / 3, 2e-2 / 3, 1e-2])
    assert set(rates[3:16]) == {1e-2}
    assert rates[16:] == pytest.approx([1e-2, 0.75e-2, 0.5e-2, 0.25e-2])


def test_the_average_soon_forgets_where_it_started(tmp_path):
    trainer = make_trainer(tmp_path)
    start = [weight.clone() for weight in trainer.averaged.parameters()]
    run_to_the_end(trainer, 100)
    moved = distance(trainer.network.parameters(), start)
    assert distance(trainer.network.parameters(), trainer.averaged.parameters()) < moved / 4


def test_the_curve_is_kept_beside_the_checkpoints(tmp_path):
    run_to_the_end(make_trainer(tmp_path), 20)
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["5", "10", "15", "20"]
    assert float(rows[0]["psnr"]) == 20.0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="needs a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_run_goes_on_compiled(tmp_path):
    plain, _ = run_to_the_end(make_trainer(tmp_path), 20)
    compiled, weights = run_to_the_end(make_trainer(tmp_path, compiled=True), 40)
    assert compiled[-1] < min(plain)
    make_trainer(tmp_path / "plain").network.load_state_dict(weights)


def test_another_seed_is_refused_on_resuming(tmp_path):
    run_to_the_end(make_trainer(tmp_path), 5)
    with pytest.raises(SettingError, match="has seed 0, not 1"):
        run_to_the_end(make_trainer(tmp_path, seed=1), 5)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "latest.pt").write_bytes(b"half a checkp")
    with pytest.raises(WeightsError, match="remove it to start anew"):
        run_to_the_end(make_trainer(tmp_path), 5)


@pytest.mark.parametrize(
    "amounts",
    [
        {},
        {"steps": 1, "minutes": 1},
        {"steps": 0},
        {"minutes": 0},
        {"minutes": float("nan")},
        {"minutes": float("inf")},
    ],
)
def test_a_budget_that_cannot_be_is_refused(amounts):
    with pytest.raises(SettingError):
        Budget(**amounts)
