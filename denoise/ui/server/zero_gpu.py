"""Networks on a GPU that a Space on ZeroGPU lends them for the time of one call.

The main process has no GPU there: a call that wants one is run in a process forked from it, so
that arguments and answers are pickled, and networks are found by name in what was forked.
"""

import sys
from collections.abc import Callable, Iterator
from functools import cache
from math import ceil
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image
from torch import Tensor

from denoise.errors import DenoiseError
from denoise.images.picture import Picture
from denoise.inference.denoiser import Denoiser
from denoise.inference.insides import Insides
from denoise.inference.report import Denoised
from denoise.inference.settings import DEFAULTS, Settings
from denoise.inference.sigma_plan import SigmaPlan
from denoise.progress import OnTile, Preview
from denoise.ui.server.progress import Step, watch
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo

START_S = 10  # for the fork, the start of CUDA, and what is estimated on the CPU
UNMEASURED_S = 5.0  # a Mpixel, as the zoo's slowest network takes
MAX_S = 120  # more is not lent to everybody

CallT = TypeVar("CallT", bound=Callable[..., Any])
AnyImage = Any  # of any type that a Denoiser takes


class _Failure(NamedTuple):
    """A sentence for the user; what is raised over there arrives without its text."""

    error: DenoiseError


def is_lent() -> bool:
    """Return whether GPUs are lent here: ui/launch.py imports `spaces` where it runs on ZeroGPU."""
    return "spaces" in sys.modules


def gpu(task: CallT | None = None, *, duration: int | Callable[..., int] | None = None) -> Any:
    """Return `spaces.GPU` where GPUs are lent, and changes nothing elsewhere.

    Args:
        task: the function; None where it is written `@gpu(duration=...)`.
        duration: seconds it may take, or what gives them from the function's arguments.
    """
    if not is_lent():
        return (lambda same: same) if task is None else task
    decorate = sys.modules["spaces"].GPU(duration=duration)
    return decorate if task is None else decorate(task)


def seconds(model: str, _: str, image: AnyImage, settings: Settings = DEFAULTS, *__: Any) -> int:
    """Return for how many seconds to book a GPU for a picture."""
    return booked_seconds(_here(model).facts, image, settings)


def booked_seconds(facts: ModelFacts, image: AnyImage, settings: Settings = DEFAULTS) -> int:
    """Return for how many seconds to book a GPU, from the network's measured speed.

    The speed was measured on two CPU cores; a Space's GPU is faster, so that is always enough.
    """
    passes = (8 if settings.ensemble else 1) * (2 if settings.texture else 1)
    work_s = passes * (facts.seconds_per_mpixel or UNMEASURED_S) * _pixels(image) / 1e6
    return START_S + ceil(min(work_s, MAX_S - START_S))


class LentDenoiser(Denoiser):
    """A Denoiser whose passes run on a lent GPU; its network must be there before the first fork.

    Everything else is done in the main process, where `spaces` lets CUDA seem to be there.
    """

    def __init__(self, model: str, zoo: Zoo | None = None) -> None:
        super().__init__(model, device="auto", zoo=zoo or Zoo(takes_addresses=False))
        if self.facts.textured is not None:
            _ = self._textured
        if self.facts.guide is not None:
            _ = self._pilot
        _HERE[model] = self
        _lent()  # a Space must have decorated something before its page is there

    def run(
        self,
        image: AnyImage,
        settings: Settings = DEFAULTS,
        *,
        on_tile: OnTile | None = None,
        always_estimate: bool = True,
        preview: Preview | None = None,  # noqa: ARG002  # a lent GPU is done before it is looked at
        plan: SigmaPlan | None = None,
    ) -> Denoised:
        """Do what `Denoiser.run` does, but show nothing on the way."""
        self.check(settings)  # before a GPU is lent for nothing
        asked = (self._asked, "run", image, settings, always_estimate, plan)
        for answer in _lent().run(*asked):
            if isinstance(answer, _Failure):
                raise answer.error
            if isinstance(answer, Denoised):
                return answer
            if on_tile is not None:
                on_tile(answer.done, answer.total)
        raise DenoiseError("The GPU was taken away before the picture was done; try again.")

    def encode(self, image: AnyImage) -> Tensor:
        """Do what `Denoiser.encode` does."""
        codes: Tensor = self._ask("encode", image)
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """Do what `Denoiser.decode` does."""
        pictures: Tensor = self._ask("decode", codes)
        return pictures

    def look_inside(self, image: AnyImage) -> Insides:
        """Do what `Denoiser.look_inside` does."""
        insides: Insides = self._ask("look_inside", image)
        return insides

    def _ask(self, task: str, image: AnyImage) -> Any:
        answer = _lent().ask(self._asked, task, image)
        if isinstance(answer, _Failure):
            raise answer.error
        return answer


_HERE: dict[str, LentDenoiser] = {}  # by model; a fork has those of its parent


class _Lent(NamedTuple):
    """The functions that are run where a GPU is lent."""

    run: Callable[..., Iterator[Step | Denoised | _Failure]]
    ask: Callable[..., Any]


@cache
def _lent() -> _Lent:
    return _Lent(gpu(_run, duration=seconds), gpu(_ask, duration=seconds))


def _run(
    model: str,
    _: str,
    image: AnyImage,
    settings: Settings,
    always_estimate: bool,
    plan: SigmaPlan | None,
) -> Iterator[Step | Denoised | _Failure]:
    """Yield a Step after every tile, and the denoised image last."""

    def work(on_tile: OnTile) -> Denoised:
        return Denoiser.run(
            _here(model),
            image,
            settings,
            on_tile=on_tile,
            always_estimate=always_estimate,
            plan=plan,
        )

    try:
        yield from watch(work, lambda: None)
    except DenoiseError as error:
        yield _Failure(error)


def _ask(model: str, task: str, image: AnyImage) -> Any:
    try:
        return getattr(Denoiser, task)(_here(model), image)
    except DenoiseError as error:
        return _Failure(error)


def _here(model: str) -> LentDenoiser:
    return _HERE[model] if model in _HERE else LentDenoiser(model)


def _pixels(image: AnyImage) -> int:
    if isinstance(image, Image.Image):
        return image.width * image.height
    shape = np.shape(image.pixels if isinstance(image, Picture) else image)
    if isinstance(image, Tensor):
        return int(np.prod((shape[0], *shape[2:])))
    return int(np.prod(shape[:2]))
