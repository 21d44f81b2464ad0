"""How fast this machine is, measured by itself, and how long pictures therefore take."""

import time
from contextlib import suppress

import numpy as np

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import DenoiseError
from denoise.images.picture import Picture
from denoise.inference.settings import DEFAULTS, Settings
from denoise.ui.server.service import Service
from denoise.ui.server.zero_gpu import is_lent
from denoise.ui.stage.pictures import StagePicture

SIDE = 640  # pixels of what is measured
UNREAD_MPIXEL = 4.0  # of a picture whose size is not known yet
UNMEASURED_S = 2.0  # a Mpixel and pass, before anything was measured
USUAL_PASSES = 3


def _ignore(done: int, total: int, unit: str = "tiles") -> None:
    pass


class Speeds:
    """Seconds for a Mpixel and a pass, by network.

    Args:
        service: whose networks they are.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seconds: dict[str, float] = {}

    def measure(self) -> None:
        """Run each network for photos once over a tile; called once, when the server is up."""
        if is_lent():
            return
        noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        photo = [
            facts.name
            for facts in self._service.zoo.list_models()
            if facts.needs.domain == "photo" and facts.needs.takes_sigma
        ]
        with suppress(DenoiseError):  # the first run over a large picture takes longer
            at_auto = Picture(noise.repeat(2, axis=1))
            self._service.denoise_shown(at_auto, DEFAULT_MODEL, DEFAULTS, on_step=_ignore)
        for name in sorted(photo, key=lambda one: one != DEFAULT_MODEL):
            with suppress(DenoiseError):
                self._seconds[name] = self._time(name, Picture(noise)) * 1e6 / SIDE**2

    def _time(self, model: str, picture: Picture) -> float:
        """Return the seconds of one pass."""
        ticks: list[float] = []

        def note(done: int, total: int, unit: str = "tiles") -> None:  # noqa: ARG001
            if unit != "bytes":
                ticks.append(time.perf_counter())

        told = Settings(sigma=25 / 255)
        self._service.denoise_shown(picture, model, told, on_step=note)
        return ticks[-1] - ticks[0]

    def of(self, model: str) -> float:
        """Return the seconds of one pass over a Mpixel."""
        known = self._seconds
        return known.get(model) or known.get(DEFAULT_MODEL) or UNMEASURED_S

    def seconds_left(self, picture: StagePicture) -> float:
        """Return about how many seconds the work on a picture will take yet."""
        done, total = picture.done, picture.total
        if picture.phase == "cleaning" and done >= 2:
            one_pass = (picture.stepped - picture.worked_since) / done
            return max(one_pass * (total - done) - (time.monotonic() - picture.stepped), 1.0)
        mpixel = UNREAD_MPIXEL if picture.size is None else np.prod(picture.size) / 1e6
        share = 1.0 if not total or picture.phase != "cleaning" else 1 - done / total
        passes = 1 if picture.choice.sigma is not None else USUAL_PASSES
        passes *= 8 if picture.choice.ensemble else 1
        return float(mpixel * passes * share * self.of(picture.choice.model))
