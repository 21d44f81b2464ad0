import numpy as np
import pytest

from denoise.cli.main import main
from denoise.evaluation import kinds
from denoise.evaluation.kinds import EQUAL, Judged, judge_kinds, measure_auto
from denoise.evaluation.situations import NOISY_JPEGS, SITUATIONS, Situation
from denoise.metrics import psnr

NAMES = [situation.name for situation in SITUATIONS]
NOISY = next(one for one in SITUATIONS if not one.is_clean)
CLEAN = next(one for one in SITUATIONS if one.is_clean)


def test_there_are_many_situations_each_of_its_own_name():
    assert len(NAMES) >= 40
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("situation", SITUATIONS, ids=NAMES)
def test_a_situation_is_the_same_each_time_and_spoilt_unless_clean(situation):
    first, again = situation.make(), situation.make()
    assert first.clean.shape == first.given.shape
    assert first.clean.dtype == first.given.dtype == np.uint8
    assert np.array_equal(first.given, again.given)
    assert np.array_equal(first.clean, first.given) == situation.is_clean
    assert situation.is_clean or psnr(first.clean, first.given) < 50


def test_spoiling_leaves_the_subject_alone():
    before = NOISY.make().clean.copy()
    NOISY.make()
    assert np.array_equal(NOISY.make().clean, before)


def leave_alone(image, sigma=None):
    return image


def test_a_method_that_does_nothing_leaves_clean_pictures_and_harms_none():
    (clean,), (noisy,) = (list(judge_kinds(leave_alone, [one])) for one in (CLEAN, NOISY))
    assert (clean.auto, clean.faults) == (EQUAL, [])
    assert noisy.auto == noisy.given == noisy.best
    assert noisy.faults == []


def test_noisy_jpegs_are_of_all_strengths_and_come_out_as_they_are_made():
    assert len(NOISY_JPEGS) == 96
    weak, strong = NOISY_JPEGS[0], NOISY_JPEGS[24]
    figures = measure_auto(leave_alone, [weak, strong])
    assert figures == [psnr(*one.make()) for one in (weak, strong)]
    assert figures[0] > figures[1] + 5


def smear(image, sigma=None):
    return image // 64 * 64


def test_smearing_is_a_fault_of_either():
    (clean,), (noisy,) = (list(judge_kinds(smear, [one])) for one in (CLEAN, NOISY))
    assert clean.faults == ["clean, yet changed: below 41 dB"]
    assert noisy.faults[0].startswith("worse than it was by")
    assert noisy.best >= noisy.given


def give_the_truth_when_told(image, sigma=None):
    return image if sigma is None else NOISY.make().clean


def test_being_far_behind_a_setting_is_a_fault():
    (judged,) = judge_kinds(give_the_truth_when_told, [NOISY])
    assert judged.setting == "told 2/255"
    assert judged.faults == [f"{EQUAL - judged.auto:.1f} dB behind told 2/255"]


@pytest.mark.parametrize(
    ("auto", "count"), [(30.0, 0), (29.85, 1), (28.8, 2)], ids=["right", "harmed", "both"]
)
def test_limits_are_kept_to(auto, count):
    judged = Judged(Situation("one", "coffee", NOISY.spoil), 30.0, auto, 30.0, "as it was")
    assert len(judged.faults) == count


@pytest.mark.parametrize(("auto", "code", "word"), [(33.0, 0, "right"), (20.0, 1, "worse than")])
def test_the_command_prints_every_situation(auto, code, word, monkeypatch, capsys):
    judged = Judged(NOISY, 30.0, auto, 33.5, "told 20/255")
    monkeypatch.setattr(kinds, "judge_kinds", lambda denoiser: [judged])
    assert main(["benchmark", "--kinds"]) == code
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.startswith(f"| {NOISY.name} | 30.00 | {auto:.2f} | 33.50 | told 20/255 | {word}")
