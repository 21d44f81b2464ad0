"""What page and HTTP ask for: pictures read within limits, worked on in turn, and written."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import SettingError
from denoise.evaluation.comparison import compare, sweep
from denoise.evaluation.methods import CleanImage, prepare
from denoise.evaluation.results import MethodResult
from denoise.images.picture import OUTPUT_FORMATS, Picture
from denoise.images.writing import losses
from denoise.inference.detail_recovery import give_back_detail
from denoise.inference.insides import Insides
from denoise.inference.pipeline import denoise_picture, estimate_picture, noise_picture
from denoise.inference.report import Denoised, NoiseReport, Report
from denoise.inference.settings import DEFAULTS, Settings
from denoise.inference.sigma_plan import SigmaPlan
from denoise.noise.synthesis import NoiseSpec
from denoise.progress import Preview
from denoise.ui.server.decoding import Decoders
from denoise.ui.server.figures import Figures
from denoise.ui.server.limits import Limits
from denoise.ui.server.loaded_models import LoadedModels, Model
from denoise.ui.server.memory import Memory
from denoise.ui.server.progress import OnStep, Step, watch
from denoise.ui.server.storage import Storage
from denoise.ui.server.turns import Job, Turns
from denoise.ui.server.zero_gpu import is_lent
from denoise.zoo.zoo import Zoo

WARM_SIDE = 64  # pixels; enough to go once through every layer
DEFAULT_NOISE = NoiseSpec()
COMPUTE = "compute"  # concurrency_id of every event that runs a network, one at a time
COMPUTE_LIMIT = 3  # such events: they take turns tile by tile; one may be decoded meanwhile

Pixels = NDArray[Any]  # (H, W) or (H, W, 3)
Change = Callable[[Picture], tuple[Picture, Report | NoiseReport]]


@dataclass(frozen=True, eq=False)
class Result:
    """A written file, the report on it, and the pictures before and after."""

    file: Path
    report: dict[str, Any]
    before: Picture
    after: Picture


class Service:
    """Networks, limits and files behind the page; one service for all visitors.

    Whatever it refuses is a DenoiseError; its generators raise it at the first `next` or later.

    Args:
        device: as for `Denoiser`.
        limits: what is refused, and how long files stay.
        folder: for uploads and results; Gradio must be allowed to serve it. None: a temporary one.
        zoo: holds the networks; None: the bundled ones.
    """

    def __init__(
        self,
        *,
        device: str = "auto",
        limits: Limits | None = None,
        folder: Path | None = None,
        zoo: Zoo | None = None,
    ) -> None:
        self.device = device
        self.limits = limits or Limits()
        self.zoo = zoo or Zoo(takes_addresses=False)
        self.storage = Storage(folder, self.limits)
        self.loaded = LoadedModels(self.zoo, device)
        self._decoders = Decoders(self.limits)
        self.is_ready = False  # the default network is loaded and has run once
        self.fault = ""  # why it never will be
        self.figures: Figures | None = None  # that count what is done
        self._memory = Memory(self.limits.memory)
        self._turns = Turns(self.limits.max_work_s)

    def warm(self) -> None:
        """Load the default network and run it once, so that the first visitor does not wait."""
        self._decoders.warm()
        denoiser = self.loaded.get(DEFAULT_MODEL)
        with self._turns.take():
            if not is_lent():  # a GPU is lent to visitors only
                denoiser.run(np.full((WARM_SIDE, WARM_SIDE, 3), 128, np.uint8))
        self.is_ready = True

    @property
    def is_closing(self) -> bool:
        """Whether new work is refused."""
        return self._turns.is_closing

    def close(self, finish_s: float = 3.0) -> None:
        """Refuse new work, let running work finish, and stop it if that takes longer."""
        self._turns.close(finish_s)
        self._decoders.close()

    def read(self, file: str | Path) -> Picture:
        """Return the picture in an uploaded file; its decoding holds nobody else up.

        Raises:
            ImageError: no picture, a damaged or unsupported one, or one above the limits.
        """
        return self._decoders.decode(file)

    def denoise(
        self,
        file: str | Path,
        model: str = DEFAULT_MODEL,
        settings: Settings = DEFAULTS,
        *,
        image_format: str = "PNG",
        keep_exif: bool = True,
    ) -> Iterator[Step | Result]:
        """Denoise an uploaded file: yield a Step after every tile, and the Result last.

        Steps in bytes come first where the network must be fetched from the Hub. Closing the
        generator stops the work at the next tile. The model is a name in the zoo, or an address
        where those may be asked for; the format is one of `OUTPUT_FORMATS`.
        """

        def work(on_step: OnStep) -> Result:
            denoiser = self.loaded.get(model, partial(on_step, unit="bytes"))

            def after_tile(done: int, total: int) -> None:
                on_step(done, total)
                if not is_lent():  # the time of a lent GPU is not spent on waiting
                    job.pass_turn()

            def change(noisy: Picture) -> tuple[Picture, Report]:
                return denoise_picture(noisy, denoiser, settings, on_tile=after_tile)

            return self._convert(file, change, job, image_format, keep_exif=keep_exif)

        job = self._turns.begin()
        yield from watch(work, job.check)

    def denoise_shown(
        self,
        noisy: Picture,
        model: str,
        settings: Settings,
        *,
        on_step: OnStep,
        preview: Preview | None = None,
        plan: SigmaPlan | None = None,
    ) -> Denoised:
        """Denoise a picture that was read before, in turn with other work.

        `on_step` is called as `denoise` yields steps, and with the unit "turn" when the turn has
        come; what it raises stops the work. Preview and plan are those of `Denoiser.run`.
        """
        denoiser = self.loaded.get(model, partial(on_step, unit="bytes"))
        job = self._turns.begin()

        def after_tile(done: int, total: int) -> None:
            job.check()
            on_step(done, total)
            if not is_lent():
                job.pass_turn()

        height, width = noisy.pixels.shape[:2]
        with self._memory.hold(height * width), job.take_turn():
            on_step(0, 1, "turn")
            return denoise_picture(
                noisy, denoiser, settings, on_tile=after_tile, preview=preview, plan=plan
            )

    def give_back_detail(self, noisy: Pixels, denoised: Pixels, amount: float) -> Pixels:
        """Return denoised pixels with part of the removed detail, in turn with other work."""
        with self._turns.take():
            before, after = (
                pixels.reshape(1, *pixels.shape[:2], -1) for pixels in (noisy, denoised)
            )
            return give_back_detail(before, after, amount).reshape(denoised.shape)

    def add_noise(self, file: str | Path, spec: NoiseSpec = DEFAULT_NOISE) -> Result:
        """Add seeded noise to an uploaded file."""
        return self._convert(file, lambda clean: noise_picture(clean, spec), self._turns.begin())

    def estimate(self, file: str | Path) -> dict[str, Any]:
        """Return a report on how noisy a picture is."""
        picture = self.read(file)
        with self._turns.take():
            return estimate_picture(picture, zoo=self.zoo).to_dict()

    def prepare(self, file: str | Path, methods: Sequence[str] = ()) -> CleanImage:
        """Return an uploaded clean picture in a form that all the methods take."""
        return prepare(self.read(file), methods, zoo=self.zoo)

    def compare(
        self, subject: CleanImage, spec: NoiseSpec, *, is_told: bool = False
    ) -> Iterator[MethodResult]:
        """Yield what `compare` does, one method at a time and in turn with other work.

        Closing the generator stops the work after the method that runs.
        """
        found = compare(subject, spec, self.loaded.get, is_told=is_told)
        yield from self._turns.begin().share(found)

    def sweep(
        self,
        subject: CleanImage,
        spec: NoiseSpec,
        levels: Sequence[float],
        *,
        is_told: bool = False,
    ) -> Iterator[tuple[float, MethodResult]]:
        """Yield what `sweep` does, one method at one level at a time, in turn with other work."""
        found = sweep(subject, spec, levels, self.loaded.get, is_told=is_told)
        yield from self._turns.begin().share(found)

    def denoise_pixels(self, image: Pixels, model: Model) -> Pixels:
        """Return an image denoised at auto, in turn with other work."""
        job = self._turns.begin()
        denoiser = self.loaded.get(model)
        with job.take_turn():
            return denoiser(image, on_tile=lambda *_: job.check())

    def look_inside(self, image: Pixels, model: Model) -> Insides:
        """Return how a network with a code works on an image of its size."""
        denoiser = self.loaded.get(model)
        with self._turns.take():
            return denoiser.look_inside(image)

    def _convert(
        self,
        file: str | Path,
        change: Change,
        job: Job,
        image_format: str = "PNG",
        *,
        keep_exif: bool = True,
    ) -> Result:
        if image_format not in OUTPUT_FORMATS:
            choices = ", ".join(OUTPUT_FORMATS)
            raise SettingError(f"Unknown format {image_format!r}; choose one of: {choices}.")
        started = time.perf_counter()
        before = self.read(file)  # while others compute
        read_s = time.perf_counter() - started
        height, width = before.pixels.shape[:2]
        with self._memory.hold(height * width), job.take_turn():
            after, found = change(before)
            changed = time.perf_counter()
            written = self.storage.write(after, str(file), image_format, keep_exif=keep_exif)
            write_s = time.perf_counter() - changed
        seconds = {"read": round(read_s, 3), "write": round(write_s, 3)}
        report = found.to_dict()
        report["seconds"] = report.get("seconds", {}) | seconds
        report["warnings"] += losses(after, image_format)
        if self.figures is not None:
            self.figures.count_picture(report)
        return Result(written, report, before, after)
