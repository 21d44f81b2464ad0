"""Sigma as callers give it, checked, and as planes for a network."""

from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from denoise.errors import SettingError

Sigma = float | Tensor | None


def check_sigma(sigma: float) -> float:
    """Gives sigma back where it is a standard deviation in [0,1].

    Raises:
        SettingError: it is not.
    """
    if _is_number(sigma) and 0 <= sigma <= 1:
        return sigma
    hint = f" Did you mean {sigma:g}/255 = {sigma / 255:.3g}?" if _is_255(sigma) else ""
    if isinstance(sigma, str):
        hint = _hint_for_text(sigma)
    raise SettingError(
        "Sigma is the noise's standard deviation, a number from 0 to 1 where white is 1; "
        f"{sigma!r} is not.{hint}"
    )


def as_planes(sigma: Sigma, shape: tuple[int, ...]) -> Tensor | None:
    """Gives sigma as (N or 1, 1, H or 1, W or 1) float32."""
    if sigma is None:
        return None
    if not isinstance(sigma, Tensor):
        return torch.full((1, 1, 1, 1), float(check_sigma(sigma)))
    count, height, width, _ = shape
    planes = sigma.detach().float().cpu()
    planes = planes.view(-1, 1, 1, 1) if planes.ndim < 2 else planes
    if planes.shape not in ((1, 1, 1, 1), (count, 1, 1, 1), (count, 1, height, width)):
        raise SettingError(
            f"Sigma for {count} image(s) of {width}x{height} is a number, {count} number(s) or "
            f"a map ({count}, 1, {height}, {width}); this one is {tuple(sigma.shape)}."
        )
    for extreme in (planes.min(), planes.max()):
        check_sigma(extreme.item())
    return planes


def cut_planes(sigma: Tensor | None, samples: slice, rows: slice, columns: slice) -> Tensor | None:
    """Gives the planes of a tile; numbers stay numbers."""
    if sigma is None or sigma.numel() == 1:
        return sigma
    return sigma[samples] if sigma.shape[2:] == (1, 1) else sigma[samples, :, rows, columns]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _hint_for_text(text: str) -> str:
    """Gives what to write for a number in a text, such as JSON may hold."""
    if text.strip() == "auto":
        return " For auto leave it out, or give null."
    try:  # a fraction would write out all digits of 1e9999999
        value = float(Fraction(text)) if "/" in text else float(text)
    except (ValueError, ZeroDivisionError, OverflowError):
        return ""
    return f" Write the number {value:.4g}, without quotes." if 0 <= value <= 1 else ""


def _is_255(value: object) -> bool:
    return _is_number(value) and 1 < value <= 255  # type: ignore[operator]
