"""Errors whose message is written for the user: what is wrong, what is allowed, what to do."""


class DenoiseError(Exception):
    """Something the user can mend; its message may be shown as it stands."""


class ImageError(DenoiseError):
    """A picture that cannot be read, or is not of an allowed kind or size."""


class SettingError(DenoiseError):
    """A level, sigma, strength, seed or device outside what is allowed."""


class UnknownModelError(DenoiseError):
    """A model name that is not in the zoo."""


class WeightsError(DenoiseError):
    """Weights that are missing, altered or do not fit their architecture."""


class CancelledError(DenoiseError):
    """The caller asked for the work to stop."""
