"""Whatever a stranger sends to any event of the page: a result or a sentence, no traceback."""

import json
import re

import httpx
import pytest

ODD = (None, "x", [], {}, -1, 1e300, True)


@pytest.fixture(scope="module")
def web(server):
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as connected:
        yield connected


def call(web, event, values):
    """Gives the last message of an event, as a page gets it."""
    session = f"odd-{event}"
    body = {"fn_index": event, "data": values, "session_hash": session}
    answer = web.post("/gradio_api/queue/join", json=body)
    if answer.status_code != 200:
        return answer.json()
    stream = web.get("/gradio_api/queue/data", params={"session_hash": session}).text
    messages = [json.loads(line.removeprefix("data: ")) for line in stream.split("\n\n") if line]
    (done,) = [one for one in messages if one["msg"] == "process_completed"]
    return done


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_event_fails_without_a_sentence(web, server, odd):
    events = web.get("/config").json()["dependencies"]
    before, silent = len(server.log.read_text()), []
    for event in events:
        done = call(web, event["id"], [odd] * len(event["inputs"]))
        if done.get("success") is False and not (done["output"] or {}).get("error"):
            silent.append((event["id"], event["api_name"], event["targets"]))
    assert silent == []
    log = server.log.read_text()[before:]
    assert "Traceback" not in log, re.findall(r"\n(\w*(?:Error|Exception).*)", log)


@pytest.mark.parametrize("route", ["call/denoise", "call/v2/denoise", "queue/join", "run/predict"])
@pytest.mark.parametrize("body", ['{"data": NaN}', '{"data": 1e999}', '{"data": "\\ud83d"}', "NaN"])
def test_what_is_no_call_is_refused_and_leaves_no_traceback(web, server, route, body):
    before, kind = len(server.log.read_text()), {"Content-Type": "application/json"}
    answer = web.post(f"/gradio_api/{route}", content=body, headers=kind)
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]
    assert "Traceback" not in server.log.read_text()[before:]


def test_a_parameter_that_is_no_text_is_named(web):
    kind = {"Content-Type": "application/json"}
    answer = web.post("/gradio_api/call/v2/denoise", content='{"\\ud83d": 1}', headers=kind)
    assert answer.status_code == 422
    assert "parameter" in answer.json()["detail"]


@pytest.mark.parametrize("session", ["nobody", ""])
def test_a_session_that_is_none_is_told_so_and_leaves_no_traceback(web, server, session):
    before = len(server.log.read_text())
    answer = web.get("/gradio_api/queue/data", params={"session_hash": session})
    assert json.loads(answer.text.removeprefix("data: "))["session_not_found"]
    assert "Traceback" not in server.log.read_text()[before:]
