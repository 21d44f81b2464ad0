import asyncio
from urllib.parse import quote

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from denoise.ui.server.clients import UploadShares
from denoise.ui.server.forms import MAX_FIELD_BYTES, MAX_MULTIPART_BYTES
from denoise.ui.server.guard import UPLOAD, Guard

LIMIT = 1000


async def count_bytes(scope, receive, send):
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


def ask(folder, path, *, app=count_bytes, is_closing=False, **request):
    guard = Guard(app, folder=folder, max_bytes=LIMIT, is_closing=lambda: is_closing)
    return post(guard, path, **request)


def post(guard, path, **request):
    async def answer():
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.post(path, **request)

    return asyncio.run(answer())


async def stream(size):
    for start in range(0, size, 10_000):
        yield bytes(min(10_000, size - start))


@pytest.mark.parametrize("as_sent", [bytes, stream])
def test_an_upload_up_to_the_limit_passes(tmp_path, as_sent):
    size = LIMIT + MAX_MULTIPART_BYTES
    assert ask(tmp_path, UPLOAD, content=as_sent(size)).text == str(size)


@pytest.mark.parametrize("as_sent", [bytes, stream])
def test_an_upload_above_the_limit_is_refused(tmp_path, as_sent):
    answer = ask(tmp_path, UPLOAD, content=as_sent(LIMIT + MAX_MULTIPART_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["detail"] == "An upload has at most 1,000 bytes."


def form(name, size, filename=None):
    named = f'; filename="{filename}"' if filename else ""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + bytes(size) + b"\r\n"


FORM = {"Content-Type": "multipart/form-data; boundary=x"}


def test_a_form_may_hold_a_large_file_and_small_fields(tmp_path):
    content = form("a", 100) + form("files", MAX_FIELD_BYTES, "a.png") + b"--x--\r\n"
    assert ask(tmp_path, UPLOAD, content=content, headers=FORM).text == str(len(content))


def test_fields_that_are_no_files_are_bounded_together(tmp_path):
    content = form("a", MAX_FIELD_BYTES // 2) + form("b", MAX_FIELD_BYTES // 2 + 1)
    assert ask(tmp_path, UPLOAD, content=content, headers=FORM).status_code == 413


def test_an_upload_that_is_broken_off_is_no_fault(tmp_path):
    async def fail(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    async def gone():
        return {"type": "http.disconnect"}

    guard = Guard(fail, folder=tmp_path, max_bytes=LIMIT, is_closing=lambda: False)
    scope = {"type": "http", "method": "POST", "path": UPLOAD, "headers": []}
    asyncio.run(guard(scope, gone, None))


def test_a_client_has_a_share_of_the_uploads(tmp_path):
    shares = UploadShares(max_bytes=10, max_files=3)
    small, large, gone = (tmp_path / name for name in ("small", "large", "gone"))
    small.write_bytes(b"1")
    large.write_bytes(bytes(10))
    shares.note("a", [small, gone])
    assert shares.has_room("a")
    shares.note("a", [large])
    assert not shares.has_room("a")
    assert shares.has_room("b")
    large.unlink()
    assert shares.has_room("a")
    shares.note("a", [tmp_path / f"{number}" for number in range(2)])
    for number in range(2):
        (tmp_path / f"{number}").touch()
    assert not shares.has_room("a")


def test_beyond_its_share_a_client_uploads_nothing(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(bytes(20 * LIMIT))

    async def upload(scope, receive, send):
        await JSONResponse([str(file)])(scope, receive, send)

    guard = Guard(upload, folder=tmp_path, max_bytes=LIMIT, is_closing=lambda: False)
    answers = [post(guard, UPLOAD) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "600"


def test_a_call_is_handed_on_whole(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    image = {"path": str(tmp_path / "a.png")}
    assert int(ask(tmp_path, "/gradio_api/call/x", json={"image": image}).text) > 0


@pytest.mark.parametrize("nest", [lambda x: x, lambda x: [[x]], lambda x: {"a": {"b": [x]}}])
def test_a_file_outside_is_found_wherever_it_is_named(tmp_path, nest):
    named = nest({"path": "/etc/passwd"})
    assert ask(tmp_path, "/gradio_api/queue/join", json={"data": [named]}).status_code == 422


@pytest.mark.parametrize(("name", "status"), [("a b.png", 200), ("../b.png", 422)])
def test_an_upload_may_be_named_by_its_address(tmp_path, name, status):
    folder = tmp_path / "served"
    folder.mkdir()
    for file in (folder / "a b.png", tmp_path / "b.png"):
        file.write_bytes(b"")
    address = f"http://a/gradio_api/file={folder}/{quote(name)}"
    answer = ask(folder, "/gradio_api/call/x", json={"image": {"path": address}})
    assert answer.status_code == status


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_left_to_gradio(tmp_path, content):
    answer = ask(tmp_path, "/gradio_api/queue/join", content=content)
    assert answer.text == str(len(content))


def test_a_closing_server_takes_no_new_work(tmp_path):
    answer = ask(tmp_path, UPLOAD, is_closing=True, content=b"")
    assert answer.status_code == 503
    assert "restarting" in answer.json()["detail"]


@pytest.mark.parametrize(("kind", "expected"), [(None, "text/plain"), ("text/css", "text/css")])
def test_an_answer_of_no_kind_is_plain_text(tmp_path, kind, expected):
    async def answer(scope, receive, send):
        await Response(b"<b>", media_type=kind)(scope, receive, send)

    headers = ask(tmp_path, "/", app=answer).headers
    assert headers["content-type"].startswith(expected)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_gets_no_kind(tmp_path, status):
    assert "content-type" not in ask(tmp_path, "/", app=Response(status_code=status)).headers


@pytest.mark.parametrize("own", [None, "script-src 'self'"])
def test_the_policy_holds_for_every_answer_beside_that_of_a_page(tmp_path, own):
    async def answer(scope, receive, send):
        headers = {"Content-Security-Policy": own} if own else {}
        await PlainTextResponse("", headers=headers)(scope, receive, send)

    policy = ask(tmp_path, "/", app=answer).headers["content-security-policy"].split("; ")
    rules = ["object-src 'none'", "base-uri 'self'", "form-action 'self'", *[own] * bool(own)]
    assert policy[0].startswith("frame-ancestors 'self' ")
    assert policy[1:] == rules
