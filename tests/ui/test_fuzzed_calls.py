"""Calls that hypothesis makes up: a result or one sentence, nothing of the machine.

Bodies and values that ever failed stand as examples.
"""

import json

import pytest
from attacks.outcomes import REFUSED, SERVED, judge
from attacks.requests import BODIES
from attacks.visitor import FILE, Visitor, mark
from hypothesis import example, given, settings
from hypothesis import strategies as st

EXAMPLES = settings(max_examples=60, derandomize=True, database=None, deadline=None)
ROUTES = ("call/denoise", "call/v2/denoise", "call/v2/sweep", "queue/join", "run/predict")
WORDS = ("conv-photo", "dense-mnist", "gaussian", "gaussian:0.1", "camera:0.1+jpeg:9", "25/255")
WORDS += ("auto", "nan", "1e999", "-0", "psnr", "org/repo/name", "../..", "<b>", "{}", "\0", "%s")
NUMBERS = (
    st.integers(-2, 300)
    | st.integers()
    | st.floats(0, 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
LEAVES = st.none() | st.booleans() | NUMBERS | st.sampled_from(WORDS) | st.text(max_size=20)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(("data", "fn_index", "session_hash", "event_data", "image", "path", "meta"))
CALLS = st.dictionaries(KEYS | st.text(max_size=9), VALUES, max_size=5)


@pytest.fixture(scope="module")
def visitor(server):
    with Visitor(server.url, "127.0.4.1") as visiting:
        yield visiting


@pytest.fixture(scope="module")
def image(visitor):
    return {"path": visitor.upload(mark(1)[0], "small.png").json()[0], "meta": FILE}


@pytest.fixture(scope="module")
def endpoints(visitor):
    """The names of each endpoint's parameters."""
    listed = visitor.web.get("/gradio_api/info").json()["named_endpoints"]
    return {
        name[1:]: [one["parameter_name"] for one in facts["parameters"]]
        for name, facts in listed.items()
    }


@pytest.fixture
def log(server):
    """What the server has logged since, which must be no fault."""
    before = len(server.log.read_text())
    yield
    logged = server.log.read_text()[before:]
    assert "Traceback" not in logged
    assert " ERROR " not in logged


@st.composite
def bodies(draw):
    """A call as JSON, often with a piece cut out or put in."""
    body = json.dumps(draw(CALLS), ensure_ascii=draw(st.booleans()))
    start, length = draw(st.integers(0, len(body))), draw(st.integers(0, 3))
    piece = draw(st.sampled_from(("", "", '"', "]", "{", "NaN", "1e999", "\\ud83d", "\0")))
    return body[:start] + piece + body[start + length :]


@pytest.mark.slow
def test_any_parameters_are_served_or_refused_with_a_sentence(visitor, image, endpoints, log):
    usual = {"image": image, "images": [image], "models": ["conv-photo"], "levels": [0.1]}

    @EXAMPLES
    @given(data=st.data())
    def check(data):
        endpoint = data.draw(st.sampled_from(sorted(endpoints)))
        names = endpoints[endpoint]
        odd = st.dictionaries(st.sampled_from(names or ["none"]), VALUES, min_size=1, max_size=3)
        called = {name: usual[name] for name in names if name in usual} | data.draw(odd)
        assert visitor.finish(endpoint, called) in (SERVED, REFUSED)

    check()


@pytest.mark.parametrize("route", ROUTES)
def test_any_body_is_served_or_refused_with_a_sentence(visitor, log, route):
    def post(body):
        content = body.encode("utf-8", "surrogatepass")
        kind = {"Content-Type": "application/json"}
        return visitor.web.post(f"/gradio_api/{route}", content=content, headers=kind)

    def check(body):
        assert judge(post(body)) in (SERVED, REFUSED)

    for known in BODIES:
        check = example(known)(check)
    EXAMPLES(given(bodies())(check))()
