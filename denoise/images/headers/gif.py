"""The blocks of a GIF up to its second frame, which is as far as Pillow reads."""

from denoise.errors import ImageError

MAX_COMMENT_BYTES = 1_000_000  # Pillow joins a comment block by block, in quadratic time
MAX_BLOCKS = 1_000_000  # of up to 255 bytes; Pillow takes a microsecond for each
_SCREEN_BYTES, _FRAME_BYTES = 13, 10
_EXTENSION, _COMMENT, _FRAME, _END = b"!", b"!\xfe", b",", b";"


def check_gif(content: bytes, _: int) -> int:
    """Refuse comments and blocks without end."""
    place = _SCREEN_BYTES + _palette_bytes(content, 10)
    blocks = comment_bytes = frames = 0
    while frames < 2 and (kind := content[place : place + 1]) not in (b"", _END):
        is_comment = content[place : place + 2] == _COMMENT
        start = place
        if kind == _FRAME:
            frames += 1
            start += _FRAME_BYTES + _palette_bytes(content, place + 9) + 1
            place, passed = _skip_blocks(content, start, MAX_BLOCKS - blocks)
        elif kind == _EXTENSION:
            place, passed = _skip_blocks(content, start + 2, MAX_BLOCKS - blocks)
        else:  # Pillow skips it byte by byte
            place, passed = place + 1, 1
        blocks += passed
        comment_bytes += place - start if is_comment else 0
        if comment_bytes > MAX_COMMENT_BYTES:
            raise ImageError("holds more than 1 MB of comments; save it anew as PNG.")
        if blocks >= MAX_BLOCKS:
            raise ImageError("consists of more than a million blocks; save it anew as PNG.")
    return 0


def _palette_bytes(content: bytes, place: int) -> int:
    """Return the length of the palette that the flags at a place announce."""
    flags = content[place] if place < len(content) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(content: bytes, place: int, most: int) -> tuple[int, int]:
    """Return the place behind a series of blocks, and how many were passed, `most` or fewer."""
    blocks = 0
    while place < len(content) and blocks < most:
        blocks += 1
        length = content[place]
        place += length + 1
        if length == 0:
            break
    return place, blocks
