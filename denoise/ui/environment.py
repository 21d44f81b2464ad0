"""What the environment says about the server: `DENOISE_*`, `GRADIO_*`, `SPACES_ZERO_GPU`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from denoise.devices import choose_device
from denoise.errors import SettingError
from denoise.hub.address import is_repository
from denoise.ui.server.limits import Limits
from denoise.ui.server.memory import available_bytes, most_pixels
from denoise.weights.checkpoints import is_checkpoint

TRUE = ("1", "t", "true")  # as `spaces` reads its own variables
HUB_TRUE = ("1", "on", "yes", "true")  # as huggingface_hub reads its own
VARIABLES = frozenset(
    f"DENOISE_{name}"
    for name in (
        *("ANY_MODEL", "CALLS_PER_MINUTE", "CHECKPOINTS", "DECODE_BYTES", "DECODE_SECONDS"),
        *("DEVICE", "FETCH_SETS", "HUB_REPO", "HUB_REVISION"),
        *("MAX_BYTES", "MAX_CONNECTIONS", "MAX_PIXELS"),
        "MEMORY",
        *("PROXIES", "QUEUE", "TRAIN_TAB"),
        *("LOG_JSON", "METRICS"),
        *("FRESH_ENVIRONMENTS", "SETS"),  # of tests and of the command line
    )
)
MOST_PIXELS, MOST_BYTES, MOST_WAITING = 10**9, 10**11, 10**5  # that a limit may be
MOST_PROXIES = 10
MOST_SECONDS = 3600
LEAST_DECODE_BYTES = 50_000_000  # to decode anything
MAX_DIGITS = 20  # of a number


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    device: str = "auto"
    host: str = "127.0.0.1"
    port: int = 7860
    limits: Limits = field(default_factory=Limits)
    has_training: bool = True
    fetches_sets: bool = True  # the test pictures of the lessons, in the background
    is_lent_gpus: bool = False  # a Space on ZeroGPU
    has_figures: bool = False  # at /metrics, for Prometheus
    logs_json: bool = False  # one JSON object a line
    hub_repo: str | None = None
    hub_revision: str | None = None
    takes_any_model: bool = False
    checkpoints: tuple[Path, ...] = ()  # anyone's, that the owner has chosen


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that DENOISE_* and GRADIO_SERVER_* hold.

    Raises:
        SettingError: a bad value, or an unknown variable; the sentence names it.
    """
    _refuse_unknown(environment)
    is_lent_gpus = (environment.get("SPACES_ZERO_GPU") or "").lower() in TRUE
    is_space = bool(environment.get("SPACE_ID"))
    is_offline = (environment.get("HF_HUB_OFFLINE") or "").lower() in HUB_TRUE
    usual_host = "0.0.0.0" if is_space else Settings.host
    hub_repo, hub_revision = _hub(environment)
    _check_root_path(environment)
    return Settings(
        device="cpu" if is_lent_gpus else _device(environment),  # of what needs no GPU
        host=environment.get("GRADIO_SERVER_NAME") or usual_host,
        port=_whole_number(environment, "GRADIO_SERVER_PORT", Settings.port, 65_535),
        limits=_limits(environment, is_space=is_space),
        has_training=_flag(environment, "DENOISE_TRAIN_TAB", default=not is_space),
        fetches_sets=_flag(environment, "DENOISE_FETCH_SETS", default=True) and not is_offline,
        is_lent_gpus=is_lent_gpus,
        has_figures=_flag(environment, "DENOISE_METRICS", default=False),
        logs_json=_flag(environment, "DENOISE_LOG_JSON", default=False),
        hub_repo=hub_repo,
        hub_revision=hub_revision,
        takes_any_model=_flag(environment, "DENOISE_ANY_MODEL", default=False),
        checkpoints=_checkpoints(environment),
    )


def _limits(environment: Mapping[str, str], *, is_space: bool) -> Limits:
    number = partial(_whole_number, environment)
    asked = number("DENOISE_MAX_PIXELS", Limits.max_pixels, MOST_PIXELS)
    memory = available_bytes()
    if environment.get("DENOISE_MEMORY"):
        memory = number("DENOISE_MEMORY", 1, MOST_BYTES)
    return Limits(
        max_pixels=min(asked, most_pixels(memory) or asked),
        memory=memory,
        max_bytes=number("DENOISE_MAX_BYTES", Limits.max_bytes, MOST_BYTES),
        decode_s=number("DENOISE_DECODE_SECONDS", Limits.decode_s, MOST_SECONDS),
        decode_bytes=number(
            "DENOISE_DECODE_BYTES", Limits.decode_bytes, MOST_BYTES, least=LEAST_DECODE_BYTES
        ),
        queue_size=number("DENOISE_QUEUE", Limits.queue_size, MOST_WAITING),
        max_connections=number("DENOISE_MAX_CONNECTIONS", Limits.max_connections, MOST_WAITING),
        calls_per_minute=number(
            "DENOISE_CALLS_PER_MINUTE", Limits.calls_per_minute, MOST_WAITING, least=0
        ),
        proxies=number("DENOISE_PROXIES", int(is_space), MOST_PROXIES, least=0),
    )


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


def _whole_number(
    environment: Mapping[str, str], name: str, default: int, most: int, *, least: int = 1
) -> int:
    text = environment.get(name) or str(default)
    is_number = text.isascii() and text.isdecimal() and len(text) < MAX_DIGITS
    if not is_number or not least <= int(text) <= most:
        raise SettingError(f"{name} is a whole number from {least:,} to {most:,}; {text!r} is not.")
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
