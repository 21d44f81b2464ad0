"""Errors with a message for the user: what is wrong, what is allowed, what to do."""

import errno

_TO_DO = {
    errno.ENOSPC: "the disk is full; make room and start again",
    errno.EDQUOT: "your share of the disk is used up; make room and start again",
    errno.EFBIG: "it is larger than a file may be there; choose a smaller format or another folder",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.EACCES: "you may not write there; choose another folder",
    errno.EPERM: "you may not write there; choose another folder",
    errno.EEXIST: "there is a file where a folder should be; choose another folder",
    errno.ENOTDIR: "there is a file where a folder should be; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EPIPE: "the program that reads it has stopped",
}


class DenoiseError(Exception):
    """A problem that the user can fix; its message may be shown as it is."""


class ImageError(DenoiseError):
    """A picture that cannot be read, or whose kind or size is not allowed."""


class SettingError(DenoiseError):
    """A level, sigma, strength, seed or device outside what is allowed."""


class UnknownModelError(DenoiseError):
    """A model name that is not in the zoo."""


class WeightsError(DenoiseError):
    """Weights that are missing, altered or do not fit their architecture."""


class CancelledError(DenoiseError):
    """The caller asked for the work to stop."""


def why_not_written(error: OSError) -> str:
    """Return why a file cannot be written and what to do, as the end of a sentence."""
    known = _TO_DO.get(error.errno or 0)
    return known or f"{error.strerror or 'the disk refused it'}; choose another folder"
