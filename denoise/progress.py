"""Callbacks that report the progress of work."""

from collections.abc import Callable

OnBytes = Callable[[int, int], None]  # done, total
OnTile = Callable[[int, int], None]
