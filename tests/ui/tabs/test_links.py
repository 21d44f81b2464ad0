import pytest

from denoise.ui.tabs.links import digits_settings_of, settings_of, training_settings_of


def test_an_address_becomes_the_updates_of_the_controls():
    asked = {"kind": "jpeg", "level": "0.6", "seed": "3", "gray": "true", "network": "gan-photo"}
    found, refused = settings_of(asked)
    assert found["network"] == "gan-photo"
    assert (found["kind"], found["seed"], found["gray"]) == ("jpeg", 3, True)
    assert (found["level"]["value"], found["level"]["maximum"]) == (0.6, 0.99)
    assert "mixture" not in found
    assert not refused


@pytest.mark.parametrize("asked", [{}, {"mixture": "", "level": ""}])
def test_an_address_without_settings_is_that_of_the_defaults(asked):
    found, refused = settings_of(asked)
    assert not refused
    assert (found["kind"], found["level"]["value"], found["seed"]) == ("gaussian", 0.1, 0)


GOOD = {
    "network": "gan-photo",
    "kind": "jpeg",
    "level": "0.6",
    "seed": "3",
    "gray": "true",
    "eight_bit": "false",
    "clip": "true",
    "mixture": "gaussian:0.1",
    "without": "mosaic",
    "view": "sweep",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "fog"),
        ("level", "7"),
        ("level", "much"),
        ("level", "nan"),
        ("level", "1/0"),
        ("level", "1e999999999"),
        ("seed", "-1"),
        ("seed", "x"),
        ("seed", "9" * 400),
        ("network", "../secret"),
        ("mixture", "gaussian:0.1;rm"),
        ("mixture", "gaussian"),
        ("gray", "yes"),
        ("clip", "1"),
        ("view", "attic"),
        ("without", "lens"),
        ("without", "mosaic,lens"),
    ],
)
def test_what_there_is_not_is_left_out_with_a_sentence_and_the_rest_taken(name, value):
    found, refused = settings_of(GOOD | {name: value})
    expected, _ = settings_of({key: text for key, text in GOOD.items() if key != name})
    assert found == expected
    (sentence,) = refused
    assert sentence.startswith(f"The {name} in the address was ignored. ")
    assert len(sentence) < 300


def test_every_value_that_is_not_taken_has_its_sentence():
    found, refused = settings_of({"kind": "fog", "seed": "x", "level": "0.3"})
    assert [sentence.split(" in")[0] for sentence in refused] == ["The kind", "The seed"]
    assert (found["kind"], found["level"]["value"]) == ("gaussian", 0.3)


def test_a_level_may_be_a_fraction_and_a_mixture_have_plain_plus_signs():
    found, _ = settings_of({"level": "25/255", "mixture": "gaussian:0.1 salt-pepper:0.02"})
    assert found["level"]["value"] == 25 / 255
    assert found["mixture"] == "gaussian:0.1+salt-pepper:0.02"


def test_stages_of_a_camera_that_are_left_out_are_off():
    found, _ = settings_of({"kind": "camera", "without": "tone-curve,mosaic"})
    assert found["without"]["value"] == ["white-balance", "color-matrix", "smoothing", "sharpening"]
    assert "without" not in settings_of({"kind": "camera"})[0]


def test_an_address_sets_the_lesson_digits():
    asked = {"samples": "clothing", "sample": "3", "network": "conv-fashion", "factor": "0.8"}
    found, refused = digits_settings_of(asked | {"seed": "7"})
    assert (found["samples"], found["sample"], found["seed"]) == ("clothing", 3, 7)
    assert (found["network"], found["factor"]) == ("conv-fashion", 0.8)
    assert not refused


@pytest.mark.parametrize(
    ("name", "value"),
    [("samples", "cats"), ("sample", "12"), ("network", "conv-fashion"), ("factor", "2")],
)
def test_what_the_lesson_digits_has_not_is_ignored_with_a_sentence(name, value):
    found, (sentence,) = digits_settings_of({name: value, "seed": "3"})
    assert found == {"samples": "digits", "seed": 3}
    assert sentence.startswith(f"The {name} in the address was ignored. ")


def test_an_address_sets_the_lesson_training():
    asked = {"network": "dense-mnist", "samples": "digits", "loss": "Mean absolute error"}
    found, refused = training_settings_of(asked | {"epochs": "0"}, ["dense-mnist"])
    assert found == asked
    assert [one.split(" in")[0] for one in refused] == ["The epochs"]
