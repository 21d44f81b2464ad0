import asyncio
import base64
import json

import httpx
import numpy as np
import pytest
from skimage import data

from denoise import Denoiser, Picture, load_picture, save_picture
from denoise.inference.pipeline import estimate_picture

mcp = pytest.importorskip("mcp")
TOOLS = {"denoise", "denoise_many", "add_noise", "estimate", "models", "compare", "sweep"}


@pytest.fixture(scope="module")
def noisy_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("mcp") / "cup.png"
    save_picture(Picture(data.coffee()[100:164, 100:180]), file)
    return file


def talk(server, conversation):
    """Gives what a conversation with the server's tools gives."""
    from mcp.client.streamable_http import streamable_http_client

    async def connect():
        address = f"{server.url}/gradio_api/mcp/"
        async with (
            streamable_http_client(address) as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await conversation(session)

    return asyncio.run(connect())


def call(server, tool, **arguments):
    answer = talk(server, lambda session: session.call_tool(tool, arguments))
    assert not answer.isError, answer.content
    return answer.content


def test_every_endpoint_is_a_tool_with_a_description(server):
    tools = talk(server, lambda session: session.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS
    described = next(tool for tool in tools if tool.name == "denoise")
    assert described.description.startswith("Take noise out of a picture.")
    assert "0 to 1 where white is 1" in described.inputSchema["properties"]["sigma"]["description"]


def test_a_picture_in_base64_is_judged_as_python_does(server, noisy_file):
    content = base64.b64encode(noisy_file.read_bytes()).decode()
    (answer,) = call(server, "estimate", image=f"data:image/png;base64,{content}")
    expected = estimate_picture(load_picture(noisy_file)).to_dict()
    assert str(expected["sigma_255"]) in answer.text


def test_an_uploaded_picture_is_denoised_as_python_does(server, noisy_file):
    with httpx.Client(trust_env=False) as web:
        files = {"files": (noisy_file.name, noisy_file.read_bytes())}
        (path,) = web.post(f"{server.url}/gradio_api/upload", files=files).json()
        address = f"{server.url}/gradio_api/file={path}"
        answer = call(server, "denoise", image=address, strength=0.5)
        words = " ".join(part.text for part in answer if part.type == "text")
        result = next(word for word in words.split("'") if word.startswith("http"))
        denoised = load_picture(web.get(result).content).pixels
    assert np.array_equal(denoised, Denoiser()(load_picture(noisy_file).pixels, strength=0.5))


def test_the_networks_are_listed(server):
    answer = call(server, "models")
    assert "conv-photo" in json.dumps([part.text for part in answer])


def test_another_address_is_not_read(server):
    async def ask(session):
        return await session.call_tool("denoise", {"image": "http://127.0.0.1:9/photo.png"})

    answer = talk(server, ask)
    assert answer.isError
    assert "not read" in answer.content[0].text
