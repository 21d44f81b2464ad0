import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from denoise.images.picture import Picture
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture

HELD = ("PNG", "JPEG", "TIFF")  # WebP has no place for it
MAKER, ORIENTATION, ACROSS, DOWN, UNIT = 271, 274, 282, 283, 296


def write(image_format, dtype=np.uint8, **options):
    """The bytes of a file, by Pillow."""
    file = io.BytesIO()
    Image.fromarray(np.zeros((6, 8), dtype)).save(file, image_format, **options)
    return file.getvalue()


def read(file):
    """Return what Pillow and, for a TIFF, tifffile find in a file."""
    with Image.open(io.BytesIO(file)) as image:
        found = tuple(round(float(one), 1) for one in image.info["dpi"])
    if image.format == "TIFF":
        with tifffile.TiffFile(io.BytesIO(file)) as tiff:
            assert tuple(tiff.pages[0].get_resolution("inch")) == pytest.approx(found, abs=0.1)
    return found


def exif(**tags):
    made = Image.Exif()
    made[MAKER] = "maker"
    for name, value in tags.items():
        made[globals()[name]] = value
    return made


@pytest.mark.parametrize("source", HELD)
@pytest.mark.parametrize("target", HELD)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("dpi", [(300, 300), (72, 144), (96, 96)])
def test_the_resolution_comes_out_as_it_came_in(source, target, dtype, dpi):
    file = write(source, np.uint8 if source == "JPEG" else dtype, dpi=dpi)
    assert read(encode_picture(load_picture(file), format=target)) == dpi


@pytest.mark.parametrize("source", HELD)
def test_a_resolution_that_is_no_whole_number_is_kept(source):
    deep = Picture(np.zeros((6, 8), np.uint16), resolution=(299.7, 150.25))
    found = load_picture(encode_picture(deep, format=source)).resolution
    assert found == pytest.approx((300, 150) if source == "JPEG" else (299.7, 150.25), abs=0.02)


@pytest.mark.parametrize(
    "file",
    [
        write("TIFF", resolution_unit=3, x_resolution=118.11, y_resolution=118.11),
        write("BMP", dpi=(300, 300)),
        write("JPEG", exif=exif(ACROSS=300, DOWN=300, UNIT=2)),
        write("PNG", exif=exif(ACROSS=300, DOWN=300)),
        write("WEBP", exif=exif(ACROSS=118.11, DOWN=118.11, UNIT=3)),
    ],
    ids=["centimetres", "BMP", "EXIF of JPEG", "EXIF of PNG", "EXIF of WebP"],
)
def test_a_resolution_is_found_wherever_it_stands(file):
    assert load_picture(file).resolution == (300, 300)


@pytest.mark.parametrize(
    "file",
    [
        *(write(image_format) for image_format in ("PNG", "JPEG", "TIFF", "WEBP", "GIF")),
        write("JPEG", exif=exif()),  # which Pillow gives 72
        write("JPEG", exif=exif(ACROSS=0, DOWN=0)),
        write("PNG", dpi=(90_000_000, 1)),
        write("TIFF", resolution_unit=1, x_resolution=2, y_resolution=1),  # a shape of pixels
    ],
)
def test_none_is_made_up(file):
    picture = load_picture(file)
    assert picture.resolution is None
    assert b"pHYs" not in encode_picture(picture, format="PNG")


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_a_picture_that_is_turned_has_its_resolution_turned(image_format):
    file = write(image_format, dpi=(100, 200), exif=exif(ORIENTATION=6))
    picture = load_picture(file)
    assert (picture.pixels.shape, picture.resolution) == ((8, 6), (200, 100))


@pytest.mark.parametrize("image_format", HELD)
def test_the_resolution_stays_without_exif(image_format):
    file = write(image_format, dpi=(300, 300), exif=exif())
    written = encode_picture(load_picture(file), format=image_format, keep_exif=False)
    assert load_picture(written).exif is None
    assert read(written) == (300, 300)


def test_the_file_comes_before_its_exif():
    file = write("JPEG", dpi=(300, 300), exif=exif(ACROSS=72, DOWN=72, UNIT=2))
    assert load_picture(file).resolution == (300, 300)
    assert read(encode_picture(load_picture(file), format="TIFF")) == (300, 300)
