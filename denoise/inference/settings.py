"""The settings of a `Denoiser`'s work."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from denoise.errors import SettingError
from denoise.noise.numbers import parse_number

Sigma = float | Tensor | None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one call; SettingError: one of them is out of its range."""

    sigma: Sigma = None  # noise level in [0,1]; None: auto
    strength: float = 1.0  # of the change, 0 (none) to 1
    ensemble: bool = False  # whether to average over the eight orientations
    texture: float = 0.0  # 0 (faithful) to 1 (all of the textured counterpart)
    detail: float = 0.0  # 0 (none) to 1: share of the removed detail that is given back
    linear: bool = False  # whether values are proportional to light

    def __post_init__(self) -> None:
        if self.sigma is not None and not isinstance(self.sigma, Tensor):
            check_sigma(self.sigma)
        for name in ("ensemble", "linear"):
            if not isinstance(value := getattr(self, name), bool):
                raise SettingError(f"{name} is true or false; {value!r} is not.")
        for name in ("strength", "texture", "detail"):
            _check_share(name, getattr(self, name))


def _check_share(name: str, value: object) -> None:
    if not (_is_number(value) and 0 <= value <= 1):  # type: ignore[operator]
        raise SettingError(f"The {name} is a number from 0 to 1; {value!r} is not.")


def check_sigma(sigma: float) -> float:
    """Return sigma; SettingError: it is no standard deviation in [0,1]."""
    if _is_number(sigma) and 0 <= sigma <= 1:
        return sigma
    hint = ""
    if isinstance(sigma, str):
        hint = _hint_for_text(sigma)
    elif _is_number(sigma) and 1 < sigma <= 255:
        hint = f" Did you mean {sigma:g}/255 = {sigma / 255:.3g}?"
    raise SettingError(
        "Sigma is the noise's standard deviation, a number from 0 to 1 where white is 1; "
        f"{sigma!r} is not.{hint}"
    )


def as_planes(sigma: Sigma, shape: tuple[int, ...]) -> Tensor | None:
    """Return sigma as (N or 1, 1, H or 1, W or 1) float32, for images of a shape (N, H, W, C)."""
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


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _hint_for_text(text: str) -> str:
    """Return a hint on what to write in place of a text, which JSON may hold."""
    if text.strip() == "auto":
        return " For auto leave it out, or give null."
    try:
        value = parse_number(text)
    except ValueError:
        return ""
    return f" Write the number {value:.4g}, without quotes." if 0 <= value <= 1 else ""


DEFAULTS = Settings()
