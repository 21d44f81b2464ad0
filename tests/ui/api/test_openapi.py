import httpx
import jsonschema
import pytest
from openapi_spec_validator import validate
from PIL import Image

from denoise.ui.api.openapi import PREFIX


@pytest.fixture(scope="module")
def web(server):
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as connected:
        yield connected


@pytest.fixture(scope="module")
def document(web):
    return web.get(f"{PREFIX}/openapi.json").raise_for_status().json()


def body_of(document, name):
    operation = document["paths"][f"{PREFIX}/call/v2/{name}"]["post"]
    return operation["requestBody"]["content"]["application/json"]["schema"]


def check_body(document, name, body):
    schema = body_of(document, name) | {"components": document["components"]}
    jsonschema.validate(body, schema)


def test_the_document_is_valid(document):
    validate(document)


def test_every_endpoint_is_described(document, web):
    endpoints = web.get(f"{PREFIX}/info").json()["named_endpoints"]
    for path in endpoints:
        post = document["paths"][f"{PREFIX}/call/v2{path}"]["post"]
        assert post["summary"]
        assert document["paths"][f"{PREFIX}/call{path}/{{event_id}}"]["get"]["summary"]


def test_every_parameter_is_described_with_its_default(document):
    posts = [path.rpartition("/")[2] for path in document["paths"] if "/call/v2/" in path]
    for name in posts:
        schema = body_of(document, name)
        for parameter, told in schema["properties"].items():
            assert told["description"]
            assert ("default" in told) != (parameter in schema.get("required", ()))


def test_a_picture_is_denoised_by_what_the_document_says(document, web, tmp_path):
    Image.new("RGB", (20, 12), "gray").save(tmp_path / "gray.png")
    content = (tmp_path / "gray.png").read_bytes()
    (path,) = web.post(f"{PREFIX}/upload", files={"files": ("gray.png", content)}).json()
    body = {"image": {"path": path, "meta": {"_type": "gradio.FileData"}}, "sigma": 0.1}
    check_body(document, "denoise", body)
    event = web.post(f"{PREFIX}/call/v2/denoise", json=body).raise_for_status().json()["event_id"]
    events = web.get(f"{PREFIX}/call/denoise/{event}").text
    assert "event: complete" in events


@pytest.mark.parametrize("body", [{}, {"image": "gray.png"}, {"image": {"path": "a"}, "colour": 1}])
def test_what_the_document_does_not_allow_is_refused_by_it(document, body):
    with pytest.raises(jsonschema.ValidationError):
        check_body(document, "denoise", body)
