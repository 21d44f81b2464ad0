"""The tags of a TIFF: strips, tiles and the format of its samples."""

from denoise.errors import ImageError
from denoise.images.ifd import Tags

MAX_PIECES = 100_000  # strips or tiles; Pillow makes an object of each
_BITS, _PHOTOMETRIC, _FILL_ORDER, _SAMPLES = 258, 262, 266, 277
_FORMAT = 339
_PIECES = frozenset({273, 279, 324, 325})  # places and lengths of strips, and of tiles
_SIGNED, _FLOAT = 2, 3  # formats
_WIDTHS = (1, 2, 4, 8, 16, 32)  # bits a sample that Pillow reads


def check_tiff(content: bytes, _: int) -> int:
    """Refuse pieces without end, and samples that Pillow would misread."""
    tags = Tags(content, long_tags=_PIECES)
    if max(tags.count(piece) for piece in _PIECES) > MAX_PIECES:
        raise ImageError(
            f"is cut into more than {MAX_PIECES:,} strips or tiles; save it anew as PNG."
        )
    bits = set(tags.numbers(_BITS, (1,)))
    formats = tags.numbers(_FORMAT, (1,))
    if _SIGNED in formats and max(bits) <= 16:
        raise ImageError("holds signed values; save it with 8 or 16 unsigned bits per channel.")
    if _FLOAT not in formats and not bits <= set(_WIDTHS) and not _is_12_bit_gray(content, tags):
        found = " and ".join(map(str, sorted(bits)))
        raise ImageError(f"has {found} bits per channel; save it with 8 or 16 bits per channel.")
    return 0


def _is_12_bit_gray(content: bytes, tags: Tags) -> bool:
    """Return whether Pillow can unpack 12 bits."""
    return (
        content.startswith(b"II")
        and tags.numbers(_BITS) == (12,)
        and tags.numbers(_SAMPLES, (1,)) == (1,)
        and tags.numbers(_PHOTOMETRIC) == (1,)
        and tags.numbers(_FILL_ORDER, (1,)) == (1,)
    )
