"""The quality that a JPEG was written at."""

from typing import Any

import numpy as np

LEAST, MOST = 95, 100  # that are written: a result is worth more than a worn original
# Of luminance at quality 50, in rows (ITU-T T.81, annex K.1).
# fmt: off
_LUMINANCE = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
])
# fmt: on


def find_quality(image: Any) -> int:
    """Return the quality, `LEAST` to `MOST`, whose steps are no coarser than an opened JPEG's."""
    tables = getattr(image, "quantization", None) or {}
    steps = sum(tables.get(0, _LUMINANCE))
    return next((one for one in range(LEAST, MOST) if _steps_at(one) <= steps), MOST)


def _steps_at(quality: int) -> int:
    """Return the sum of the steps of libjpeg at a quality from 50 on."""
    return int(np.clip((_LUMINANCE * (200 - 2 * quality) + 50) // 100, 1, 255).sum())
