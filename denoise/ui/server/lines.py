"""Whose job is next: clients take turns, and jobs whose answers somebody waits for go first."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from math import ceil

import gradio as gr
from gradio.queueing import Event, EventQueue, Queue

from denoise.ui.server.clients import client_of

ALONE_S = 10  # that a job hinders others which nobody listens to
FORGOTTEN_S = 3600  # that its answers are kept where it hinders nobody
SHARE = 0.75  # of the places in the line that one client may take
USUAL_S = 5.0  # that a job takes, before any has ended
LONGEST_WAIT_S = 300  # after which to try again


class Lines:
    """The waiting lines of a page's queue, one for each kind of work.

    A client is an address. The first jobs of all clients come before the second ones of any, and
    jobs that nobody listens to come last.

    Args:
        page: whose queue they are; from now on it keeps its jobs in this order.
        proxies: how many proxies stand before the server.
    """

    def __init__(self, page: gr.Blocks, proxies: int = 0) -> None:
        self._queue = page._queue
        self._proxies = proxies
        self._listeners: Counter[str] = Counter()  # by event or session
        self._alone_since: dict[str, float] = {}  # by event
        self._queue.event_queue_per_concurrency_id = _Queues(self)

    @property
    def waiting(self) -> list[Event]:
        """The jobs that wait."""
        return waiting_jobs(self._queue)

    @property
    def running(self) -> list[Event]:
        """The jobs that run."""
        return running_jobs(self._queue)

    def is_known(self, event: str) -> bool:
        """Return whether there is such a job, or answers of it that nobody has fetched."""
        # Gradio's other lists hold an event a moment longer; whoever asks then waits for ever.
        return any(event in events for events in self._queue.pending_event_ids_session.values())

    def is_session(self, session: str) -> bool:
        """Return whether a session has jobs whose answers can be listened to."""
        return session in self._queue.pending_messages_per_session

    def has_room(self, client: str) -> bool:
        """Return whether one more job of a client may wait."""
        places = self._queue.max_size
        taken = sum(self._client(job) == client for job in self.waiting)
        return places is None or taken < max(1, SHARE * places)

    def seconds_to_a_place(self) -> int:
        """Return after how many seconds it is worth trying again when the line is full."""
        took = [known.avg_time for known in self._queue.process_time_per_fn.values() if known.count]
        seconds = max(took, default=USUAL_S)
        return ceil(min(max(seconds, 1.0), LONGEST_WAIT_S))

    @contextmanager
    def listening(self, to: str) -> Iterator[None]:
        """Note that somebody waits for the answers of an event or of a session's events."""
        self._listeners[to] += 1
        self._settle()
        try:
            yield
        finally:
            self._listeners[to] -= 1
            self._listeners += Counter()  # drops what is 0
            self._settle()

    def ordered(self, jobs: list[Event]) -> list[Event]:
        """Return waiting jobs in the order in which they run."""
        before = Counter(self._client(job) for job in self.running)
        places: dict[str, int] = {}
        for job in sorted(jobs, key=lambda job: job.enqueue_time):
            places[job._id] = before[self._client(job)]
            before[self._client(job)] += 1
        return sorted(
            jobs,
            key=lambda job: (not self._is_heard(job), places[job._id], job.enqueue_time),
        )

    async def end_what_nobody_waits_for(self) -> None:
        """End jobs, and drop answers, that nobody has listened to for a while.

        Called now and then. Where nobody else waits, such a job goes on.
        """
        now, running, waiting = time.monotonic(), self.running, self.waiting
        pending = self._queue.pending_event_ids_session
        alone = {
            event: session
            for session, events in list(pending.items())
            for event in list(events)
            if session not in self._listeners and event not in self._listeners
        }
        self._alone_since = {event: self._alone_since.get(event, now) for event in alone}
        others_wait = any(self._is_heard(job) for job in waiting)
        is_full = len(waiting) >= (self._queue.max_size or len(waiting) + 1)
        hindering = {job._id for job in running if others_wait}
        hindering |= {job._id for job in waiting if is_full}
        for event, session in alone.items():
            allowed_s = ALONE_S if event in hindering else FORGOTTEN_S
            if now - self._alone_since[event] > allowed_s:
                await self._queue.clean_events(event_id=event)
                pending.get(session, set()).discard(event)
                if not pending.get(session):
                    pending.pop(session, None)
                    self._queue.pending_messages_per_session.pop(session, None)

    def _is_heard(self, job: Event) -> bool:
        return job._id in self._listeners or job.session_hash in self._listeners

    def _client(self, job: Event) -> str:
        return client_of(job.request.scope, self._proxies)

    def _settle(self) -> None:
        for queue in self._queue.event_queue_per_concurrency_id.values():
            queue.queue[:] = self.ordered(queue.queue)


def waiting_jobs(queue: Queue) -> list[Event]:
    """Return the jobs of a queue of Gradio that wait, of all kinds of work."""
    queues = queue.event_queue_per_concurrency_id.values()
    return list(chain.from_iterable(queue.queue for queue in queues))


def running_jobs(queue: Queue) -> list[Event]:
    """Return the jobs of a queue of Gradio that run."""
    return list(chain.from_iterable(jobs for jobs in queue.active_jobs if jobs))


class _Line(list[Event]):
    """Gradio adds to the end and takes from the front."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def append(self, job: Event) -> None:
        super().append(job)
        self[:] = self._lines.ordered(self)


class _Queues(dict[str, EventQueue]):
    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def __setitem__(self, name: str, queue: EventQueue) -> None:
        queue.queue = _Line(self._lines)
        super().__setitem__(name, queue)
