"""SECURITY.md names tests and settings that there are."""

import re

import pytest
from places import ROOT, TESTS

from denoise.ui.environment import VARIABLES

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and "test" in line][1:]
NAMED = [
    (file, test)
    for file, tests in re.findall(r"`([\w/]+\.py)`: ((?:`test_\w+`[,\s]*)+)", TEXT)
    for test in re.findall(r"test_\w+", tests)
]


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_is_named_exists(file, test):
    assert re.search(rf"^def {test}\(", (TESTS / file).read_text("utf-8"), re.MULTILINE)


def test_no_name_of_a_test_is_left_out():
    assert len(re.findall(r"`test_\w+`", TEXT)) == len(NAMED)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_every_row_names_a_test(row):
    assert re.search(r"`test_\w+`", row.rsplit("|", 2)[1])


def test_every_setting_that_is_named_is_known():
    assert set(re.findall(r"DENOISE_\w+", TEXT)) <= VARIABLES
