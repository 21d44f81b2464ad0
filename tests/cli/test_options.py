import click
import pytest
from command_line import run

from denoise.cli.options import Command, Several, parse_level


def test_a_number_that_is_none_is_code_2(photo, tmp_path, capsys):
    assert run("run", photo, "-o", tmp_path / "out.png", "--sigma", "much") == 2
    assert "a number from 0 to 1, a fraction such as 25/255, or auto" in capsys.readouterr().err


def test_sigma_may_be_a_fraction(photo, tmp_path):
    assert run("run", photo, "-o", tmp_path / "a.png", "--sigma", "25/255") == 0
    assert run("run", photo, "-o", tmp_path / "b.png", "--sigma", f"{25 / 255:.17g}") == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_zoo_that_is_no_folder_is_named(tmp_path, capsys):
    assert run("models", "--zoo", tmp_path / "typo") == 2
    assert f"There is no folder {tmp_path / 'typo'}" in capsys.readouterr().err


def given(words):
    """The levels and the model that a command is called with."""

    @click.command(cls=Command)
    @click.option("--levels", cls=Several, type=parse_level)
    @click.option("--model", cls=Several)
    @click.argument("file", required=False)
    def command(levels, model, file):
        return levels, model, file

    return command.main(words, standalone_mode=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--levels 0.1 0.2", ((0.1, 0.2), (), None)),
        ("--levels 25/255", ((25 / 255,), (), None)),
        ("--levels 0.1 --levels 0.2", ((0.1, 0.2), (), None)),
        ("in --levels 0.1 0.2 --model a b", ((0.1, 0.2), ("a", "b"), "in")),
        ("--model a b -- in", ((), ("a", "b"), "in")),
        ("--model=a in", ((), ("a",), "in")),
        ("--model a -", ((), ("a", "-"), None)),
        ("in", ((), (), "in")),
    ],
)
def test_an_option_may_have_several_values(words, expected):
    assert given(words.split()) == expected


@pytest.mark.parametrize("words", ["--levels", "--levels much", "--levels --model a"])
def test_an_option_without_a_value_that_it_takes_is_misuse(words):
    with pytest.raises(click.UsageError):
        given(words.split())
