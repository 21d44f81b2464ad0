"""Callbacks that report the progress of work."""

from collections.abc import Callable
from typing import Any, Protocol

from numpy.typing import NDArray

OnBytes = Callable[[int, int], None]  # done, total
OnTile = Callable[[int, int], None]


class Preview(Protocol):
    """Watches a picture while it is denoised, and says where to begin."""

    def begin(self, plan: Any) -> None:
        """Take what was found out about the noise: the plan for other runs over parts of it."""

    def next_region(self) -> tuple[slice, slice] | None:
        """Return rows and columns to denoise before anything else; None: as it comes."""

    def show(self, rows: slice, columns: slice, pixels: NDArray[Any]) -> None:
        """Take denoised pixels, (H, W, C), that are final but for `detail`."""
