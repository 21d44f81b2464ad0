"""What page and HTTP ask for: pictures read within limits, worked on, and written where served."""

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import CancelledError, SettingError
from denoise.evaluation.comparison import compare, sweep
from denoise.evaluation.methods import CleanImage, prepare
from denoise.evaluation.results import MethodResult
from denoise.files import write_atomically
from denoise.hub.timeout import RETRY_S
from denoise.images.picture import FORMAT_SUFFIXES, OUTPUT_FORMATS, Picture
from denoise.images.reading import MAX_BYTES, MAX_PIXELS, load_picture
from denoise.images.writing import encode_quickly, losses, save_picture
from denoise.inference.denoiser import Denoiser
from denoise.inference.pipeline import denoise_picture, estimate_picture, noise_picture
from denoise.inference.settings import DEFAULTS, Settings
from denoise.noise.synthesis import NoiseSpec
from denoise.progress import OnBytes
from denoise.ui.server.progress import OnStep, Step, watch
from denoise.ui.server.storage import clean_folder, new_folder, new_home
from denoise.ui.server.zero_gpu import LentDenoiser, is_lent
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo

__all__ = ["Limits", "Result", "Service", "Step"]

MAX_OTHERS = 4  # networks that visitors named by address and that stay in memory
MAX_STEM = 60  # characters of at most 4 bytes; file systems hold 255 bytes a name
RESTARTING = "The server is restarting; try again in a minute."
WARM_SIDE = 64  # pixels; enough to go once through every layer

FoundT = TypeVar("FoundT")
Change = Callable[[Picture], tuple[Picture, dict[str, Any]]]  # gives a report, too
COMPUTE = "compute"  # concurrency_id of every event that runs a network: one at a time


@dataclass(frozen=True)
class Limits:
    """How much one visitor may ask of the server."""

    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES  # of one uploaded file
    queue_size: int = 20  # jobs that may wait
    keep_s: int = 3600  # age at which uploads and results go
    max_work_s: int = 1800  # for one picture


@dataclass(frozen=True, eq=False)
class Result:
    """A written file, the report on it, and the pictures before and after."""

    file: Path
    report: dict[str, Any]
    before: Picture
    after: Picture


class Service:
    """Networks, limits and files behind the page; one serves every visitor.

    Args:
        device: as for `Denoiser`.
        limits: what is refused, and how long files stay.
        folder: for results, which Gradio must be allowed to serve; None: a new temporary one.
        zoo: that networks are from; None: the bundled ones.
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
        self.folder = folder or new_home()
        self.zoo = zoo or Zoo(takes_addresses=False)
        self.is_ready = False  # the default network is loaded and has run once
        self._denoisers: dict[str, Denoiser] = {}
        self._loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._try_again: defaultdict[str, float] = defaultdict(float)  # from then on; monotonic
        self._computing = threading.Lock()
        self._closing = threading.Event()  # nothing new is begun
        self._cancelling = threading.Event()  # nothing is finished

    def denoiser(self, model: str = DEFAULT_MODEL, on_bytes: OnBytes | None = None) -> Denoiser:
        """Gives the denoiser of that name, loaded once.

        One that serves in place of that on the Hub is loaded anew where the Hub is there again.

        Args:
            model: its name in the zoo, or its address where that may be asked for.
            on_bytes: as for `Denoiser`.

        Raises:
            UnknownModelError: no such model.
            WeightsError: weights that are missing, altered or do not fit.
        """
        self.zoo.read_facts(model, on_bytes)
        with self._loading[model]:
            if model not in self._denoisers or self._is_outdone(model):
                made = (
                    LentDenoiser(model, self.zoo)
                    if is_lent()
                    else Denoiser(model, device=self.device, zoo=self.zoo, on_bytes=on_bytes)
                )
                self._make_room(model)
                self._denoisers[model] = made
            return self._denoisers[model]

    def _is_outdone(self, model: str) -> bool:
        """Tells whether the Hub, which could not be reached, has a network that is loaded here."""
        loaded = self._denoisers[model]
        if self.zoo.repository is None or loaded.source != "folder" or is_lent():
            return False
        if time.monotonic() < self._try_again[model]:  # its weights may still not be had
            return False
        is_there = self.zoo.look_up(model).source != loaded.source
        self._try_again[model] = time.monotonic() + RETRY_S if is_there else 0.0
        return is_there

    def load_all(self) -> None:
        """Loads every network: where GPUs are lent they must be there before the page is.

        Raises:
            WeightsError: weights that are missing, altered or do not fit.
        """
        for facts in self.models():
            self.denoiser(facts.name)

    def models(self) -> list[ModelFacts]:
        """Gives the facts about the networks, by name."""
        return self.zoo.list_models()

    def _make_room(self, model: str) -> None:
        """Lets go of the networks that visitors named by address, but for the last few."""
        others = [one for one in list(self._denoisers) if "/" in one]
        for other in others[: len(others) + 1 - MAX_OTHERS] if "/" in model else []:
            self._denoisers.pop(other, None)

    def warm(self) -> None:
        """Loads the default network and runs it once, so that the first visitor does not wait."""
        denoiser = self.denoiser()
        with self._turn():
            if not is_lent():  # a GPU is lent to visitors only
                denoiser.run(np.full((WARM_SIDE, WARM_SIDE, 3), 128, np.uint8))
        self.is_ready = True

    @property
    def is_closing(self) -> bool:
        """Whether new work is refused."""
        return self._closing.is_set()

    def close(self, finish_s: float = 3.0) -> None:
        """Refuses new work, lets what runs finish, and stops what takes longer than that."""
        self._closing.set()
        if self._computing.acquire(timeout=finish_s):
            self._computing.release()
        self._cancelling.set()

    def clean_up(self, keep: Collection[Path] = ()) -> None:
        """Deletes uploads and results older than the limit, all but the files in `keep`."""
        clean_folder(self.folder, self.limits.keep_s, keep=keep)

    def read(self, file: str | Path) -> Picture:
        """Gives the picture in an uploaded file.

        Raises:
            ImageError: not a picture, damaged, of a kind not supported or above the limits.
        """
        limits = self.limits
        return load_picture(file, max_pixels=limits.max_pixels, max_bytes=limits.max_bytes)

    def denoise(
        self,
        file: str | Path,
        model: str = DEFAULT_MODEL,
        settings: Settings = DEFAULTS,
        *,
        image_format: str = "PNG",
        keep_exif: bool = True,
    ) -> Iterator[Step | Result]:
        """Denoises an uploaded file: gives a Step after every tile, and at last the Result.

        Where the network comes from the Hub first, there are Steps in bytes before.

        Closing the generator stops the work at the next tile.

        Args:
            file: of the upload.
            model: its name in the zoo.
            settings: of the work.
            image_format: of the result, one of `OUTPUT_FORMATS`.
            keep_exif: whether the result has the upload's EXIF data.

        Raises:
            DenoiseError: at the first `next` or a later one.
        """

        def work(on_step: OnStep) -> Result:
            denoiser = self.denoiser(model, partial(on_step, unit="bytes"))

            def change(noisy: Picture) -> tuple[Picture, dict[str, Any]]:
                return denoise_picture(noisy, denoiser, settings, on_tile=on_step)

            return self._convert(file, change, image_format, keep_exif=keep_exif)

        yield from watch(work, self._reason_to_stop())

    def add_noise(
        self,
        file: str | Path,
        kind: str = "gaussian",
        level: float = 0.1,
        seed: int = 0,
        gray: bool = False,
        *,
        image_format: str = "PNG",
        keep_exif: bool = True,
    ) -> Result:
        """Adds seeded noise to an uploaded file.

        Raises:
            DenoiseError: an unknown kind, a level or seed out of range, or a bad picture.
        """
        return self._convert(
            file,
            lambda clean: noise_picture(clean, kind, level, seed=seed, gray=gray),
            image_format,
            keep_exif=keep_exif,
        )

    def estimate(self, file: str | Path, model: str | None = None) -> dict[str, Any]:
        """Gives a report on how noisy a picture is, and on which noise level to tell a model.

        Raises:
            ImageError: no picture, or one that is too large.
            UnknownModelError: no such model.
            SettingError: a model that cannot be told a noise level.
        """
        denoiser = None if model is None else self.denoiser(model)
        with self._turn():
            return estimate_picture(self.read(file), denoiser, zoo=self.zoo)

    def prepare(self, file: str | Path, methods: Sequence[str] = ()) -> CleanImage:
        """Gives an uploaded clean picture as all the methods can take it.

        Raises:
            DenoiseError: an unknown method, or a bad picture.
        """
        return prepare(self.read(file), methods, zoo=self.zoo)

    def compare(
        self, subject: CleanImage, spec: NoiseSpec, *, is_told: bool = False
    ) -> Iterator[MethodResult]:
        """Gives what `compare` does, one method at a time and in turn with other work.

        Closing the generator stops the work after the method that runs.

        Raises:
            DenoiseError: at the first `next` or a later one.
        """
        yield from self._in_turns(compare(subject, spec, self.denoiser, is_told=is_told))

    def sweep(
        self,
        subject: CleanImage,
        spec: NoiseSpec,
        levels: Sequence[float],
        *,
        is_told: bool = False,
    ) -> Iterator[tuple[float, MethodResult]]:
        """Gives what `sweep` does, one method at one level at a time and in turn with other work.

        Raises:
            DenoiseError: at the first `next` or a later one.
        """
        yield from self._in_turns(sweep(subject, spec, levels, self.denoiser, is_told=is_told))

    def new_file(self, name: str) -> Path:
        """Gives a file of that name in a new folder, to be written."""
        return new_folder(self.folder) / name

    def write(
        self, picture: Picture, name: str, image_format: str = "PNG", *, keep_exif: bool = True
    ) -> Path:
        """Writes a picture into a new folder, and gives the file: photo.jpg becomes photo.png.

        Args:
            picture: to be written.
            name: of the upload; the folders in it do not count.
            image_format: one of `OUTPUT_FORMATS`.
            keep_exif: whether the file has the picture's EXIF data.

        Raises:
            ImageError: a picture too large for the format, or a full disk.
        """
        file = self.new_file(_stem(name) + FORMAT_SUFFIXES[image_format])
        save_picture(picture, file, keep_exif=keep_exif)
        return file

    def write_quickly(self, pixels: NDArray[np.uint8], name: str) -> Path:
        """Writes pixels as `write` does, as a PNG that is there sooner, for showing."""
        file = self.new_file(f"{_stem(name)}.png")
        write_atomically(file, encode_quickly(pixels))
        return file

    def _convert(
        self, file: str | Path, change: Change, image_format: str, *, keep_exif: bool
    ) -> Result:
        _check_format(image_format)
        with self._turn():
            started = time.perf_counter()
            before = self.read(file)
            read_s = time.perf_counter() - started
            after, report = change(before)
            changed = time.perf_counter()
            written = self.write(after, str(file), image_format, keep_exif=keep_exif)
            write_s = time.perf_counter() - changed
        seconds = {"read": round(read_s, 3), "write": round(write_s, 3)}
        report["seconds"] = report.get("seconds", {}) | seconds
        report["warnings"] += losses(after, image_format)
        return Result(written, report, before, after)

    def _in_turns(self, work: Iterator[FoundT]) -> Iterator[FoundT]:
        """Gives on what `work` finds; others may compute between."""
        check = self._reason_to_stop()
        while True:
            check()
            with self._turn():
                try:
                    found = next(work)
                except StopIteration:
                    return
            yield found

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Waits until nobody else computes; one picture at a time, whoever asks."""
        with self._computing:
            if self.is_closing:
                raise CancelledError(RESTARTING)
            yield

    def _reason_to_stop(self) -> Callable[[], None]:
        deadline = time.monotonic() + self.limits.max_work_s

        def check() -> None:
            if self._cancelling.is_set():
                raise CancelledError(RESTARTING)
            if time.monotonic() > deadline:
                raise CancelledError("This picture takes too long here; try a smaller one.")

        return check


def _check_format(image_format: str) -> None:
    if image_format not in OUTPUT_FORMATS:
        raise SettingError(
            f"Unknown format {image_format!r}; choose one of: {', '.join(OUTPUT_FORMATS)}."
        )


def _stem(name: str) -> str:
    """Gives the name of an upload without its folders and ending, safe to name a file."""
    return re.sub(r"[^\w .()+-]", "_", Path(name).stem).strip(" .")[:MAX_STEM] or "picture"
