"""How much one visitor may ask of the server."""

from dataclasses import dataclass

from denoise.images.reading import MAX_BYTES, MAX_PIXELS


@dataclass(frozen=True)
class Limits:
    """What is refused, and how long files stay."""

    max_pixels: int = MAX_PIXELS
    memory: int | None = None  # bytes for all that is worked on; None: any number
    max_bytes: int = MAX_BYTES  # of one uploaded file
    decode_s: int = 8  # of computing, to decode one file
    decode_bytes: int = 200_000_000  # of memory for that, beyond the file and its pixels
    queue_size: int = 100  # jobs that may wait
    max_connections: int = 500  # at the same time
    calls_per_minute: int = 0  # of one client; 0: any number
    proxies: int = 0  # that stand before the server, and name the client in X-Forwarded-For
    keep_s: int = 3600  # age at which uploads and results go
    max_work_s: int = 1800  # for one picture
