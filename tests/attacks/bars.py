"""What an attack may cost at most, each a row of its own."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A figure that was measured, and what it may be at most."""

    what: str
    found: float
    most: float
    unit: str
    is_timed: bool = False  # other load on the machine moves it

    @property
    def is_held(self) -> bool:
        """Whether the figure is low enough."""
        return self.found <= self.most


def format_bars(bars: Iterable[Bar]) -> str:
    """Return the table as Markdown."""
    lines = ["| bar | found | at most | |", "|---|---|---|---|"]
    lines += [
        f"| {one.what} | {one.found:,.1f} {one.unit} | {one.most:,.0f} {one.unit} "
        f"| {'held' if one.is_held else 'MISSED'} |"
        for one in bars
    ]
    return "\n".join(lines)
