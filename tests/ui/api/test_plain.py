"""One request, one answer: a picture in, a picture out."""

import io
import json
import subprocess

import httpx
import numpy as np
import pytest
from PIL import Image
from skimage import data

from denoise import Denoiser, Picture, add_noise, load_picture, save_picture
from denoise.ui.api.plain import MAX_REPORT, PATH, REPORT, report_header

NOISY = add_noise(data.coffee()[:128, :160], "gaussian", 25 / 255, seed=1)


@pytest.fixture(scope="module")
def web(server):
    with httpx.Client(base_url=server.url, timeout=120, trust_env=False) as connected:
        yield connected


def file_of(pixels=NOISY, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def post(web, content=None, name="noisy.png", **fields):
    content = file_of() if content is None else content
    return web.post(PATH, files={"image": (name, content)}, data=fields)


def test_a_picture_comes_back_as_the_denoiser_gives_it(web):
    answer = post(web)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert 'filename="noisy-denoised.png"' in answer.headers["content-disposition"]
    assert np.array_equal(load_picture(answer.content).pixels, Denoiser()(NOISY))
    report = json.loads(answer.headers[REPORT])
    assert (report["model"], report["size"]) == ("conv-photo", [160, 128])


def test_curl_does_it_in_one_line(server, tmp_path):
    noisy, clean = tmp_path / "noisy.jpg", tmp_path / "clean.jpg"
    save_picture(Picture(NOISY), noisy)
    command = ["curl", "-sS", "-f", "-F", f"image=@{noisy}", f"{server.url}{PATH}", "-o", clean]
    subprocess.run(command, check=True)
    cleaned = load_picture(clean)
    assert cleaned.format == "JPEG"
    expected = Denoiser()(load_picture(noisy).pixels).astype(int)
    assert abs(cleaned.pixels - expected).mean() < 2  # but for JPEG


def test_settings_are_fields(web):
    answer = post(web, sigma=0.1, strength=0.5, format="TIFF", exif="false", ensemble="false")
    made = load_picture(answer.content)
    assert made.format == "TIFF"
    expected = Denoiser()(NOISY, 0.1, 0.5).astype(int)
    assert abs(made.pixels - expected).max() <= 1


def test_nothing_of_it_stays(web, server):
    before = {path for path in server.folder.rglob("*") if path.is_file()}
    assert post(web).status_code == 200
    assert {path for path in server.folder.rglob("*") if path.is_file()} - before == set()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sigma": "25"}, "Did you mean 25/255"),
        ({"sigma": "much"}, "sigma is a number"),
        ({"strength": "2"}, "from 0 to 1"),
        ({"ensemble": "perhaps"}, "true or false"),
        ({"model": "nothing"}, "nothing"),
        ({"model": "dense-mnist"}, "not for photos"),
        ({"format": "DOC"}, "Unknown format"),
        ({"colour": "red"}, "Unknown field 'colour'"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(web, fields, said):
    answer = post(web, **fields)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_what_is_no_picture_is_415(web):
    answer = post(web, b"Dear Sir or Madam", "letter.png")
    assert answer.status_code == 415
    assert "is a text file, not a picture" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\nnothing"),
        ({"Content-Type": "multipart/form-data"}, b"--x--"),
    ],
)
def test_what_is_no_form_is_refused_with_a_sentence(web, headers, body):
    answer = web.post(PATH, content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")


def test_a_long_report_fits_into_a_header():
    report = {"model": "one", "warnings": ["ä" * 90] * 90}
    line = report_header(report)
    assert line.isascii()
    assert len(line) <= MAX_REPORT
    assert json.loads(line)["model"] == "one"
