import csv
import json
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError, ValidationError
from PIL import Image
from places import ROOT

from denoise import Denoiser, add_noise, list_models, load_picture
from denoise.cli.main import main
from denoise.inference.pipeline import estimate_picture

FILE = {"_type": "gradio.FileData"}


@pytest.fixture(scope="session")
def client(server):
    return Client(server.url, verbose=False, httpx_kwargs={"trust_env": False})


@pytest.fixture(scope="session")
def web(server):
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as connected:
        yield connected


@pytest.fixture(scope="session", params=["8 bits", "16 bits"])
def noisy_file(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("pictures") / "my photo.png"
    shape, dtype = ((61, 83), np.uint16) if request.param == "16 bits" else ((61, 83, 3), np.uint8)
    pixels = np.full(shape, np.iinfo(dtype).max // 2, dtype)
    Image.fromarray(add_noise(pixels, level=0.1)).save(file)
    return file


@pytest.fixture(scope="session")
def small_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("pictures") / "small.png"
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(file)
    return file


def timeless(report):
    """A report less what differs from run to run."""
    rows = [row | {"seconds_per_mpixel": None} for row in report["rows"]]
    return report | {"rows": rows}


def upload(web, content, name="picture.png"):
    answer = web.post("/gradio_api/upload", files={"files": (name, content)})
    return answer.raise_for_status().json()[0]


def call(web, endpoint, **parameters):
    """Gives the kind and the content of the last message of a call, as curl sees it."""
    answer = web.post(f"/gradio_api/call/v2/{endpoint}", json=parameters).raise_for_status()
    stream = web.get(f"/gradio_api/call/v2/{endpoint}/{answer.json()['event_id']}").text
    kind, content = stream.strip().split("\n\n")[-1].split("\n")
    return kind.removeprefix("event: "), json.loads(content.removeprefix("data: "))


def pixels_of(file):
    return load_picture(file).pixels


def png(width, height, *, bit_depth, rows=b""):
    """Gives a gray PNG of any size, which need not hold as many pixels as it says."""
    header = struct.pack(">IIBBBBB", width, height, bit_depth, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def test_the_client_equals_the_denoiser_to_the_bit(client, noisy_file):
    file, report = client.predict(image=handle_file(noisy_file), api_name="/denoise")
    expected = Denoiser()(load_picture(noisy_file)).pixels
    assert pixels_of(file).dtype == expected.dtype
    assert np.array_equal(pixels_of(file), expected)
    assert report["model"] == "conv-photo"


def test_settings_reach_the_denoiser(client, noisy_file):
    file, report = client.predict(
        handle_file(noisy_file), "conv-photo", 0.15, 0.5, True, api_name="/denoise"
    )
    expected = Denoiser()(load_picture(noisy_file), 0.15, 0.5, ensemble=True).pixels
    assert np.array_equal(pixels_of(file), expected)
    assert report["sigma_source"] == "told"


def test_the_client_equals_the_command_line_to_the_bit(client, noisy_file, tmp_path):
    file, _ = client.predict(image=handle_file(noisy_file), api_name="/denoise")
    command = [sys.executable, "-m", "denoise", "run", noisy_file, "-o", tmp_path / "out.png"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert np.array_equal(pixels_of(file), pixels_of(tmp_path / "out.png"))


def test_curl_needs_nothing_but_the_image(web, noisy_file):
    path = upload(web, noisy_file.read_bytes(), noisy_file.name)
    kind, (result, report) = call(web, "denoise", image={"path": path})
    assert kind == "complete"
    assert result["orig_name"] == noisy_file.name
    assert report["size"] == [83, 61]


def test_a_result_is_served_as_it_was_written(web, server, noisy_file):
    path = upload(web, noisy_file.read_bytes())
    _, (result, _) = call(web, "denoise", image={"path": path, "meta": FILE})
    served = web.get(result["url"])
    assert served.content == Path(result["path"]).read_bytes()
    assert served.headers["content-type"] == "image/png"


def test_noise_equals_add_noise_to_the_bit(client, noisy_file):
    file, report = client.predict(handle_file(noisy_file), "camera", 0.2, 7, api_name="/add_noise")
    expected = add_noise(pixels_of(noisy_file), "camera", 0.2, seed=7)
    assert np.array_equal(pixels_of(file), expected)
    assert report["seed"] == 7


def test_a_camera_lacks_the_stages_that_are_left_out(client, noisy_file):
    without = ["mosaic", "tone-curve"]
    file, report = client.predict(
        handle_file(noisy_file), "camera", without=without, api_name="/add_noise"
    )
    expected = add_noise(pixels_of(noisy_file), "camera", without=without)
    assert np.array_equal(pixels_of(file), expected)
    assert report["without"] == without


def test_a_mixture_of_gray_noise_equals_add_noise_to_the_bit(client, noisy_file):
    mixture = "render:0.02+gaussian:10/255"
    file, report = client.predict(
        handle_file(noisy_file), mixture, seed=2, gray=True, api_name="/add_noise"
    )
    expected = add_noise(pixels_of(noisy_file), mixture, seed=2, gray=True)
    assert np.array_equal(pixels_of(file), expected)
    assert (report["kind"], report["level"], report["gray"]) == (mixture, None, True)


def test_a_comparison_is_that_of_the_command_line_to_the_bit(client, noisy_file, tmp_path, capsys):
    methods = ["conv-photo", "median"]
    *steps, (packed, report) = client.submit(
        handle_file(noisy_file),
        *("camera", 0.1, 5, methods),
        without=["smoothing"],
        api_name="/compare",
    )
    assert [step for _, step in steps] == [{"done": n, "methods": 2} for n in range(3)]
    asked = ["--kind", "camera", "--level", "0.1", "--seed", "5", "--without", "smoothing"]
    asked += ["--model", *methods]
    assert main(["compare", str(noisy_file), "-o", str(tmp_path), "--json", *asked]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert timeless(report) == timeless(printed)
    with zipfile.ZipFile(packed) as files:
        assert set(files.namelist()) == {file.name for file in tmp_path.iterdir()}
        for name in files.namelist():
            same = files.read(name) == (tmp_path / name).read_bytes()
            assert same or name == "table.csv"  # which has the seconds


def test_a_sweep_is_that_of_the_command_line(client, noisy_file, capsys):
    *_, (table, report) = client.submit(
        handle_file(noisy_file), levels=[0.05, 0.2], models=["median"], api_name="/sweep"
    )
    assert (
        main(["sweep", str(noisy_file), "--levels", "0.05", "0.2", "--model", "median", "--json"])
        == 0
    )
    assert timeless(report) == timeless(json.loads(capsys.readouterr().out))
    with Path(table).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(float(row["level"]), row["method"]) for row in rows] == [
        (0.05, "noisy"),
        (0.05, "median"),
        (0.2, "noisy"),
        (0.2, "median"),
    ]
    assert [float(row["psnr"]) for row in rows] == [row["psnr"] for row in report["rows"]]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"models": ["magic"]}, "Unknown method 'magic'"),
        ({"models": "median"}, "models is a list of names"),
        ({"kind": "fog"}, "Unknown kind"),
        ({"level": 7}, "from 0 to 1"),
        ({"told": 1}, "told is true or false"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(client, small_file, asked, why):
    with pytest.raises(AppError, match=why):
        client.predict(handle_file(small_file), **asked, api_name="/compare")


def test_the_noise_is_estimated_as_python_does(client, noisy_file):
    report = client.predict(handle_file(noisy_file), api_name="/estimate")
    assert report == estimate_picture(load_picture(noisy_file)).to_dict()


def test_models_lists_the_zoo(client):
    listed = client.predict(api_name="/models")
    assert [facts["name"] for facts in listed] == [facts.name for facts in list_models()]


def test_many_pictures_come_back_as_a_zip_but_for_a_bad_one(client, noisy_file, tmp_path):
    text = tmp_path / "words.png"
    text.write_text("no picture")
    twice = [handle_file(noisy_file), handle_file(text), handle_file(noisy_file)]
    job = client.submit(twice, strength=0.5, api_name="/denoise_many")
    *steps, (file, report) = job
    assert [step for _, step in steps] == [{"done": n, "pictures": 3} for n in (1, 2, 3)]
    names = [noisy_file.name, "words.png", f"{noisy_file.stem}-2.png"]
    assert [one["name"] for one in report["pictures"]] == names
    assert "not a picture" in report["pictures"][1]["error"]
    assert report["pictures"][2]["model"] == "conv-photo"
    expected = Denoiser()(load_picture(noisy_file), strength=0.5).pixels
    with zipfile.ZipFile(file) as pack:
        assert pack.namelist() == [names[0], names[2]]
        for name in pack.namelist():
            assert np.array_equal(load_picture(pack.read(name)).pixels, expected)


@pytest.mark.parametrize("images", [[], "words", [1]])
def test_many_pictures_are_a_list_of_uploads(client, images):
    with pytest.raises(AppError, match="images"):
        client.predict(images, api_name="/denoise_many")


def test_one_setting_that_cannot_be_stops_all(client, noisy_file):
    with pytest.raises(AppError, match="strength is a number from 0 to 1"):
        client.predict([handle_file(noisy_file)], strength=2, api_name="/denoise_many")


def test_scripts_see_their_own_endpoints_only(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {
        "/denoise",
        "/denoise_many",
        "/add_noise",
        "/estimate",
        "/models",
        "/compare",
        "/sweep",
    }
    names = [parameter["parameter_name"] for parameter in endpoints["/denoise"]["parameters"]]
    settings = ["sigma", "strength", "ensemble", "texture", "detail"]
    assert names == ["image", "model", *settings]


def test_a_large_picture_tells_how_far_it_is(client, tmp_path):
    Image.fromarray(np.full((1400, 40), 90, np.uint8)).save(tmp_path / "long.png")
    job = client.submit(image=handle_file(tmp_path / "long.png"), api_name="/denoise")
    *steps, (file, _) = job
    assert [step for _, step in steps] == [{"tiles_done": n, "tiles": 2} for n in (1, 2)]
    assert pixels_of(file).shape == (1400, 40)


def test_four_at_once_get_their_own_answers(server, tmp_path):
    def denoise(gray):
        file = tmp_path / f"{gray}.png"
        Image.fromarray(np.full((50, 50 + gray), gray, np.uint8)).save(file)
        client = Client(server.url, verbose=False, download_files=tmp_path / f"{gray}")
        return client.predict(image=handle_file(file), api_name="/denoise")[0]

    grays = (40, 90, 140, 190)
    with ThreadPoolExecutor(len(grays)) as pool:
        files = list(pool.map(denoise, grays))
    for gray, file in zip(grays, files, strict=True):
        expected = Denoiser()(np.full((50, 50 + gray), gray, np.uint8))
        assert np.array_equal(pixels_of(file), expected)


BAD_FILES = {
    "text.png": b"This is a text.",
    "empty.png": b"",
    "cut.png": png(500, 500, bit_depth=8, rows=bytes(1000)),
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "paper.pdf": b"%PDF-1.7\n",
    "phone.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "bomb.png": png(13_000, 13_000, bit_depth=1, rows=bytes(13_000 * 1626)),
    "huge.png": png(2**31 - 1, 2**31 - 1, bit_depth=8),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_with_a_sentence(web, name):
    path = upload(web, BAD_FILES[name], name)
    kind, content = call(web, "denoise", image={"path": path, "meta": FILE})
    assert kind == "error"
    assert content["error"].startswith(f"{name} ")
    assert content["error"].endswith(".")


BAD_SETTINGS = (
    ("denoise", {"model": "vae"}),
    ("denoise", {"model": ["conv-photo"]}),
    ("denoise", {"sigma": -1}),
    ("denoise", {"sigma": 25}),
    ("denoise", {"sigma": "much"}),
    ("denoise", {"strength": 7}),
    ("denoise", {"strength": None}),
    ("denoise", {"ensemble": "yes"}),
    ("add_noise", {"kind": "grain"}),
    ("add_noise", {"kind": ["gaussian"]}),
    ("add_noise", {"level": 25}),
    ("add_noise", {"seed": -1}),
    ("add_noise", {"seed": 0.5}),
    ("add_noise", {"without": ["mosaic"]}),
    ("add_noise", {"kind": "camera", "without": "mosaic"}),
)


@pytest.mark.parametrize(("endpoint", "setting"), BAD_SETTINGS, ids=str)
def test_a_bad_setting_is_refused_with_a_sentence(web, small_file, endpoint, setting):
    path = upload(web, small_file.read_bytes())
    kind, content = call(web, endpoint, image={"path": path}, **setting)
    assert kind == "error"
    assert content["error"].endswith((".", "?"))
    assert "Something went wrong" not in content["error"]


def test_a_sigma_that_is_no_number_is_refused(web, small_file):
    path = upload(web, small_file.read_bytes())
    body = json.dumps({"image": {"path": path}, "sigma": float("nan")})
    event = web.post("/gradio_api/call/v2/denoise", content=body, headers=JSON).json()["event_id"]
    assert "nan is not" in web.get(f"/gradio_api/call/v2/denoise/{event}").text


@pytest.mark.parametrize(
    ("sigma", "hint"),
    [
        ("25/255", "Write the number 0.09804"),
        ("0.1", "Write the number 0.1,"),
        ("auto", "null"),
        ("1e9999999", "is not."),  # as a fraction it would take the server a minute
    ],
)
def test_a_sigma_in_a_text_is_refused_with_what_to_write(web, small_file, sigma, hint):
    path = upload(web, small_file.read_bytes())
    kind, content = call(web, "denoise", image={"path": path}, sigma=sigma)
    assert kind == "error"
    assert hint in content["error"]


@pytest.mark.parametrize("route", ["call/denoise/none", "call/v2/denoise/none"])
def test_a_job_that_is_none_is_not_found_and_leaves_no_traceback(web, server, route):
    answer = web.get(f"/gradio_api/{route}")
    assert answer.status_code == 404
    assert "No such job" in answer.json()["detail"]
    assert "Traceback" not in server.log.read_text()


def test_the_answers_of_a_job_are_fetched_once(web):
    event = web.post("/gradio_api/call/v2/models", json={}).json()["event_id"]
    asked = f"/gradio_api/call/v2/models/{event}"
    assert "event: complete" in web.get(asked).text
    assert web.get(asked).status_code == 404


def test_a_job_can_be_followed_and_cancelled(client, server, tmp_path):
    Image.fromarray(np.full((1000, 3000), 90, np.uint8)).save(tmp_path / "long.png")
    job = client.submit(handle_file(tmp_path / "long.png"), ensemble=True, api_name="/denoise")
    deadline = time.monotonic() + 60
    while not job.outputs():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert job.outputs()[0][1]["tiles"] == 24
    assert job.cancel()
    started = time.monotonic()
    client.predict(handle_file(tmp_path / "long.png"), api_name="/add_noise")  # its turn is next
    assert time.monotonic() - started < 30
    assert len(job.outputs()) < 24


def test_the_client_raises_the_sentence(client, small_file):
    with pytest.raises(AppError, match="Unknown model 'vae'; choose one of: "):
        client.predict(image=handle_file(small_file), model="vae", api_name="/denoise")


@pytest.mark.parametrize("meta", [{"meta": FILE}, {}], ids=["as a file", "as text"])
@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", str(ROOT / "app.py"), "app.py", "{home}/../../app.py", "http://127.0.0.1"],
)
def test_a_file_of_the_server_is_refused(web, server, path, meta):
    home = next(server.folder.glob("denoise-server-????????"))
    before = set(home.rglob("*"))
    image = {"path": path.format(home=home), **meta}
    answer = web.post("/gradio_api/call/v2/denoise", json={"image": image})
    assert answer.status_code == 422
    assert "not an uploaded file" in answer.text
    assert set(home.rglob("*")) == before


def test_a_link_out_of_the_uploads_is_refused(web, server):
    link = next(server.folder.glob("denoise-server-????????")) / "link.png"
    link.symlink_to("/etc/passwd")
    answer = web.post("/gradio_api/call/v2/denoise", json={"image": {"path": str(link)}})
    link.unlink()
    assert answer.status_code == 422


def test_the_client_is_told_why_an_address_is_refused(client):
    address = {"path": "https://example.org/a.png", "meta": FILE}
    with pytest.raises(ValidationError, match="Addresses and files of the server are not read"):
        client.predict(image=address, api_name="/denoise")


@pytest.mark.parametrize("route", ["call/v2/nothing", "call/nothing", "run/nothing"])
def test_an_unknown_endpoint_is_not_found(web, route):
    answer = web.post(f"/gradio_api/{route}", json={"data": []})
    assert answer.status_code == 404
    assert "No such endpoint" in answer.json()["detail"]


@pytest.mark.parametrize("parameters", [{}, {"image": None, "colour": 1}])
def test_a_missing_or_unknown_parameter_is_named(web, parameters):
    answer = web.post("/gradio_api/call/v2/denoise", json=parameters)
    assert answer.status_code == 422
    assert ("colour" if parameters else "image") in answer.json()["detail"]


def test_the_queue_cannot_be_gone_round(web):
    assert web.post("/gradio_api/run/denoise", json={"data": []}).status_code == 404


@pytest.mark.parametrize(
    "route",
    ["gradio_api/file=https://example.org/", "gradio_api/proxy=https://a.hf.space/", "monitoring"],
)
def test_routes_without_use_here_are_shut(web, route):
    assert web.get(f"/{route}").status_code == 404


def test_every_answer_has_the_security_headers(web):
    for route in ("/", "/healthz", "/nothing", "/gradio_api/info", "/monitoring"):
        headers = web.get(route).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["content-security-policy"].startswith("frame-ancestors 'self'")


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=5-", 206, slice(5, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("Bytes=0-9999999", 206, slice(None)),
        ("bytes=9999999-", 416, None),
        ("bytes=9-3", 400, None),
        ("bytes=0-1,4-5", 206, None),
        ("bytes=0-1-2", 400, None),
        ("lines=0-9", 400, None),
    ],
)
def test_a_range_is_answered_right_or_refused(web, asked, status, part):
    content = bytes(range(100))
    path = upload(web, content)
    secrets = {"Cookie": "s=hidden", "Authorization": "Bearer hidden", "X-Secret": "hidden"}
    answer = web.get(f"/gradio_api/file={path}", headers={"Range": asked, **secrets})
    assert answer.status_code == status
    assert "hidden" not in str(answer.headers)
    if part is not None:
        assert answer.content == content[part]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_site_acts_with_a_visitors_cookies(web, method):
    asking = {"Origin": "https://evil.example", "Host": "public.example"}
    asking["Access-Control-Request-Method"] = "POST"
    headers = web.request(method, "/config", headers=asking).headers
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


def test_an_oversized_call_is_refused(web):
    answer = web.post("/gradio_api/call/v2/denoise", json={"image": "x" * 1_000_000})
    assert answer.status_code == 413


def test_an_oversized_call_of_unknown_length_is_refused(web):
    chunks = (b" " * 100_000 for _ in range(11))
    answer = web.post("/gradio_api/call/v2/denoise", content=chunks, headers=JSON)
    assert answer.status_code == 413


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process")
def test_an_upload_for_which_the_disk_has_no_room_is_refused_with_a_sentence(web, server):
    import resource

    before, process = len(server.log.read_text()), server.process.pid
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (10_000_000, most))
    try:
        answer = web.post("/gradio_api/upload", files={"files": ("a.png", bytes(20_000_000))})
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "600"
    assert answer.json() == {"detail": "The server's disk is full; try again later."}
    assert "Traceback" not in server.log.read_text()[before:]


def test_probes_say_that_the_server_is_ready(web):
    assert web.get("/healthz").json() == {"status": "alive"}
    assert web.get("/readyz").json() == {"status": "ready"}


def test_the_server_has_logged_no_bug(server, web):
    web.get("/healthz").raise_for_status()
    assert "An event failed" not in server.log.read_text()


JSON = {"Content-Type": "application/json"}
