"""One picture on the stage: its pixels, what was made of it, and how far that is."""

import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoise.errors import CancelledError, SettingError
from denoise.images.picture import BECOMES, OUTPUT_FORMATS, Picture
from denoise.inference.settings import Settings
from denoise.inference.sigma_plan import SigmaPlan
from denoise.ui.stage.first_look import choose_region
from denoise.ui.stage.layers import Layer

MAX_RESULTS = 4  # that are kept of one picture
RUNNING = ("reading", "looking", "cleaning")
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Choice:
    """What is made of a picture; strength and detail are applied to it afterwards."""

    model: str
    sigma: float | None = None
    texture: float = 0.0
    ensemble: bool = False

    @property
    def settings(self) -> Settings:
        """The settings of a run; SettingError: one is out of its range."""
        return Settings(sigma=self.sigma, texture=self.texture, ensemble=self.ensemble)


@dataclass(eq=False)
class Outcome:
    """What a choice made of a picture."""

    folder: Path  # for all of it
    after: Layer
    plan: SigmaPlan | None = None
    report: dict[str, Any] = field(default_factory=dict)
    parts: list[tuple[int, int, int, int]] = field(default_factory=list)  # x, y, width, height
    is_done: bool = False
    detailed: Layer | None = None  # with all the detail that can be given back
    files: dict[tuple[Any, ...], Path] = field(default_factory=dict)  # by how they are made


class StagePicture:
    """A picture that a visitor has brought, in a folder of its own.

    Args:
        upload: the file.
        name: that the visitor knows it by.
        client: who brought it.
        folder: to be made for all that is made of it.
        choice: what is to be made of it.
    """

    def __init__(self, upload: Path, name: str, client: str, folder: Path, choice: Choice) -> None:
        self.id = secrets.token_hex(8)
        self.upload, self.name, self.client, self.folder = upload, name, client, folder
        self.bytes = upload.stat().st_size
        self.choice = choice
        self.phase, self.sentence = "waiting", ""
        self.done = self.total = 0  # passes over tiles, or bytes of a network
        self.worked_since = self.stepped = 0.0  # when cleaning began, and its last pass ended
        self.before: Layer | None = None
        self.outcomes: dict[Choice, Outcome] = {}
        self.look: tuple[slice, slice] | None = None  # the region that was asked for last
        self.version = 0
        self._asked: tuple[slice, slice] | None = None  # not denoised yet
        self._is_looked_at = False  # the first region has been asked for
        self.lock = threading.RLock()
        folder.mkdir(mode=0o700, parents=True)

    @property
    def outcome(self) -> Outcome | None:
        """What the present choice has made so far."""
        return self.outcomes.get(self.choice)

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height; None: not read yet."""
        if self.before is None:
            return None
        height, width = self.before.picture.pixels.shape[:2]
        return width, height

    @property
    def format(self) -> str:
        """The kind of file that is given back: the kind that came, where it can be written."""
        kind = "PNG" if self.before is None else self.before.picture.format
        return kind if kind in OUTPUT_FORMATS else BECOMES.get(kind, "PNG")

    @property
    def becomes(self) -> str | None:
        """The kind that is given back, once it is known, where it is not the kind that came."""
        came = None if self.before is None else self.before.picture.format
        return None if came in (None, self.format) else self.format

    def set_phase(self, phase: str, sentence: str = "") -> None:
        """Say how far the picture is."""
        with self.lock:
            self.phase, self.sentence = phase, sentence
            self.version += 1

    def set_progress(self, done: int, total: int) -> None:
        """Say how many of the passes are done."""
        with self.lock:
            self.done, self.total, self.stepped = done, total, time.monotonic()
            self.version += 1

    def take(self, picture: Picture) -> None:
        """Take the picture that was read from the upload."""
        layer = Layer(self.folder, "before", picture)
        layer.put_all(picture.pixels)
        with self.lock:
            self.before = layer
            self.look = choose_region(layer.overview, layer.overview_factor, picture.pixels.shape)
            self.version += 1

    def begin(self, choice: Choice) -> Outcome:
        """Return the outcome that a choice will have, empty; older ones go."""
        assert self.before is not None
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir()
        outcome = Outcome(folder, Layer(folder, "after", self.before.picture))
        with self.lock:
            old = [self.outcomes.pop(choice)] if choice in self.outcomes else []
            while len(self.outcomes) >= MAX_RESULTS:
                old.append(self.outcomes.pop(next(iter(self.outcomes))))
            for one in old:
                shutil.rmtree(one.folder, ignore_errors=True)
            self.outcomes[choice] = outcome
            self._asked = self.look
            self.done = self.total = 0
            self.version += 1
        return outcome

    def ask(self, region: tuple[slice, slice]) -> None:
        """Have a region denoised next."""
        with self.lock:
            self.look = self._asked = region
            self.version += 1

    def next_region(self) -> tuple[slice, slice] | None:
        """Return the region that was asked for, once."""
        with self.lock:
            region, self._asked = self._asked, None
            return region

    def drop(self) -> None:
        """Delete all that was made of the picture, and its upload."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.upload.unlink(missing_ok=True)


class ShownOutcome:
    """The preview of a run: what is denoised goes to the picture's viewers at once.

    It raises a CancelledError where the picture is to be something else meanwhile.
    """

    def __init__(self, picture: StagePicture, choice: Choice, outcome: Outcome) -> None:
        self._picture, self._choice, self._outcome = picture, choice, outcome

    def begin(self, plan: SigmaPlan) -> None:
        """Take what was found out about the noise."""
        self.check()
        self._outcome.plan = plan if self._choice.sigma is None else None

    def next_region(self) -> tuple[slice, slice] | None:
        """Return the region that visitors look at, where it is not denoised yet."""
        self.check()
        if self._picture.phase != "cleaning":
            self._picture.set_phase("cleaning")
        return self._picture.next_region()

    def show(self, rows: slice, columns: slice, pixels: NDArray[Any]) -> None:
        """Take denoised pixels."""
        outcome = self._outcome
        outcome.after.put(rows, columns, np.asarray(pixels))
        part = (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        with self._picture.lock:
            outcome.parts.append(part)
            self._picture.version += 1

    def check(self) -> None:
        """Raise a CancelledError where the work is no longer wanted."""
        if self._picture.phase in ENDED or self._picture.choice != self._choice:
            raise CancelledError("The work was cancelled.")


def read_choice(asked: dict[str, Any], default_model: str) -> Choice:
    """Return the choice that a request names.

    Raises:
        SettingError: a value that is not possible.
    """
    model = asked.get("model") or default_model
    if not isinstance(model, str):
        raise SettingError("The model is a name.")
    choice = Choice(
        model,
        asked.get("sigma"),
        asked.get("texture", 0.0),
        asked.get("ensemble", False),
    )
    _ = choice.settings  # which checks them
    return choice
