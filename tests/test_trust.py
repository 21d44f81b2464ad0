"""The short form of `make trust`, and what it takes for a fault."""

import sys

import httpx
import pytest
from attacks.bars import Bar, format_bars
from attacks.outcomes import LOGGED, REFUSED, SERVED, judge, judge_event
from places import ROOT
from trust import LONG, SHORT, attack, missed

from denoise.ui.server.failures import BUG


def answer(status, text):
    return httpx.Response(status, text=text, request=httpx.Request("GET", "http://a"))


@pytest.mark.parametrize(
    ("status", "text", "is_fault"),
    [
        (200, "a picture", False),
        (404, "There is nothing here.", False),
        (503, "The queue is full.", False),
        (404, "", True),
        (404, "<!DOCTYPE html><p>There is nothing here.", True),
        (422, 'Traceback (most recent call last):\n  File "/srv/app.py"', True),
        (500, "Internal Server Error", True),
        (200, BUG.format("1a2b"), True),
    ],
)
def test_what_is_no_answer_and_no_sentence_is_a_fault(status, text, is_fault):
    assert (judge(answer(status, text)) not in (SERVED, REFUSED)) == is_fault


def test_a_job_that_ends_without_a_sentence_is_a_fault():
    assert judge_event("error", {"error": "It is damaged."}) == REFUSED
    assert LOGGED in judge_event("error", {"error": BUG.format("1a2b")})
    assert judge_event("error", None) not in (SERVED, REFUSED)
    assert judge_event("error", {"error": f"no file {ROOT}/a.png"}) not in (SERVED, REFUSED)


def test_a_bar_that_is_missed_counts_unless_load_moves_it_in_the_short_form():
    late, large = Bar("wait", 3, 2, "s", is_timed=True), Bar("growth", 51, 50, "MB")
    assert missed([late, large, Bar("growth", 50, 50, "MB")], LONG) == [late, large]
    assert missed([late, large], SHORT) == [large]
    assert "| wait | 3.0 s | 2 s | MISSED |" in format_bars([late])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="clients need addresses of their own")
def test_every_attack_is_served_or_refused_with_a_sentence(tmp_path):
    tallies, bars = attack(SHORT, tmp_path / "server")
    assert [other for tally in tallies for other in tally.others] == []
    assert all(tally.tried for tally in tallies)
    assert missed(bars, SHORT) == []
