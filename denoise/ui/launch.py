"""Start the page: read the environment, set up the service, serve until told to stop."""

import importlib
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import NoReturn

from denoise.devices import choose_device
from denoise.errors import DenoiseError, SettingError
from denoise.hub.address import is_repository
from denoise.hub.repository import Repository
from denoise.ui.server.limits import Limits
from denoise.ui.server.service import Service
from denoise.weights.checkpoints import is_checkpoint
from denoise.zoo.zoo import Zoo

FAILED, MISUSE = 1, 2
SWEEP_S = 60
MAX_DIGITS = 20  # of a number
FLUSH_S = 1  # for the last answers to leave
TRUE = ("1", "t", "true")  # as `spaces` reads its own variables
VARIABLES = frozenset(
    f"DENOISE_{name}"
    for name in (
        *("ANY_MODEL", "CHECKPOINTS", "DEVICE", "HUB_REPO", "HUB_REVISION", "MAX_BYTES"),
        *("MAX_CONNECTIONS", "MAX_PIXELS", "QUEUE", "TRAIN_TAB"),
        *("FRESH_ENVIRONMENTS", "SETS"),  # of tests and of the command line
    )
)
MOST_PIXELS, MOST_BYTES, MOST_WAITING = 10**9, 10**11, 10**5  # that a limit may be

_log = logging.getLogger("denoise")


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    device: str = "auto"
    host: str = "127.0.0.1"
    port: int = 7860
    limits: Limits = field(default_factory=Limits)
    has_training: bool = True
    is_lent_gpus: bool = False  # a Space on ZeroGPU
    hub_repo: str | None = None
    hub_revision: str | None = None
    takes_any_model: bool = False
    checkpoints: tuple[Path, ...] = ()  # anyone's, that the owner has chosen


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code."""
    try:
        settings = read_settings(os.environ)
    except SettingError as error:
        return _complain(str(error), MISUSE)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    service = Service(device=settings.device, limits=settings.limits, zoo=_zoo(settings))
    try:
        return _serve(service, settings)
    finally:
        shutil.rmtree(service.storage.folder, ignore_errors=True)


def run() -> NoReturn:
    """Serve as `main` does, then end the process at once.

    A cancelled tile may still be at work in its thread, and a plain exit crashes on it.
    """
    code = main()
    sys.stdout.flush()
    os._exit(code)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that DENOISE_* and GRADIO_SERVER_* hold.

    Raises:
        SettingError: a bad value, or an unknown variable; the sentence names it.
    """
    _refuse_unknown(environment)
    is_lent_gpus = (environment.get("SPACES_ZERO_GPU") or "").lower() in TRUE
    is_space = bool(environment.get("SPACE_ID"))
    usual_host = "0.0.0.0" if is_space else Settings.host
    hub_repo, hub_revision = _hub(environment)
    _check_root_path(environment)
    number = partial(_whole_number, environment)
    return Settings(
        device="cpu" if is_lent_gpus else _device(environment),  # of what needs no GPU
        host=environment.get("GRADIO_SERVER_NAME") or usual_host,
        port=number("GRADIO_SERVER_PORT", Settings.port, 65_535),
        limits=Limits(
            max_pixels=number("DENOISE_MAX_PIXELS", Limits.max_pixels, MOST_PIXELS),
            max_bytes=number("DENOISE_MAX_BYTES", Limits.max_bytes, MOST_BYTES),
            queue_size=number("DENOISE_QUEUE", Limits.queue_size, MOST_WAITING),
            max_connections=number("DENOISE_MAX_CONNECTIONS", Limits.max_connections, MOST_WAITING),
        ),
        has_training=_flag(environment, "DENOISE_TRAIN_TAB", default=not is_space),
        is_lent_gpus=is_lent_gpus,
        hub_repo=hub_repo,
        hub_revision=hub_revision,
        takes_any_model=_flag(environment, "DENOISE_ANY_MODEL", default=False),
        checkpoints=_checkpoints(environment),
    )


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


def _device(environment: Mapping[str, str]) -> str:
    device = environment.get("DENOISE_DEVICE") or "auto"
    try:
        choose_device(device)
    except SettingError as error:
        raise SettingError(f"DENOISE_DEVICE: {error}") from error
    return device


def _hub(environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the repository on the Hub and its revision, each None where it is not set."""
    repo = environment.get("DENOISE_HUB_REPO") or None
    revision = environment.get("DENOISE_HUB_REVISION") or None
    if repo is not None and not is_repository(repo):
        raise SettingError(
            f"DENOISE_HUB_REPO is a repository on the Hub, organisation/name; {repo!r} is not."
        )
    if revision and not repo:
        raise SettingError("DENOISE_HUB_REVISION needs a repository; set DENOISE_HUB_REPO, too.")
    return repo, revision


def _checkpoints(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that DENOISE_CHECKPOINTS names and the checkpoints in its folders."""
    files: list[Path] = []
    for text in filter(None, (environment.get("DENOISE_CHECKPOINTS") or "").split(os.pathsep)):
        place = Path(text)
        try:
            found = [place] if place.is_file() else sorted(place.iterdir())
        except OSError as error:
            raise SettingError(f"DENOISE_CHECKPOINTS: {text!r} cannot be read.") from error
        files += [file for file in found if is_checkpoint(file.name)]
    return tuple(files)


def _flag(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name) or str(int(default))
    if text not in ("0", "1"):
        raise SettingError(f"{name} is 0 or 1; {text!r} is not.")
    return text == "1"


def _whole_number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name) or str(default)
    is_number = text.isascii() and text.isdecimal() and len(text) < MAX_DIGITS
    if not is_number or not 1 <= int(text) <= most:
        raise SettingError(f"{name} is a whole number from 1 to {most:,}; {text!r} is not.")
    return int(text)


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if name.startswith("DENOISE_") and name not in VARIABLES:
            near = get_close_matches(name, VARIABLES, 1, cutoff=0.85)
            known = ", ".join(sorted(VARIABLES))
            meant = f"perhaps {near[0]} is meant" if near else f"known: {known}"
            raise SettingError(f"{name} is no setting of the server; {meant}.")


def _check_root_path(environment: Mapping[str, str]) -> None:
    path = environment.get("GRADIO_ROOT_PATH") or "/"
    if not path.startswith(("/", "http://", "https://")):
        raise SettingError(
            f"GRADIO_ROOT_PATH is where a proxy serves the page, such as /denoise; {path!r} is not."
        )


def _serve(service: Service, settings: Settings) -> int:
    # Gradio reads these when it is imported, and when a page is built.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(service.storage.folder)
    if settings.is_lent_gpus:
        importlib.import_module("spaces")  # before anything touches CUDA
    from denoise.ui.page import build_page, look
    from denoise.ui.server.http import files_of, start_serving

    is_told_to_stop = _watch_signals()
    if settings.is_lent_gpus:
        service.loaded.load_all()
    page = build_page(service, has_training=settings.has_training)
    try:
        start_serving(page, service, host=settings.host, port=settings.port, look=look())
    except OSError:
        place = f"{settings.host}, port {settings.port}"
        sentence = "the port is in use or the address unknown; set GRADIO_SERVER_PORT to another."
        return _complain(f"Cannot serve at {place}: {sentence}", FAILED)
    print(f"Serving at {page.local_url}", flush=True)  # noqa: T201
    threading.Thread(target=_warm, args=(service,), daemon=True).start()
    while not is_told_to_stop.wait(SWEEP_S):
        service.storage.clean_up(keep=files_of(page))
    service.close()
    time.sleep(FLUSH_S)
    page.close(verbose=False)
    return 0


def _watch_signals() -> threading.Event:
    is_told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_told_to_stop.set())
    return is_told_to_stop


def _warm(service: Service) -> None:
    try:
        service.warm()
    except DenoiseError:
        _log.exception("The default network cannot be used.")


def _complain(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return code
