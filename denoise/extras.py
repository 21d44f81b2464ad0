"""Optional libraries, imported where they are used."""

from importlib import import_module
from typing import Any

from denoise.errors import DenoiseError


def optional(module: str, extra: str) -> Any:
    """Gives a module of an optional library.

    Args:
        module: its name.
        extra: that installs it.

    Raises:
        DenoiseError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise DenoiseError(
            f"{library} is needed for this and not installed: in a clone of this project, "
            f'pip install -e ".[{extra}]".'  # by name pip would take a stranger's package
        ) from error
