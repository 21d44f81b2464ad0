"""What a caller may set of the work of a `Denoiser`."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from denoise.errors import SettingError
from denoise.sigma import Sigma, check_sigma


@dataclass(frozen=True)
class Settings:
    """The settings of one call, checked.

    Raises:
        SettingError: one that is out of its range.
    """

    sigma: Sigma = None  # noise level in [0,1]; None: auto
    strength: float = 1.0  # of the change, 0 (none) to 1
    ensemble: bool = False  # whether to average over the eight orientations
    texture: float = 0.0  # 0 (faithful) to 1 (all of the textured counterpart)
    detail: float = 0.0  # 0 (none) to 1: share of the removed detail that is given back
    choose: bool = False  # whether to try several noise levels and use the best

    def __post_init__(self) -> None:
        if self.sigma is not None and not isinstance(self.sigma, Tensor):
            check_sigma(self.sigma)
        for name in ("ensemble", "choose"):
            if not isinstance(value := getattr(self, name), bool):
                raise SettingError(f"{name} is true or false; {value!r} is not.")
        if self.choose and self.sigma is not None:
            raise SettingError("Tell sigma, or have it chosen; not both.")
        for name in ("strength", "texture", "detail"):
            _check_share(name, getattr(self, name))


def _check_share(name: str, value: object) -> None:
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not (is_number and 0 <= value <= 1):  # type: ignore[operator]
        raise SettingError(f"The {name} is a number from 0 to 1; {value!r} is not.")
