"""Figures of a running server for Prometheus: calls, seconds, pixels, the queue, memory."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from denoise.extras import optional

if TYPE_CHECKING:  # it imports Gradio, which looks for its folder at once
    from denoise.ui.server.lines import Lines

SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)  # upper bounds of the histogram


class Figures:
    """What a server counts; `text` is what Prometheus reads.

    Raises:
        DenoiseError: prometheus-client is not installed.
    """

    def __init__(self, device: str) -> None:
        client = optional("prometheus_client", "metrics")
        self._write = client.generate_latest
        self._registry = registry = client.CollectorRegistry()
        client.ProcessCollector(registry=registry)
        self._calls = client.Counter(
            "denoise_calls", "Calls that ended.", ("endpoint", "outcome"), registry=registry
        )
        self._seconds = client.Histogram(
            "denoise_stage_seconds",
            "Time of a picture's stages.",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self._pixels = client.Counter("denoise_pixels", "Pixels worked on.", registry=registry)
        self._jobs = client.Gauge("denoise_jobs", "Jobs now.", ("state",), registry=registry)
        device_gauge = client.Gauge(
            "denoise_device", "Where networks run.", ("device",), registry=registry
        )
        device_gauge.labels(device).set(1)

    def watch(self, lines: "Lines") -> None:
        """Show how many jobs wait and run."""
        self._jobs.labels("waiting").set_function(lambda: len(lines.waiting))
        self._jobs.labels("running").set_function(lambda: len(lines.running))

    def count_call(self, endpoint: str, outcome: str) -> None:
        """Count a call that was `served`, `refused` with a sentence, or has `failed`."""
        self._calls.labels(endpoint, outcome).inc()

    def count_picture(self, report: Mapping[str, Any]) -> None:
        """Count what a report on a picture says."""
        for stage, seconds in report.get("seconds", {}).items():
            self._seconds.labels(stage).observe(seconds)
        width, height = report.get("size", (0, 0))
        self._pixels.inc(width * height)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        written: bytes = self._write(self._registry)
        return written
