"""Which version of the package this is."""

from importlib.metadata import PackageNotFoundError, version


def version_words() -> str:
    """Gives the version, or that the package is run from a clone and not installed."""
    try:
        return version("denoise")
    except PackageNotFoundError:
        return "(clone)"
