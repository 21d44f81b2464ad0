"""Start the page: read the environment, set up the service, serve until told to stop."""

import importlib
import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from denoise.devices import choose_device, device_label
from denoise.errors import DenoiseError, SettingError
from denoise.hub.repository import Repository
from denoise.ui.environment import Settings, read_settings
from denoise.ui.server.figures import Figures
from denoise.ui.server.logs import set_up_logs
from denoise.ui.server.service import Service
from denoise.zoo.zoo import Zoo

if TYPE_CHECKING:
    from denoise.ui.stage.visits import Visits

FAILED, MISUSE = 1, 2
SWEEP_S = 60
FLUSH_S = 1  # for the last answers to leave

_log = logging.getLogger("denoise")


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code."""
    try:
        settings = read_settings(os.environ)
    except SettingError as error:
        return _complain(str(error), MISUSE)
    is_told_to_stop = _watch_signals()
    set_up_logs(as_json=settings.logs_json)
    service = Service(device=settings.device, limits=settings.limits, zoo=_zoo(settings))
    try:
        if settings.has_figures:
            service.figures = Figures(device_label(choose_device(settings.device)))
        return _serve(service, settings, is_told_to_stop)
    except DenoiseError as error:
        return _complain(f"Cannot serve: {error}", FAILED)
    finally:
        service.storage.remove()


def run() -> NoReturn:
    """Serve as `main` does, then end the process at once.

    A cancelled tile may still be at work in its thread, and a plain exit crashes on it.
    """
    code = main()
    sys.stdout.flush()
    os._exit(code)


def _zoo(settings: Settings) -> Zoo:
    repository = None
    if settings.hub_repo is not None:
        repository = Repository(settings.hub_repo, settings.hub_revision)
    zoo = Zoo(
        repository=repository,
        takes_addresses=settings.takes_any_model,
        checkpoints=settings.checkpoints,
    )
    zoo.warnings()  # for the log
    if repository is not None:
        print(f"Weights from the Hub: {repository}", flush=True)  # noqa: T201
    return zoo


def _serve(service: Service, settings: Settings, is_told_to_stop: threading.Event) -> int:
    # Gradio reads these when it is imported, and when a page is built.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(service.storage.folder)
    if settings.is_lent_gpus:
        importlib.import_module("spaces")  # before anything touches CUDA
    from denoise.ui.page import build_page, look
    from denoise.ui.server.http import files_in_use, start_serving
    from denoise.ui.stage.visits import Visits
    from denoise.ui.tabs.samples import SampleStore

    if settings.is_lent_gpus:
        service.loaded.load_all()
    samples, visits = SampleStore(), Visits(service)
    page = build_page(service, has_training=settings.has_training, samples=samples)
    if is_told_to_stop.is_set():
        return 0
    try:
        start_serving(page, visits, host=settings.host, port=settings.port, look=look())
    except OSError:
        place = f"{settings.host}, port {settings.port}"
        sentence = "the port is in use or the address unknown; set GRADIO_SERVER_PORT to another."
        return _complain(f"Cannot serve at {place}: {sentence}", FAILED)
    print(f"Serving at {page.local_url}", flush=True)  # noqa: T201
    threading.Thread(target=_warm, args=(visits,), daemon=True).start()
    if settings.fetches_sets:
        threading.Thread(target=samples.fetch_tests, daemon=True).start()
    while not is_told_to_stop.wait(SWEEP_S):
        service.storage.clean_up(files_in_use(page) | visits.files_in_use())
    service.close()
    time.sleep(FLUSH_S)
    page.close(verbose=False)
    return 0


def _watch_signals() -> threading.Event:
    is_told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_told_to_stop.set())
    return is_told_to_stop


def _warm(visits: "Visits") -> None:
    service = visits.service
    try:
        service.warm()
        visits.speeds.measure()
    except DenoiseError as error:
        service.fault = f"The default network cannot be used. {error}"
        _log.error(service.fault)


def _complain(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return code
