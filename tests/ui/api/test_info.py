"""What the page's API view is made of; tests/browser/test_api_view.py looks at it."""

import ast
import json
import re

import httpx
import numpy as np
import pytest
from reading import run_javascript, run_python, run_shell

from denoise import Denoiser, Picture, add_noise, load_picture, save_picture
from denoise.ui.api.snippets import Place, snippets

INFO = "/gradio_api/info"
TOLD = {  # what an endpoint's report holds
    "/denoise": "sigma_source",
    "/denoise_many": "two.png",
    "/add_noise": "seed",
    "/estimate": "correlation",
    "/models": "conv-fashion",
    "/compare": "haarpsi",
    "/sweep": "haarpsi",
}


@pytest.fixture(scope="module")
def web(server):
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as connected:
        yield connected


@pytest.fixture(scope="module")
def endpoints(web):
    return web.get(INFO).raise_for_status().json()["named_endpoints"]


@pytest.fixture
def folder(tmp_path):
    noisy = add_noise(np.full((24, 32, 3), 128, np.uint8), level=0.1)
    for name in ("picture.png", "one.png", "two.png"):
        save_picture(Picture(noisy), tmp_path / name)
    return tmp_path


def is_clean(file, folder):
    expected = Denoiser()(load_picture(folder / "picture.png").pixels)
    return (load_picture(file).pixels == expected).all()


def test_the_view_has_every_endpoint_with_snippets(endpoints):
    assert endpoints.keys() == TOLD.keys()
    for endpoint in endpoints.values():
        assert endpoint["code_snippets"].keys() == {"python", "javascript", "bash", "cli"}


def test_the_view_says_what_every_parameter_and_answer_is(endpoints):
    for endpoint in endpoints.values():
        for one in endpoint["parameters"] + endpoint["returns"]:
            assert one["python_type"]["description"].endswith(".")
        assert all(one["label"] == one["parameter_name"] for one in endpoint["parameters"])


def test_every_visitor_sees_the_address_that_was_asked(web, endpoints):
    answer = web.get(INFO, headers={"x-forwarded-host": "photos.example"}).json()
    assert "http://photos.example/gradio_api" in str(answer)
    assert "photos.example" not in web.get(f"{INFO}/").text


def test_clients_of_a_space_are_told_its_name():
    told = snippets("/models", [], Place("https://a-b.hf.space", "a/b"))
    assert 'Client("a/b")' in told["python"]
    assert 'connect("a/b")' in told["javascript"]
    assert "https://a-b.hf.space/gradio_api/call/v2/models" in told["bash"]


@pytest.mark.slow
@pytest.mark.parametrize("path", TOLD)
def test_the_python_snippet_runs_as_it_stands(path, endpoints, folder):
    printed = run_python(endpoints[path]["code_snippets"]["python"], folder)
    assert TOLD[path] in printed
    assert path != "/denoise" or is_clean(ast.literal_eval(printed.splitlines()[-1])[0], folder)


@pytest.mark.slow
@pytest.mark.parametrize("path", TOLD)
def test_the_curl_snippet_runs_as_it_stands(path, endpoints, folder):
    printed = run_shell(endpoints[path]["code_snippets"]["bash"], folder)
    assert "event: complete" in printed
    assert TOLD[path] in printed


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/denoise", "/denoise_many", "/models"])
def test_the_javascript_snippet_runs_as_it_stands(path, endpoints, folder):
    printed = run_javascript(endpoints[path]["code_snippets"]["javascript"], folder)
    assert re.search("sha256|pictures|conv-photo", printed)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/denoise", "/denoise_many", "/models"])
def test_the_command_line_runs_as_it_stands(path, endpoints, folder):
    printed = run_shell(
        endpoints[path]["code_snippets"]["cli"].replace("{command}", "gradio"), folder
    )
    assert TOLD[path] in json.dumps(json.loads(printed))
