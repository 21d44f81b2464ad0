"""What Prometheus reads, and the log as JSON."""

import json
import logging

import httpx
import numpy as np
import pytest
from conftest import running_server
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from denoise.ui.server.logs import set_up_logs


@pytest.fixture(scope="module")
def counting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counting") / "server"
    with running_server(folder, DENOISE_METRICS="1", DENOISE_LOG_JSON="1") as server:
        yield server


def figures(server):
    text = httpx.get(f"{server.url}/metrics", trust_env=False).raise_for_status().text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_what_is_served_and_refused_is_counted(counting, tmp_path):
    file = tmp_path / "secret name.png"
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(file)
    client = Client(counting.url, verbose=False)
    client.predict(image=handle_file(file), api_name="/denoise")
    with pytest.raises(AppError):
        client.predict(image=handle_file(file), sigma=7, api_name="/denoise")
    found = figures(counting)
    assert found['denoise_calls_total{endpoint="denoise",outcome="served"}'] == 1
    assert found['denoise_calls_total{endpoint="denoise",outcome="refused"}'] == 1
    assert found["denoise_pixels_total"] == 20 * 30
    assert found['denoise_stage_seconds_count{stage="network"}'] == 1
    assert found['denoise_jobs{state="waiting"}'] == found['denoise_jobs{state="running"}'] == 0
    assert found["process_resident_memory_bytes"] > 1e8
    assert "secret" not in str(found)
    assert "secret" not in counting.log.read_text()


def test_nothing_is_told_where_the_owner_has_not_asked_for_it(server):
    assert httpx.get(f"{server.url}/metrics", trust_env=False).status_code == 404


def test_a_log_of_json_has_an_object_a_line(capsys):
    root = logging.getLogger()
    before, root.handlers = root.handlers, []
    try:
        set_up_logs(as_json=True)
        try:
            raise ValueError("line 1\nline 2")
        except ValueError:
            logging.getLogger("denoise").exception("No %s.", "luck")
    finally:
        root.handlers = before
    (line,) = capsys.readouterr().err.splitlines()
    logged = json.loads(line)
    assert logged.keys() == {"time", "level", "logger", "message", "traceback"}
    assert (logged["level"], logged["message"]) == ("ERROR", "No luck.")
