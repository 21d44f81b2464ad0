"""The pictures of all visitors: whose turn it is, what is kept, what goes."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from denoise.errors import CancelledError, SettingError
from denoise.images.picture import Picture
from denoise.ui.server.failures import told
from denoise.ui.server.service import Service
from denoise.ui.stage.files import write_result
from denoise.ui.stage.pictures import (
    ENDED,
    Choice,
    Outcome,
    ShownOutcome,
    StagePicture,
)
from denoise.ui.stage.speeds import Speeds

AT_WORK = 3  # pictures: one is decoded and one written while a third is denoised
SHARE = 0.75  # of the places in the line that one client may take
ALONE_S = 30  # that a picture which nobody watches is worked on while others wait
VISIT = re.compile(r"[0-9a-zA-Z_-]{20,64}")
UNWATCHED = "Nobody was watching, and others waited. Start it again."
CANCELLED = "Cancelled."


class RefusedError(Exception):
    """A request that is refused.

    Args:
        status: of HTTP.
        sentence: for the visitor.
        retry_s: after which to try again; None: that does not help.
    """

    def __init__(self, status: int, sentence: str, retry_s: int | None = None) -> None:
        super().__init__(sentence)
        self.status, self.retry_s = status, retry_s


@dataclass(eq=False)
class Visit:
    """The pictures that one visitor has brought, by id."""

    pictures: dict[str, StagePicture] = field(default_factory=dict)
    watchers: int = 0
    touched: float = field(default_factory=time.monotonic)  # monotonic


class Visits:
    """The stage of one server.

    Args:
        service: that does the work.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.speeds = Speeds(service)
        self._visits: dict[str, Visit] = {}
        self._waiting: list[StagePicture] = []
        self._working: dict[StagePicture, float] = {}  # since when, monotonic
        self._lock = threading.RLock()

    def add(
        self, visit_id: str, client: str, upload: Path, name: str, choice: Choice
    ) -> StagePicture:
        """Take a picture, and have it denoised as soon as it is its turn.

        Raises:
            RefusedError: the line is full, or the client's share of it.
        """
        if not VISIT.fullmatch(visit_id):
            raise RefusedError(404, "There is no such visit.")
        self._check_room(client)
        folder = self.service.storage.new_file("stage").parent / "stage"
        picture = StagePicture(upload, name, client, folder, choice)
        with self._lock:
            visit = self._visits.setdefault(visit_id, Visit())
            visit.touched = time.monotonic()
            visit.pictures[picture.id] = picture
            self._enqueue(picture)
        return picture

    def check(self, choice: Choice) -> None:
        """Refuse a network that is not for photos.

        Raises:
            UnknownModelError: no such network.
            SettingError: one for 28x28 pictures.
        """
        if self.service.loaded.facts_of(choice.model).needs.domain != "photo":
            raise SettingError(f"{choice.model} is for small lessons, not for photos.")

    def of(self, visit_id: str) -> list[StagePicture]:
        """Return the pictures of a visit, in the order in which they came."""
        visit = self._visits.get(visit_id)
        if visit is None:
            return []
        visit.touched = time.monotonic()
        return list(visit.pictures.values())

    def find(self, visit_id: str, picture_id: str) -> StagePicture:
        """Return a picture of a visit, or raise RefusedError."""
        for picture in self.of(visit_id):
            if picture.id == picture_id:
                return picture
        raise RefusedError(404, "This picture is gone; bring it again.")

    @contextmanager
    def watching(self, visit_id: str) -> Iterator[None]:
        """Note that somebody has the page open."""
        with self._lock:
            visit = self._visits.setdefault(visit_id, Visit())
            visit.watchers += 1
        try:
            yield
        finally:
            with self._lock:
                visit.watchers -= 1
                visit.touched = time.monotonic()
                if not visit.watchers and not visit.pictures:
                    self._visits.pop(visit_id, None)  # strangers can open any number

    def choose(self, picture: StagePicture, choice: Choice) -> None:
        """Have something else made of a picture; what was made before is shown again at once."""
        with self._lock, picture.lock:
            picture.choice = choice
            found = picture.outcome
            if found is not None and found.is_done:
                picture.set_phase("done")
                if picture in self._waiting:
                    self._waiting.remove(picture)
            else:
                self._check_room(picture.client)
                picture.set_phase("waiting")
                self._enqueue(picture)

    def cancel(self, picture: StagePicture, sentence: str = CANCELLED) -> None:
        """Stop the work on a picture."""
        with self._lock:
            if picture in self._waiting:
                self._waiting.remove(picture)
            if picture.phase not in ENDED:
                picture.set_phase("cancelled", sentence)

    def remove(self, visit_id: str, picture: StagePicture) -> None:
        """Delete a picture and all that was made of it."""
        self.cancel(picture)
        with self._lock:
            visit = self._visits.get(visit_id)
            if visit is not None:
                visit.pictures.pop(picture.id, None)
        picture.drop()

    def ahead_of(self, picture: StagePicture) -> tuple[int, float]:
        """Return how many pictures come first, and about how many seconds they take."""
        with self._lock:
            line = self._ordered()
            first = line[: line.index(picture)] if picture in line else []
            others = [one for one in self._working if one is not picture] + first
        return len(others), sum(map(self.speeds.seconds_left, others))

    def tidy(self) -> None:
        """Delete what is old, and stop what nobody watches while others wait."""
        now, keep_s = time.monotonic(), self.service.limits.keep_s
        with self._lock:
            old = [
                key
                for key, visit in self._visits.items()
                if visit.watchers == 0 and now - visit.touched > keep_s
            ]
            dropped = [one for key in old for one in self._visits.pop(key).pictures.values()]
            late = [
                picture
                for picture, since in self._working.items()
                if self._waiting and not self._is_watched(picture) and now - since > ALONE_S
            ]
        for picture in dropped:
            self.cancel(picture)
            picture.drop()
        for picture in late:
            self.cancel(picture, UNWATCHED)

    def files_in_use(self) -> set[Path]:
        """Return the files that must stay: all of a visit that is kept."""
        with self._lock:
            pictures = [one for visit in self._visits.values() for one in visit.pictures.values()]
        return {
            file
            for picture in pictures
            for file in (picture.upload, picture.folder, *picture.folder.glob("**/*"))
        }

    def _check_room(self, client: str) -> None:
        places = self.service.limits.queue_size
        retry_s = 10
        with self._lock:
            own = sum(one.client == client for one in self._waiting)
            if len(self._waiting) >= places:
                raise RefusedError(503, f"The queue is full; try again in {retry_s} s.", retry_s)
            if own >= max(1, SHARE * places):
                sentence = f"Too many of your pictures wait already; try again in {retry_s} s."
                raise RefusedError(429, sentence, retry_s)

    def _enqueue(self, picture: StagePicture) -> None:
        with self._lock:
            if picture not in self._waiting:
                self._waiting.append(picture)
            self._start_next()

    def _start_next(self) -> None:
        with self._lock:
            free = [one for one in self._ordered() if one not in self._working]
            for picture in free[: AT_WORK - len(self._working)]:
                self._waiting.remove(picture)
                self._working[picture] = time.monotonic()
                threading.Thread(target=self._work, args=(picture,), daemon=True).start()

    def _ordered(self) -> list[StagePicture]:
        """Return who waits, in turn: the first pictures of all clients before the second of any."""
        before = Counter(picture.client for picture in self._working)
        places: dict[StagePicture, int] = {}
        for picture in self._waiting:
            places[picture] = before[picture.client]
            before[picture.client] += 1
        return sorted(
            self._waiting, key=lambda one: (not self._is_watched(one), places[one])
        )  # which keeps the order in which they came

    def _is_watched(self, picture: StagePicture) -> bool:
        return any(
            visit.watchers > 0 and picture.id in visit.pictures for visit in self._visits.values()
        )

    def _work(self, picture: StagePicture) -> None:
        choice = picture.choice
        try:
            self._denoise(picture, choice)
        except CancelledError as error:
            if self.service.is_closing:
                picture.set_phase("failed", str(error))
        except Exception as error:
            if picture.phase not in ENDED:
                picture.set_phase("failed", str(told(error).message))
        finally:
            with self._lock:
                self._working.pop(picture, None)
                self._start_next()

    def _denoise(self, picture: StagePicture, choice: Choice) -> None:
        if picture.before is None:
            picture.set_phase("reading")
            picture.take(self.service.read(picture.upload))
        assert picture.before is not None
        picture.set_phase("turn")
        outcome = picture.begin(choice)
        preview = ShownOutcome(picture, choice, outcome)

        def on_step(done: int, total: int, unit: str = "tiles") -> None:
            preview.check()  # a picture that was cancelled stays so
            if unit == "turn":
                picture.worked_since = time.monotonic()
                picture.set_phase("looking")
            elif unit == "bytes":
                if picture.phase != "fetching":
                    picture.set_phase("fetching")
                picture.set_progress(done, total)
            else:
                picture.set_progress(done, total)

        found = self.service.denoise_shown(
            picture.before.picture,
            choice.model,
            choice.settings,
            on_step=on_step,
            preview=preview,
        )
        self._finish(picture, choice, outcome, found.image)
        report = found.report.to_dict()
        if self.service.figures is not None:
            self.service.figures.count_picture(report)
        preview.check()
        outcome.report, outcome.is_done = report, True
        write_result(picture, outcome)
        with picture.lock:
            if picture.choice == choice and picture.phase not in ENDED:
                picture.set_phase("done")

    def _finish(
        self, picture: StagePicture, choice: Choice, outcome: Outcome, made: Picture
    ) -> None:
        """Show the whole where its parts were not, or not on its own scale."""
        if not outcome.parts or made.pixels.dtype.kind == "f":
            shown = ShownOutcome(picture, choice, outcome)
            height, width = made.pixels.shape[:2]
            shown.show(slice(0, height), slice(0, width), made.pixels)
