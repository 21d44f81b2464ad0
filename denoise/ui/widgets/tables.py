"""Tables of figures: shown with a fixed number of digits, sorted as the numbers that they are."""

from collections.abc import Callable, Sequence
from typing import Any

Table = dict[str, Any]  # as gr.Dataframe takes it, but for the headers


def table_of(rows: Sequence[Sequence[Any]], formats: Sequence[str]) -> Table:
    """Return rows as a table: each cell in its column's format, None as an empty cell."""
    shown = [
        ["" if cell is None else format(cell, one) for cell, one in zip(row, formats, strict=True)]
        for row in rows
    ]
    return {"data": [list(row) for row in rows], "metadata": {"display_value": shown}}


def say_table(table: Table, say: Callable[[str], str]) -> Table:
    """Translate the texts of a table."""

    def say_all(rows: list[list[Any]]) -> list[list[Any]]:
        return [[say(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]

    said = table | {"data": say_all(table["data"])}
    if metadata := table.get("metadata"):
        shown = say_all(metadata["display_value"])
        said["metadata"] = metadata | {"display_value": shown}
    return said
