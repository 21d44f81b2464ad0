"""A client of the server at an address of its own, and its neighbour who must never suffer."""

import io
import json
import threading
import time
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

import httpx
import numpy as np
from attacks.outcomes import REFUSED, SERVED, Tally, judge, judge_event
from PIL import Image

from denoise.images.picture import Picture
from denoise.images.reading import load_picture

TIMEOUT_S = 180
PAUSE_S = 1
ALONE = 5  # pictures of the neighbour before anybody else comes
FILE = {"_type": "gradio.FileData"}


class Visitor:
    """Sends pictures and reads answers, as curl does.

    Args:
        url: of the server.
        address: of the loopback, which the server takes for another client.
    """

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        transport = httpx.HTTPTransport(local_address=address)
        self.web = httpx.Client(
            base_url=url, transport=transport, timeout=TIMEOUT_S, trust_env=False
        )

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()

    def upload(self, content: bytes, name: str) -> httpx.Response:
        return self.web.post("/gradio_api/upload", files={"files": (name, content)})

    def call(self, endpoint: str, parameters: dict) -> httpx.Response:
        return self.web.post(f"/gradio_api/call/v2/{endpoint}", json=parameters)

    def fetch(self, endpoint: str, event: str) -> tuple[str, object]:
        """Return the kind and the content of the last message of a job."""
        stream = self.web.get(f"/gradio_api/call/{endpoint}/{event}").text
        kind, _, content = stream.strip().split("\n\n")[-1].partition("\n")
        return kind.removeprefix("event: "), json.loads(content.removeprefix("data: "))

    def finish(self, endpoint: str, parameters: dict) -> str:
        """Call an endpoint, wait for its end, and say what became of it."""
        called = self.call(endpoint, parameters)
        if called.status_code != 200:
            return judge(called)
        return judge_event(*self.fetch(endpoint, called.json()["event_id"]))

    def send(self, content: bytes, name: str, expected: Picture | None = None, **parameters) -> str:
        """Send a picture to /add_noise without noise, and say what became of it."""
        uploaded = self.upload(content, name)
        if uploaded.status_code == 429:
            return "the upload was turned away"  # so that the file was not tried
        if uploaded.status_code != 200:
            return judge(uploaded)
        image = {"path": uploaded.json()[0], "meta": FILE}
        called = self.call("add_noise", {"image": image, "level": 0.0, **parameters})
        if called.status_code != 200:
            return judge(called)
        kind, answer = self.fetch("add_noise", called.json()["event_id"])
        outcome = judge_event(kind, answer)
        if outcome != SERVED or expected is None:
            return outcome
        return SERVED if self.is_same(answer[0], expected) else "another picture"

    def is_same(self, file: dict, expected: Picture) -> bool:
        """Return whether a result is a picture, to the bit."""
        found = load_picture(self.web.get(f"/gradio_api/file={file['path']}").content)
        both = (found.pixels, expected.pixels), (found.alpha, expected.alpha)
        return all(np.array_equal(one, other) for one, other in both)


def mark(number: int, *, side: int = 24) -> tuple[bytes, Picture]:
    """Return a PNG and its picture, which differ for every number."""
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue(), Picture(pixels)


class Neighbour:
    """Sends a small picture every second while others attack, and must get it back each time."""

    def __init__(self, url: str) -> None:
        self.tally = Tally("the neighbour")
        self.own_s = 0.0  # that a picture takes while nobody else is there
        self._visitor = Visitor(url, "127.0.9.9")
        self._numbers = count(1)
        self._taken_s = [0.0]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Neighbour":
        for _ in range(ALONE):
            self._send()
        self.own_s = median(self._taken_s[-ALONE:])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(TIMEOUT_S)
        self._visitor.web.close()

    def take_slowest(self) -> float:
        """Return the seconds of the slowest picture since the last time."""
        taken_s, self._taken_s = self._taken_s, [0.0]
        return max(taken_s)

    def _work(self) -> None:
        while not self._stop.wait(PAUSE_S):
            self._send()

    def _send(self) -> None:
        number, started = next(self._numbers), time.monotonic()
        self.tally.attempt(f"picture {number}", partial(self._get_back, number))
        self._taken_s.append(time.monotonic() - started)

    def _get_back(self, number: int) -> str:
        content, picture = mark(number)
        outcome = self._visitor.send(content, "neighbour.png", picture)
        return "was refused" if outcome == REFUSED else outcome


class Memory:
    """The memory of a server and its processes in MB, looked at all the time; 0 without /proc."""

    def __init__(self, process: int) -> None:
        self._process = process
        self.peak_mb = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def take_peak(self) -> float:
        """Return the peak since the last time."""
        peak, self.peak_mb = max(self.peak_mb, self.now()), 0.0
        return peak

    def now(self) -> float:
        return sum(map(_resident_mb, (self._process, *children_of(self._process))))

    def server_mb(self) -> float:
        """Return the memory of the server alone."""
        return _resident_mb(self._process)

    def _watch(self) -> None:
        while Path(f"/proc/{self._process}").exists():
            self.peak_mb = max(self.peak_mb, self.now())
            threading.Event().wait(0.1)


def children_of(process: int) -> set[int]:
    """Return the processes that a process has started; none without /proc."""
    found = set()
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found |= {int(child) for child in listed.read_text().split()}
        except OSError:  # a thread that has ended
            continue
    return found


def _resident_mb(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1000
    except (OSError, IndexError):  # it has gone
        return 0.0
