"""A camera's own files (CR2, CR3, NEF, ARW, DNG, RAF and more), developed by LibRaw."""

import io
from collections.abc import Callable

import numpy as np

from denoise.images.exif import copied_exif
from denoise.images.headers.pixels import check_pixels
from denoise.images.libraries import missing
from denoise.images.picture import Picture

_TIFF = (b"II*\0", b"MM\0*")  # most cameras' files have the tags of one
SRGB_CURVE = 2.4, 12.92  # the power, and the slope near black


def read_raw(content: bytes, max_pixels: int, on_size: Callable[[int], object]) -> Picture:
    """Return a camera's picture in sRGB of 16 bits, upright, with the camera's white balance.

    Its brightness is that of the exposure: white is the sensor's.

    Raises:
        ImageError: the end of a sentence that begins with the file's name.
    """
    try:
        import rawpy
    except ImportError as error:
        raise missing("a camera's raw picture", "rawpy") from error
    with rawpy.imread(io.BytesIO(content)) as raw:
        check_pixels(raw.sizes.raw_width, raw.sizes.raw_height, max_pixels)
        on_size(raw.sizes.raw_width * raw.sizes.raw_height)
        pixels = raw.postprocess(
            demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG,  # AHD takes three times as long
            use_camera_wb=True,
            output_bps=16,
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            gamma=SRGB_CURVE,
        )
    notes: list[str] = []
    height, width = pixels.shape[:2]
    exif, _ = copied_exif(content if content.startswith(_TIFF) else None, (width, height), notes)
    gray = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    return Picture(np.ascontiguousarray(gray), format="RAW", exif=exif, warnings=tuple(notes))
