"""Callbacks that report how far work is."""

from collections.abc import Callable

OnBytes = Callable[[int, int], None]  # done, in all
OnTile = Callable[[int, int], None]
