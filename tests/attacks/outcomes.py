"""What became of each attempt, counted by kind, and the table of all kinds."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx
from places import ROOT

SERVED, REFUSED = "served", "refused"  # anything else is said in words
LOGGED = "It has been logged as"  # what a visitor is told of a fault of the server
LEAKS = ("Traceback", "site-packages", 'File "', "<html", "<!doctype", str(ROOT))  # no sentence
SHOWN = 20  # of what else happened


@dataclass
class Tally:
    """How often something was tried, and what became of it."""

    kind: str
    tried: int = 0
    served: int = 0
    refused: int = 0
    others: list[str] = field(default_factory=list)
    peak_mb: float = 0.0
    slowest_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def attempt(self, what: str, work: Callable[[], str]) -> None:
        """Do something, and count what became of it: SERVED, REFUSED or words on what else."""
        started = time.monotonic()
        try:
            outcome = work()
        except (OSError, httpx.HTTPError, ValueError, KeyError) as error:
            outcome = repr(error)[:300]
        taken_s = time.monotonic() - started
        with self.lock:
            self.tried += 1
            self.served += outcome == SERVED
            self.refused += outcome == REFUSED
            self.slowest_s = max(self.slowest_s, taken_s)
            if outcome not in (SERVED, REFUSED):
                self.others.append(f"{self.kind}: {what}: {outcome}")


def judge(answer: httpx.Response) -> str:
    """Say what became of a request: an answer, a sentence, or something else."""
    if LOGGED in answer.text:
        return f"a fault: {answer.text[:300]}"
    if answer.status_code < 400:
        return SERVED
    is_known = answer.status_code < 500 or answer.status_code == 503
    if is_known and (is_sentence(answer.text) or answer.request.method == "HEAD"):
        return REFUSED
    return f"status {answer.status_code} with {answer.text[:300]!r}"


def judge_event(kind: str, content: object) -> str:
    """Say what became of a job by its last message."""
    if kind == "complete":
        return SERVED
    if kind == "error" and content and LOGGED not in str(content) and is_sentence(str(content)):
        return REFUSED
    return f"{kind} with {str(content)[:300]}"


def is_sentence(text: str) -> bool:
    """Return whether a text says something, and nothing of the machine."""
    return bool(text.strip()) and not any(leak.lower() in text.lower() for leak in LEAKS)


def format_table(tallies: Iterable[Tally]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| kind | tried | served | refused with a sentence | anything else | peak MB | slowest s |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.kind} | {one.tried:,} | {one.served:,} | {one.refused:,} | {len(one.others)} "
        f"| {one.peak_mb:,.0f} | {one.slowest_s:.1f} |"
        for one in tallies
    ]
    return "\n".join(lines)
