"""Visitors' files are decoded in processes of their own, which are ended when they overdo it."""

import multiprocessing
import pickle
import signal
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from denoise.errors import CancelledError, ImageError
from denoise.images.picture import Picture
from denoise.ui.server.decoding_process import Order, Parcel, Refusal, decode_orders
from denoise.ui.server.limits import Limits
from denoise.ui.server.turns import RESTARTING

PROCESSES = 3  # at most; an idle one takes some 40 MB
WARM = 2  # that are there before they are needed
WAIT_FACTOR = 4  # seconds that a second of computing may take while others compute, too
END_S = 5  # for a killed process to go


class Decoders:
    """The processes that decode, started when they are needed or warmed, and kept.

    Args:
        limits: of pixels, bytes, time and memory.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places = threading.BoundedSemaphore(PROCESSES)
        self._lock = threading.Lock()  # of what follows
        self._idle: list[_Decoder] = []
        self._all: set[_Decoder] = set()
        self._is_closed = False
        weakref.finalize(self, _kill_all, self._all)

    def warm(self) -> None:
        """Start processes, so that the first visitors do not wait for them."""
        with self._lock:
            while len(self._all) < WARM and not self._is_closed:
                self._idle.append(self._start())

    def decode(self, file: str | Path) -> Picture:
        """Return the picture in a file.

        Raises:
            ImageError: no picture, a damaged one, or one above the limits.
            CancelledError: the server is about to stop.
        """
        with self._places:
            with self._lock:
                if self._is_closed:
                    raise CancelledError(RESTARTING)
                decoder = self._next()
            try:
                return decoder.decode(Path(file), self._limits)
            except ImageError as error:
                if self._is_closed:
                    raise CancelledError(RESTARTING) from error
                raise
            finally:
                self._give_back(decoder)

    def close(self) -> None:
        """End all processes; what they decode is given up."""
        with self._lock:
            self._is_closed = True
            _kill_all(self._all)
            while self._idle:
                self._idle.pop().end()

    def _next(self) -> "_Decoder":
        """Return an idle process, or a new one."""
        while self._idle:
            decoder = self._idle.pop()
            if decoder.is_alive():
                return decoder
            self._all.remove(decoder)
            decoder.end()
        return self._start()

    def _start(self) -> "_Decoder":
        decoder = _Decoder()
        self._all.add(decoder)
        return decoder

    def _give_back(self, decoder: "_Decoder") -> None:
        """Keep a process for the next file, or a new one in its place."""
        if decoder.is_spent:
            decoder.end()
        with self._lock:
            if decoder.is_spent:
                self._all.remove(decoder)
            if not self._is_closed:
                self._idle.append(self._start() if decoder.is_spent else decoder)


class _Decoder:
    """A process that decodes one file at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # nothing of the server's comes along
        self._answers, orders = context.Pipe()
        self._process = context.Process(
            target=decode_orders, args=(orders,), name="decoder", daemon=True
        )
        self._process.start()
        orders.close()
        self.is_spent = False  # it is gone, or is to go

    def decode(self, file: Path, limits: Limits) -> Picture:
        """Return the picture in a file; an ImageError may leave the process spent."""
        order = Order(
            str(file), limits.max_pixels, limits.max_bytes, limits.decode_s, limits.decode_bytes
        )
        is_late = False
        with suppress(EOFError, OSError):  # the process is gone
            self._answers.send(order)
            is_late = not self._answers.poll(WAIT_FACTOR * limits.decode_s)
            answer = None if is_late else self._answers.recv()
            if isinstance(answer, Parcel):
                return self._unpack(answer)
            if isinstance(answer, Refusal):
                self.is_spent = answer.is_for_memory
                raise ImageError(answer.sentence)
        self.is_spent = True
        name = file.name[-80:]
        if is_late or self._is_out_of_time():
            raise ImageError(
                f"{name} takes more than {limits.decode_s} s to decode; save it anew as PNG."
            )
        raise ImageError(f"{name} broke the program that decodes it; save it anew as PNG.")

    def is_alive(self) -> bool:
        """Return whether the process is there; the system may have ended it."""
        return self._process.is_alive()

    def kill(self) -> None:
        """Have the process end; whoever waits for its answer gets an error."""
        with suppress(ValueError):  # it was closed meanwhile
            self._process.kill()

    def end(self) -> None:
        """Kill the process, and leave nothing of it."""
        self.kill()
        self._process.join(END_S)
        self._answers.close()
        with suppress(ValueError):  # it has not gone yet
            self._process.close()

    def _unpack(self, parcel: Parcel) -> Picture:
        arrays = [bytearray(size) for size in parcel.sizes]
        for array in arrays:
            filled = 0
            while filled < len(array):
                filled += self._answers.recv_bytes_into(array, filled)
        picture: Picture = pickle.loads(parcel.pickled, buffers=arrays)
        return picture

    def _is_out_of_time(self) -> bool:
        """Return whether the system ended the process, since it had computed for too long."""
        self._process.join(END_S)
        return self._process.exitcode == -getattr(signal, "SIGXCPU", 0)


def _kill_all(decoders: "set[_Decoder]") -> None:
    for decoder in decoders:
        decoder.kill()
