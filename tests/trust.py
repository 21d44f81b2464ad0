"""Attack a running server with files, requests, load and faults, and print what became of it.

`python tests/trust.py` takes half an hour or more, `--short` at most 3 minutes on two idle cores.
Exit code 1: something was neither served nor refused with a sentence. Clients have addresses of
their own in 127.0.0.0/8, which takes Linux.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from attacks import corpus, strain
from attacks.outcomes import SHOWN, Tally, format_table
from attacks.requests import make_requests
from attacks.visitor import Memory, Neighbour, Visitor
from conftest import Server, running_server

from denoise.errors import ImageError
from denoise.images.picture import Picture
from denoise.images.reading import load_picture


@dataclass(frozen=True)
class Size:
    """How much of each kind is tried."""

    mutations: int  # of each format
    cuts: int  # of each file
    clients: int
    pictures: int  # of each client
    faults: int  # of each kind
    soaked: int  # requests
    is_short: bool = False


LONG = Size(mutations=1000, cuts=20, clients=32, pictures=150, faults=40, soaked=2000)
SHORT = Size(mutations=20, cuts=20, clients=8, pictures=5, faults=2, soaked=180, is_short=True)


def attack(size: Size, folder: Path) -> list[Tally]:
    """Start a server, attack it, and return what became of each kind of attack."""
    with running_server(folder) as server, Visitor(server.url) as visitor:
        memory = Memory(server.process.pid)
        parts: dict[str, Callable[[Tally], None]] = {
            "whole files": lambda tally: send_whole(tally, visitor),
            "cut files": lambda tally: send_cut(tally, visitor, size),
            "mutated files": lambda tally: send_mutated(tally, server.url, size),
            "bombs": lambda tally: send_bombs(tally, visitor, size),
            "odd requests": lambda tally: send_odd(tally, server, visitor, size),
            "load": lambda tally: strain.load(
                tally, server.url, clients=size.clients, pictures=size.pictures
            ),
            "faults": lambda tally: cause_faults(tally, server, visitor, size),
            "soak": lambda tally: strain.soak(tally, visitor, memory, size.soaked),
        }
        tallies = []
        with Neighbour(server.url) as neighbour:
            for kind, work in parts.items():
                tally = Tally(kind)
                read = len(server.log.read_text())
                memory.take_peak()
                work(tally)
                tally.peak_mb = memory.take_peak()
                tally.others += faults_in(server.log.read_text()[read:], kind)
                tallies.append(tally)
        neighbour.tally.peak_mb = max(one.peak_mb for one in tallies)
        return [*tallies, neighbour.tally]


def send_whole(tally: Tally, visitor: Visitor) -> None:
    """Send files of every format; those that are taken come back as they are read here."""
    for name, files in corpus.make_files().items():
        for number, content in enumerate(files):
            expected = read(content)
            tally.attempt(
                f"{name} {number}",
                lambda c=content, e=expected: visitor.send(c, "whole.bin", e),
            )
    for name, content in corpus.NO_PICTURES.items():
        tally.attempt(name, lambda c=content: visitor.send(c, "none.bin"))


def send_cut(tally: Tally, visitor: Visitor, size: Size) -> None:
    for name, files in corpus.make_files().items():
        chosen = files[-1:] if size.is_short or name not in corpus.TAKEN else files
        cuts = size.cuts if name in corpus.TAKEN else 3
        for content in chosen:
            for place, cut in enumerate(corpus.cut(content, cuts)):
                tally.attempt(
                    f"{name} cut at {place} of {cuts}", lambda c=cut: visitor.send(c, "cut.bin")
                )


def send_mutated(tally: Tally, url: str, size: Size) -> None:
    files = corpus.make_files()
    for index, name in enumerate(corpus.TAKEN if size.is_short else files):
        # One client alone may not upload as many.
        with Visitor(url, f"127.0.3.{index + 1}") as visitor:
            for seed, content in corpus.mutate(files[name], name, size.mutations):
                tally.attempt(seed, partial(visitor.send, content, "mutated.bin"))


def send_bombs(tally: Tally, visitor: Visitor, size: Size) -> None:
    for name, content in corpus.make_bombs(is_short=size.is_short):
        tally.attempt(name, lambda c=content: visitor.send(c, "bomb.bin"))


def send_odd(tally: Tally, server: Server, visitor: Visitor, size: Size) -> None:
    for what, work in make_requests(server.url, visitor, is_short=size.is_short):
        tally.attempt(what, work)


def cause_faults(tally: Tally, server: Server, visitor: Visitor, size: Size) -> None:
    for what, work in strain.faults(server.url, server.process.pid, visitor, size.faults):
        tally.attempt(what, work)


def read(content: bytes) -> Picture | None:
    """Return the picture in a file; None: it is refused."""
    try:
        return load_picture(content)
    except ImageError:
        return None


def faults_in(log: str, kind: str) -> list[str]:
    """Return what a server has logged of faults of its own."""
    lines = log.splitlines()
    return [f"{kind}: logged: {line}" for line in lines if "Traceback" in line or " ERROR " in line]


def main() -> int:
    """Attack, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="at most 3 minutes")
    size = SHORT if parser.parse_args().short else LONG
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tallies = attack(size, Path(folder) / "server")
    print(format_table(tallies))
    others = [other for tally in tallies for other in tally.others]
    for other in others[:SHOWN]:
        print(other)
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
