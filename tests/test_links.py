import gradio as gr
import pytest

from denoise.errors import DenoiseError
from denoise.ui.links import NAMES, settings_of


def test_an_address_becomes_the_updates_of_the_controls():
    asked = {"kind": "jpeg", "level": "0.6", "seed": "3", "gray": "true", "network": "gan-photo"}
    found = dict(zip(NAMES, settings_of(asked), strict=True))
    assert found["network"] == "gan-photo"
    assert (found["kind"], found["seed"], found["gray"]) == ("jpeg", 3, True)
    assert (found["level"]["value"], found["level"]["maximum"]) == (0.6, 0.99)
    assert found["mixture"] == gr.skip()


def test_an_address_without_settings_is_that_of_the_defaults():
    found = dict(zip(NAMES, settings_of({}), strict=True))
    assert (found["kind"], found["level"]["value"], found["seed"]) == ("gaussian", 0.1, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "fog"),
        ("level", "7"),
        ("level", "much"),
        ("level", "nan"),
        ("seed", "-1"),
        ("seed", "x"),
        ("seed", "9" * 400),
        ("network", "../secret"),
        ("mixture", "gaussian:0.1;rm"),
    ],
)
def test_what_there_is_not_is_refused(name, value):
    with pytest.raises(DenoiseError):
        settings_of({name: value})


def test_a_level_may_be_a_fraction_and_a_mixture_have_plain_plus_signs():
    asked = {"level": "25/255", "mixture": "gaussian:0.1 salt-pepper:0.02"}
    found = dict(zip(NAMES, settings_of(asked), strict=True))
    assert found["level"]["value"] == 25 / 255
    assert found["mixture"] == "gaussian:0.1+salt-pepper:0.02"
