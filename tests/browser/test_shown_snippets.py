"""The page's API view in a real Chromium: what it shows is copied and run."""

import ast
import json
import re

import httpx
import pytest
from reading import run_javascript, run_python, run_shell
from skimage import data

from denoise import Denoiser, Picture, load_picture, save_picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def folder(tmp_path):
    save_picture(Picture(data.coffee()[:64, 200:280]), tmp_path / "picture.png")
    return tmp_path


@pytest.fixture
def shown(page):
    """Gives the snippet of /denoise that the view shows in a language."""
    page.get_by_role("button", name="Use via API").click()
    view = page.locator(".api-docs")

    def copied(language):
        view.get_by_text(language, exact=True).click()
        code = view.locator("pre").locator("visible=true")
        return code.filter(has_text=re.compile(r"/denoise[\" ]")).first.inner_text()

    return copied


def is_clean(picture, folder):
    expected = Denoiser()(load_picture(folder / "picture.png").pixels)
    return (load_picture(picture).pixels == expected).all()


def fetched(address):
    return httpx.get(address, trust_env=False).raise_for_status().content


def test_the_python_snippet_gives_the_denoised_picture(shown, folder):
    printed = run_python(shown("Python"), folder)
    file, report = ast.literal_eval(printed.splitlines()[-1])
    assert is_clean(file, folder)
    assert report["sigma_source"] == "estimated"


def test_the_javascript_snippet_gives_the_denoised_picture(shown, folder):
    printed = run_javascript(shown("JavaScript"), folder)
    assert is_clean(fetched(re.search(r"url: '([^']+)'", printed)[1]), folder)


def test_the_curl_snippet_gives_the_denoised_picture(shown, folder):
    *_, answer = re.findall(r"^data: (.+)$", run_shell(shown("cURL"), folder), re.MULTILINE)
    assert is_clean(fetched(json.loads(answer)[0]["url"]), folder)


def test_the_view_says_what_a_parameter_is(shown, page):
    shown("Python")
    page.locator(".api-docs").get_by_text("share of the change, 0 (none) to 1.").first.wait_for()
