"""Turn pixels as EXIF tells."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def turn(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an EXIF orientation, 1 to 8: transpose, then mirror across, then down."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return np.require(samples, requirements=["C", "W"])  # Pillow's arrays are read-only
