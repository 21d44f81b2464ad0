"""The limit of pixels."""

from denoise.errors import ImageError


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raise an ImageError for no pixels, and for more than are allowed."""
    if min(width, height) <= 0 or width * height > max_pixels:
        raise ImageError(
            f"has {width} x {height} = {width * height:,} pixels; at most {max_pixels:,} are "
            "allowed."
        )
