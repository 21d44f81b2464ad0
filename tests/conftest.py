"""A real server for the tests of the API and of the page: `python app.py` on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from browsing import CHROMIUM, DESKTOP, FLAGS, open_page
from places import ROOT

START_S, STOP_S = 120, 30


@dataclass(frozen=True)
class Server:
    """A running app.py."""

    url: str
    process: subprocess.Popen
    folder: Path  # its TMPDIR: uploads and results lie below
    log: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@contextmanager
def running_server(
    folder: Path, *, python: str = sys.executable, **environment: str
) -> Iterator[Server]:
    """Starts app.py, waits until it is ready, and stops it at the end."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    log = folder.with_suffix(".log")
    settings = {"GRADIO_SERVER_PORT": str(port), "TMPDIR": str(folder), **environment}
    with log.open("wb") as output:
        process = start_app(settings, output, python)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, log)
        yield Server(url, process, folder, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_S)


def start_app(
    settings: dict[str, str], output=subprocess.PIPE, python: str = sys.executable
) -> subprocess.Popen:
    own = {name: value for name, value in os.environ.items() if not name.startswith("DENOISE_")}
    return subprocess.Popen(
        [python, "app.py"],
        cwd=ROOT,
        env={**own, "DENOISE_FETCH_SETS": "0", **settings},
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"app.py did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        message = "NO CHROMIUM: the page is not tested in a browser. Install chromium."
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    yield page
    context.close()
