"""How much one visitor may ask of the server."""

from dataclasses import dataclass

from denoise.images.reading import MAX_BYTES, MAX_PIXELS


@dataclass(frozen=True)
class Limits:
    """What is refused, and how long files stay."""

    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES  # of one uploaded file
    queue_size: int = 20  # jobs that may wait
    max_connections: int = 500  # at the same time
    keep_s: int = 3600  # age at which uploads and results go
    max_work_s: int = 1800  # for one picture
