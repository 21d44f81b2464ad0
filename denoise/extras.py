"""Optional libraries, imported where they are used."""

from importlib import import_module
from typing import Any

from denoise.errors import DenoiseError


def optional(module: str, extra: str) -> Any:
    """Import a module of an optional library.

    Args:
        module: its name.
        extra: of this package, which installs the library.

    Raises:
        DenoiseError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise DenoiseError(
            f"{library} is needed for this and not installed: in a clone of this project, "
            f'pip install -e ".[{extra}]".'  # pip would find a stranger's package by the name alone
        ) from error
