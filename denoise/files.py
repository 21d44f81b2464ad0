"""Files written whole or not at all: as a hidden draft, which then takes the file's name."""

import secrets
from contextlib import suppress
from pathlib import Path

from denoise.errors import ImageError, why_not_written


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        ImageError: it cannot be written.
    """
    draft = path.parent / f".{secrets.token_hex(8)}.part"  # the name of the file may be too long
    try:
        try:
            with draft.open("xb") as file:
                file.write(content)
            draft.replace(path)
        except BaseException:  # Ctrl-C, too
            with suppress(OSError):
                draft.unlink()
            raise
    except OSError as error:
        raise ImageError(f"{path.name} cannot be written: {why_not_written(error)}.") from error
