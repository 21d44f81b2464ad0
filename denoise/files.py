"""Write files whole or not at all: into a hidden draft, which then takes the file's name."""

import secrets
from contextlib import suppress
from pathlib import Path

from denoise.errors import ImageError, why_not_written


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        ImageError: it cannot be written.
    """
    draft = path.parent / f".{secrets.token_hex(8)}.part"  # path.name plus a suffix may be too long
    try:
        try:
            with draft.open("xb") as file:
                file.write(content)
            draft.replace(path)
        except BaseException:  # also Ctrl-C
            with suppress(OSError):
                draft.unlink()
            raise
    except OSError as error:
        raise ImageError(f"{path.name} cannot be written: {why_not_written(error)}.") from error
