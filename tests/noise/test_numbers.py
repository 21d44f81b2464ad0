import pytest

from denoise.noise.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "number"), [("0.1", 0.1), ("25/255", 25 / 255), ("12.5/255", 12.5 / 255), ("-1", -1)]
)
def test_a_level_is_a_number_or_a_fraction(text, number):
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["much", "", "1/0", "1/", "/255", "1/2/3", "9" * 400 + "/x"])
def test_what_is_neither_is_refused(text):
    with pytest.raises(ValueError, match=r"could not convert|divides by zero"):
        parse_number(text)
