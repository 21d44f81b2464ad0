"""What a viewer is told of a picture, as JSON holds it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from denoise.ui.stage.pictures import Outcome, StagePicture
from denoise.ui.stage.visits import Visits

SAID = ("waiting", "turn")  # phases in which others are ahead
Say = Callable[[str], str]  # translates a sentence


def state_of(picture: StagePicture, visits: Visits, say: Say) -> dict[str, Any]:
    """Return all that a viewer needs to show a picture."""
    with picture.lock:
        outcome, shown = picture.outcome, picture.phase
        state: dict[str, Any] = {
            "id": picture.id,
            "name": picture.name,
            "bytes": picture.bytes,
            "format": picture.format,
            "becomes": picture.becomes,
            "phase": "waiting" if shown == "turn" else shown,
            "sentence": say(picture.sentence) if picture.sentence else "",
            "size": picture.size,
            "choice": asdict(picture.choice),
            "done": picture.done,
            "total": picture.total,
            "look": _box(picture.look),
            "parts": [] if outcome is None else list(outcome.parts),
            "run": None if outcome is None else id(outcome),
        }
    if shown in SAID:
        ahead, seconds = visits.ahead_of(picture)
        state |= {"ahead": ahead, "ahead_s": round(seconds)}
    if shown == "cleaning":
        state["left_s"] = round(visits.speeds.seconds_left(picture))
    if shown == "done" and outcome is not None:
        state |= {"report": outcome.report, "file": _file(outcome)}
        state["warnings"] = [say(one) for one in outcome.report.get("warnings", [])]
    return state


def _box(region: tuple[slice, slice] | None) -> list[int] | None:
    """Return x, y, width and height."""
    if region is None:
        return None
    rows, columns = region
    return [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start]


def _file(outcome: Outcome) -> dict[str, Any] | None:
    """Return name and size of the file that was written first: the one of the usual wishes."""
    file: Path | None = next(iter(outcome.files.values()), None)
    if file is None or not file.is_file():
        return None
    return {"name": file.name, "bytes": file.stat().st_size}
