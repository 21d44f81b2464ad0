"""Attack a running server with files, requests, load and faults, and print what became of it.

`python tests/trust.py` takes half an hour or more, `--short` at most 3 minutes on two idle cores.
Exit code 1: something was neither served nor refused with a sentence, or a bar was missed; the
short form does not count bars that other load on the machine moves. Clients have addresses of
their own in 127.0.0.0/8, which takes Linux.
"""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from attacks import corpus, growth, strain
from attacks.bars import Bar, format_bars
from attacks.outcomes import SHOWN, Tally, format_table
from attacks.requests import make_requests
from attacks.visitor import Memory, Neighbour, Visitor
from conftest import Server, running_server
from PIL import Image

from denoise.errors import ImageError
from denoise.images.picture import Picture
from denoise.images.reading import load_picture
from denoise.ui.server.memory import PIXEL_BYTES

BOMB_MB, BOMB_S, NEIGHBOUR_S = 300, 10, 1


@dataclass(frozen=True)
class Size:
    """How much of each kind is tried."""

    mutations: int  # of each format
    cuts: int  # of each file
    clients: int
    load_s: float
    flood_side: int  # of the pictures whose jobs nobody fetches
    faults: int  # of each kind
    soaked: int  # requests, and as many of unknown functions
    is_short: bool = False


LONG = Size(1000, 20, clients=32, load_s=300, flood_side=1000, faults=40, soaked=2000)
SHORT = Size(20, 20, clients=8, load_s=8, flood_side=200, faults=2, soaked=180, is_short=True)


@dataclass(frozen=True)
class Scene:
    """Who and what takes part in an attack."""

    server: Server
    visitor: Visitor
    neighbour: Neighbour
    memory: Memory
    size: Size
    bars: list[Bar] = field(default_factory=list)


def attack(size: Size, folder: Path) -> tuple[list[Tally], list[Bar]]:
    """Start a server, attack it, and return what became of each kind of attack, and the bars."""
    with running_server(folder) as server, Visitor(server.url) as visitor:
        strain.limit_files(server.process.pid)
        memory, tallies = Memory(server.process.pid), []
        with Neighbour(server.url) as neighbour:
            scene = Scene(server, visitor, neighbour, memory, size)
            for kind, work in PARTS.items():
                tally = Tally(kind)
                read = len(server.log.read_text())
                memory.take_peak()
                work(tally, scene)
                tally.peak_mb = max(tally.peak_mb, memory.take_peak())
                tally.others += faults_in(server.log.read_text()[read:], kind)
                tallies.append(tally)
        neighbour.tally.peak_mb = max(one.peak_mb for one in tallies)
        return [*tallies, neighbour.tally], scene.bars


def send_whole(tally: Tally, scene: Scene) -> None:
    """Send files of every format; those that are taken come back as they are read here."""
    for name, files in corpus.make_files().items():
        for number, content in enumerate(files):
            expected = read(content)
            tally.attempt(
                f"{name} {number}",
                lambda c=content, e=expected: scene.visitor.send(c, "whole.bin", e),
            )
    for name, content in corpus.NO_PICTURES.items():
        tally.attempt(name, lambda c=content: scene.visitor.send(c, "none.bin"))


def send_cut(tally: Tally, scene: Scene) -> None:
    for name, files in corpus.make_files().items():
        chosen = files[-1:] if scene.size.is_short or name not in corpus.TAKEN else files
        cuts = scene.size.cuts if name in corpus.TAKEN else 3
        for content in chosen:
            for place, cut in enumerate(corpus.cut(content, cuts)):
                tally.attempt(
                    f"{name} cut at {place} of {cuts}",
                    lambda c=cut: scene.visitor.send(c, "cut.bin"),
                )


def send_mutated(tally: Tally, scene: Scene) -> None:
    files = corpus.make_files()
    for index, name in enumerate(corpus.TAKEN if scene.size.is_short else files):
        # One client alone may not upload as many.
        with Visitor(scene.server.url, f"127.0.3.{index + 1}") as visitor:
            for seed, content in corpus.mutate(files[name], name, scene.size.mutations):
                tally.attempt(seed, partial(visitor.send, content, "mutated.bin"))


def send_bombs(tally: Tally, scene: Scene) -> None:
    """Send bombs, and see what each takes beyond its own, and how long the neighbour waits."""
    scene.neighbour.take_slowest()
    most_mb = 0.0
    for name, content in corpus.make_bombs(is_short=scene.size.is_short):
        scene.memory.take_peak()
        before_mb, served = scene.memory.now(), tally.served
        tally.attempt(name, lambda c=content: scene.visitor.send(c, "bomb.bin"))
        peak_mb = scene.memory.take_peak()
        own = len(content) + (own_bytes(content) if tally.served > served else 0)
        most_mb = max(most_mb, peak_mb - before_mb - own / 1e6)
        tally.peak_mb = max(tally.peak_mb, peak_mb)
    delay_s = scene.neighbour.take_slowest() - scene.neighbour.own_s
    scene.bars.extend(
        [
            Bar("memory of a bomb beyond the picture's own", most_mb, BOMB_MB, "MB"),
            Bar("slowest bomb", tally.slowest_s, BOMB_S, "s", is_timed=True),
            Bar("delay of the neighbour by bombs", delay_s, NEIGHBOUR_S, "s", is_timed=True),
        ]
    )


def send_odd(tally: Tally, scene: Scene) -> None:
    asked = make_requests(scene.server.url, scene.visitor, is_short=scene.size.is_short)
    for what, work in asked:
        tally.attempt(what, work)


def flood(tally: Tally, scene: Scene) -> None:
    scene.bars.extend(strain.flood(tally, scene.server.url, scene.size.flood_side))


def load(tally: Tally, scene: Scene) -> None:
    size, url = scene.size, scene.server.url
    scene.bars.extend(strain.load(tally, url, clients=size.clients, seconds=size.load_s))


def cause_faults(tally: Tally, scene: Scene) -> None:
    process, count = scene.server.process.pid, scene.size.faults
    for what, work in strain.faults(scene.server.url, process, scene.visitor, count):
        tally.attempt(what, work)


def stay_idle(tally: Tally, scene: Scene) -> None:
    scene.bars.extend(strain.stay_idle(tally, scene.server, scene.visitor))


def soak(tally: Tally, scene: Scene) -> None:
    scene.bars.extend(growth.soak(tally, scene.visitor, scene.memory, scene.size.soaked))


def call_unknown(tally: Tally, scene: Scene) -> None:
    scene.bars.extend(growth.call_unknown(tally, scene.visitor, scene.memory, scene.size.soaked))


PARTS: dict[str, Callable[[Tally, Scene], None]] = {
    "whole files": send_whole,
    "cut files": send_cut,
    "mutated files": send_mutated,
    "bombs": send_bombs,
    "odd requests": send_odd,
    "load": load,
    "jobs that nobody fetches": flood,
    "faults": cause_faults,
    "idle connections": stay_idle,
    "soak": soak,
    "unknown functions": call_unknown,
}


def own_bytes(content: bytes) -> int:
    """Return what a picture that is served takes in the server."""
    width, height = Image.open(io.BytesIO(content)).size
    return width * height * PIXEL_BYTES


def read(content: bytes) -> Picture | None:
    """Return the picture in a file; None: it is refused, or comes back rounded."""
    try:
        picture = load_picture(content)
    except ImageError:
        return None
    return None if picture.pixels.dtype.kind == "f" else picture


def faults_in(log: str, kind: str) -> list[str]:
    """Return what a server has logged of faults of its own."""
    lines = log.splitlines()
    return [f"{kind}: logged: {line}" for line in lines if "Traceback" in line or " ERROR " in line]


def missed(bars: list[Bar], size: Size) -> list[Bar]:
    """Return the bars that count and were not held."""
    return [bar for bar in bars if not bar.is_held and not (size.is_short and bar.is_timed)]


def main() -> int:
    """Attack, print the tables, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="at most 3 minutes")
    size = SHORT if parser.parse_args().short else LONG
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tallies, bars = attack(size, Path(folder) / "server")
    print(format_table(tallies), format_bars(bars), sep="\n\n")
    others = [other for tally in tallies for other in tally.others]
    for other in others[:SHOWN]:
        print(other)
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if others or missed(bars, size) else 0


if __name__ == "__main__":
    sys.exit(main())
