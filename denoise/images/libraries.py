"""Libraries for formats that Pillow does not read, which the extra [formats] installs, too."""

from denoise.errors import ImageError


def missing(what: str, module: str) -> ImageError:
    """Return the error that says which library a kind of picture needs.

    It is the end of a sentence that begins with the file's name.
    """
    return ImageError(
        f"is {what}, for which {module} is not installed: in a clone of this project, "
        'pip install -e ".[formats]".'
    )
