"""A page runs its own scripts and no others."""

import asyncio
import re

import httpx
import pytest
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse

from denoise.ui.page import look
from denoise.ui.server.scripts import OwnScripts

PAGE = "<script>one()</script><p>Grün</p><script type=module src=a.js></script>"


def ask(response, head=""):
    async def answer():
        transport = httpx.ASGITransport(OwnScripts(response, head))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.get("/")

    return asyncio.run(answer())


def in_parts(page):
    return StreamingResponse(iter(re.findall(".{1,9}", page)), media_type="text/html")


@pytest.mark.parametrize("respond", [HTMLResponse, in_parts])
def test_every_script_of_a_page_has_the_mark_that_its_policy_names(respond):
    answer = ask(respond(PAGE))
    (nonce,) = re.findall(r"'nonce-([\w-]{20,})'", answer.headers["content-security-policy"])
    assert answer.text == PAGE.replace("<script", f'<script nonce="{nonce}"')
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_no_mark_is_used_twice():
    assert ask(HTMLResponse(PAGE)).text != ask(HTMLResponse(PAGE)).text


def test_a_policy_lets_nothing_else_run():
    policy = ask(HTMLResponse(PAGE)).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert re.fullmatch(r"'self' 'nonce-[\w-]+' 'unsafe-eval'", rules["script-src"])


def test_scripts_that_are_added_later_are_named_by_their_hash():
    policy = ask(HTMLResponse(PAGE), "<script>alert(1)</script>").headers["content-security-policy"]
    # echo -n "alert(1)" | openssl dgst -sha256 -binary | base64
    assert "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in policy
    assert "'sha256-" in ask(HTMLResponse(PAGE), look()["head"]).headers["content-security-policy"]


def test_what_is_no_page_is_left_alone():
    answer = ask(JSONResponse("<script>"))
    assert answer.json() == "<script>"
    assert "content-security-policy" not in answer.headers
