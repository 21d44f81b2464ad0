import numpy as np
import pytest

from denoise import Denoiser
from denoise.datasets.synthetic import draw_clothing
from denoise.errors import SettingError
from denoise.training.lesson import HELD_OUT, SHOWN, Lesson, LessonTraining
from denoise.ui.tabs import classroom
from denoise.ui.tabs.train import Classroom
from denoise.weights.facts import read_facts

DESCRIBED = [{"name": "made", "pictures": "756", "license": "Apache-2.0"}]
PICTURES = draw_clothing(HELD_OUT + 256)[0]


@pytest.fixture
def training(tmp_path):
    return LessonTraining(Lesson(epochs=20), PICTURES, DESCRIBED, tmp_path)


def test_a_lesson_teaches(training):
    looks = list(training.run(every_s=0))
    first, last = looks[0], looks[-1]
    assert (first.step, last.step, last.steps) == (1, 40, 40)
    assert [epoch for epoch, _ in last.losses] == [step / 2 for step in range(1, 41)]
    assert last.losses[-1][1] < 0.5 * first.losses[0][1]
    assert last.held_out[-1][1] > last.held_out[0][1] + 1
    noisy, denoised, clean = last.pictures
    assert noisy.shape == (SHOWN, 28, 28)
    assert np.array_equal(clean, PICTURES[:SHOWN, 0].numpy() / np.float32(255))
    assert np.mean((denoised - clean) ** 2) < np.mean((noisy - clean) ** 2)


def test_what_was_learned_is_a_network_like_those_of_the_zoo(training, tmp_path):
    last = list(training.run())[-1]
    facts = training.write()
    assert facts == read_facts("conv-fashion-mine", tmp_path)
    assert facts.needs.trained_sigma == (0.4, 0.4)
    assert facts.training_data == DESCRIBED
    assert "noise of 0.4 drawn once; mean squared error; Adam; 20 epochs" in facts.recipe["method"]
    denoiser = Denoiser(facts.name, zoo=tmp_path, device="cpu")
    denoised = denoiser(np.array(last.pictures[0, 0]))
    assert np.abs(denoised - last.pictures[1, 0]).max() < 1e-5


def test_the_last_of_the_pictures_alone_are_trained_on(training):
    assert len(training.trainer.task.pictures) == len(PICTURES) - HELD_OUT
    assert len(training.trainer.task.held_out) == HELD_OUT


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "conv-photo"},
        {"images": "cifar"},
        {"loss": "hope"},
        {"optimizer": "magic"},
        {"factor": 1.5},
        {"epochs": 0},
        {"epochs": 51},
    ],
)
def test_what_is_no_lesson_is_refused(wrong):
    with pytest.raises(SettingError, match=r"\.$"):
        Lesson(**wrong).check()


@pytest.mark.parametrize(
    ("model", "optimizer"),
    [
        ("dense-mnist", "SGD with momentum"),
        ("conv-mnist", "Adadelta"),
        ("sparse-mnist", "Adam"),
    ],
)
def test_all_networks_and_optimisers_learn(tmp_path, model, optimizer):
    lesson = Lesson(model, "fashion-mnist", 0.4, "Binary cross-entropy", optimizer, 8)
    looks = list(LessonTraining(lesson, PICTURES, DESCRIBED, tmp_path).run(every_s=0))
    assert looks[-1].losses[-1][1] < 0.99 * looks[0].losses[0][1]


def test_one_training_at_a_time():
    classroom = Classroom()
    refused = pytest.raises(SettingError, match="Somebody else is training")
    with classroom.seat("ann"), refused, classroom.seat("ben"):
        pass
    with classroom.seat("ben") as is_over:
        assert not is_over()


def test_only_the_visitor_who_trains_stops_it():
    classroom = Classroom()
    with classroom.seat("ann") as is_over:
        classroom.stop("ben")
        assert not is_over()
        classroom.stop("ann")
        assert is_over()
    with classroom.seat("ben") as is_over:
        assert not is_over()


def test_a_training_does_not_last_for_ever(monkeypatch):
    monkeypatch.setattr(classroom, "MAX_MINUTES", 0)
    with Classroom().seat("ann") as is_over:
        assert is_over()


def test_who_leaves_makes_room():
    classroom = Classroom()
    with pytest.raises(GeneratorExit), classroom.seat("ann"):
        raise GeneratorExit
    with classroom.seat("ben") as is_over:
        assert not is_over()
