"""A folder with one file of each kind goes through `run`, and other libraries open what comes."""

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from command_line import run
from picture_files import PHONE, make_dng, write, write_tiff
from PIL import Image
from skimage import data

PHOTO = data.astronaut()[:48, :64]
KINDS = {  # a file's name, its content, the name and the kind of what comes back
    "a.png": (write(PHOTO, "PNG"), "a.png", "PNG"),
    "b.jfif": (write(PHOTO, "JPEG"), "b.jfif", "JPEG"),
    "c.webp": (write(PHOTO, "WEBP"), "c.webp", "WEBP"),
    "d.tif": (write(PHOTO, "TIFF"), "d.tif", "TIFF"),
    "e.avif": (write(PHOTO, "AVIF"), "e.avif", "AVIF"),
    "f.jp2": (write(PHOTO, "JPEG2000"), "f.jp2", "JPEG2000"),
    "g.ppm": (write(PHOTO, "PPM"), "g.ppm", "PPM"),
    "h.bmp": (write(PHOTO, "BMP"), "h.png", "PNG"),
    "i.gif": (write(PHOTO, "GIF"), "i.png", "PNG"),
    "j.HEIC": (PHONE, "j.jpg", "JPEG"),
    "k.dng": (make_dng(), "k.tif", "TIFF"),
    "l.tiff": (write_tiff(PHOTO.astype(np.float32) / 255, photometric="rgb"), "l.tiff", "TIFF"),
    "m.mpo": (write(PHOTO, "MPO"), "m.mpo", "JPEG"),
}


def opened_by_another(file, kind):
    if kind == "AVIF":
        return imagecodecs.avif_decode(file.read_bytes())
    if kind == "TIFF":
        return tifffile.imread(file)
    return cv2.imread(str(file), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    for name, (content, _, _) in KINDS.items():
        (folder / name).write_bytes(content)
    assert run("run", folder, "-o", folder / "out", "--sigma", "0.05") == 0
    return folder / "out"


@pytest.mark.parametrize(("written", "kind"), [told[1:] for told in KINDS.values()])
def test_every_kind_comes_back_as_it_is_said(results, written, kind):
    file = results / written
    if written != "l.tiff":  # Pillow reads no floating-point colours
        with Image.open(file) as image:
            assert image.format == kind
    assert opened_by_another(file, kind).shape in ((48, 64, 3), (64, 48, 3))


def test_depth_and_floats_are_kept(results):
    assert tifffile.imread(results / "k.tif").dtype == np.uint16
    assert tifffile.imread(results / "l.tiff").dtype == np.float32


def test_nothing_else_is_written(results):
    assert {file.name for file in results.iterdir()} == {told[1] for told in KINDS.values()}
