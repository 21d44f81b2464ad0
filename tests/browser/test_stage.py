"""The stage in a real Chromium, on real pictures: what a visitor does and sees."""

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from browsing import (
    DESKTOP,
    PHONE,
    bytes_of,
    download,
    finish,
    open_page,
    phase,
    press_paste,
    upload,
)
from gradio_client import Client, handle_file
from PIL import Image
from places import ROOT
from skimage import data

from denoise import Denoiser, Picture, add_noise, load_picture, psnr, save_picture
from denoise.cli.main import main

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LAPTOP = {"width": 1366, "height": 768}


@pytest.fixture
def noisy(tmp_path):
    file = tmp_path / "coffee cup.png"
    pixels = add_noise(data.coffee()[:256, :320], "gaussian", 25 / 255, seed=1)
    save_picture(Picture(pixels), file)
    return file


@pytest.fixture
def large(tmp_path):
    """A photo of 3 Mpixel, as a JPEG, which takes some seconds."""
    file = tmp_path / "large.jpg"
    pixels = add_noise(np.tile(data.coffee(), (3, 4, 1)), "camera", 0.05)
    Image.fromarray(pixels).save(file, quality=90)
    return file


@pytest.fixture(params=[LAPTOP, PHONE], ids=["laptop", "phone"])
def screen(browser, server, request):
    """A page on a screen of that size, which touches where it is a phone's."""
    is_phone = request.param == PHONE
    context = browser.new_context(viewport=request.param, has_touch=is_phone, is_mobile=is_phone)
    yield open_page(context, server)
    context.close()


def result_of(page):
    return load_picture(bytes_of(download(page))).pixels


def advanced(page):
    page.locator(".advanced summary").click()
    return page.locator(".advanced")


def update(page):
    page.locator(".stale .update").click()
    page.locator(".stale").wait_for(state="hidden")
    finish(page)


def test_a_noisy_photo_comes_back_as_the_denoiser_gives_it(page, noisy):
    upload(page, noisy)
    finish(page)
    downloaded = download(page)
    assert downloaded.suggested_filename == "coffee cup-denoised.png"
    result = load_picture(bytes_of(downloaded)).pixels
    assert np.array_equal(result, Denoiser()(load_picture(noisy).pixels))


def test_the_picture_its_state_and_download_fit_one_screen(screen, noisy):
    upload(screen, noisy)
    finish(screen)
    height = screen.viewport_size["height"]
    for part in (".frame", ".status", ".download"):
        box = screen.locator(part).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
    assert screen.evaluate("document.documentElement.scrollWidth") <= screen.viewport_size["width"]
    if height == LAPTOP["height"]:  # and nothing needs scrolling
        box = screen.locator(".choices").bounding_box()
        assert box["y"] + box["height"] <= height


def test_the_page_does_not_jump_when_the_stage_comes(browser, server):
    context = browser.new_context(viewport=LAPTOP)
    context.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((one) => {"
        "const own = one.sources.some(({ node }) => node?.closest?.('.stage'));"
        "if (own && !one.hadRecentInput) window.shift += one.value; }))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page = open_page(context, server)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.shift") < 0.1
    context.close()


def test_the_main_action_is_few_tab_stops_away(page):
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('choose')"):
            return
    raise AssertionError("not within five")


def test_a_pasted_picture_is_cleaned(page, noisy):
    press_paste(page, noisy)
    finish(page)
    assert np.array_equal(result_of(page), Denoiser()(load_picture(noisy).pixels))


def test_a_large_photo_shows_its_first_clean_part_then_tiles_and_can_be_cancelled(page, large):
    upload(page, large)
    page.wait_for_function("document.querySelector('.stage .status').textContent.includes('Clean')")
    seen = page.evaluate(
        "async () => { while (!performance.getEntriesByType('resource')"
        ".some((one) => /\\/after\\//.test(one.name)))"
        " await new Promise((done) => setTimeout(done, 50)); return true; }"
    )
    assert seen
    words = page.locator(".stage .status").inner_text()
    assert re.match(r"Cleaning, (\d+ of \d+|0 of …) parts, about \d+ (s|min) left", words)
    page.locator(".frame canvas").click(position={"x": 40, "y": 200})  # look there
    page.locator(".cancel").click()
    page.locator(".stage .status").get_by_text("Cancelled.").wait_for()
    page.wait_for_timeout(3000)
    assert page.locator(".stage .status").inner_text() == "Cancelled."
    page.locator(".again").click()
    page.locator(".stage .status").get_by_text(re.compile("Cleaning")).wait_for()
    page.locator(".cancel").click()


def test_little_is_sent_to_show_a_large_result(browser, server, large):
    context = browser.new_context(viewport=LAPTOP)
    page = open_page(context, server)
    sizes = []
    page.on(
        "response",
        lambda answer: (
            "/stage/" in answer.url
            and "/code/" not in answer.url
            and "/events" not in answer.url
            and sizes.append(int(answer.headers.get("content-length", 0)))
        ),
    )
    upload(page, large)
    finish(page)
    page.wait_for_timeout(3000)
    assert 0 < sum(sizes) < 1_000_000
    context.close()


def test_a_reload_and_a_second_tab_find_the_result(page, noisy):
    upload(page, noisy)
    finish(page)
    expected = result_of(page)
    page.reload()
    finish(page)
    assert np.array_equal(result_of(page), expected)
    second = page.context.new_page()
    second.goto(page.url)
    finish(second)
    assert np.array_equal(result_of(second), expected)
    page.locator(".remove").click()
    second.locator(".frame.empty").wait_for()  # gone there, too


def test_a_running_job_is_found_again_after_a_reload(page, large):
    upload(page, large)
    page.locator(".stage .status").get_by_text(re.compile("Cleaning")).wait_for()
    page.reload()
    page.locator(".stage .status").get_by_text(re.compile("Cleaning")).wait_for()
    page.locator(".cancel").click()
    page.locator(".stage .status").get_by_text("Cancelled.").wait_for()


def test_double_click_goes_to_single_pixels_and_back(page, noisy):
    upload(page, noisy)
    finish(page)
    fitted = page.locator(".percent").inner_text()
    page.locator(".frame canvas").dblclick(position={"x": 300, "y": 200})
    assert page.locator(".percent").inner_text() == "100%"
    page.locator(".frame canvas").dblclick(position={"x": 300, "y": 200})
    assert page.locator(".percent").inner_text() == fitted


def test_the_wheel_scrolls_the_page_until_the_picture_is_clicked(page, noisy):
    upload(page, noisy)
    finish(page)
    fitted = page.locator(".percent").inner_text()
    page.locator(".choose").last.focus()
    page.mouse.move(500, 300)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    assert page.locator(".percent").inner_text() == fitted
    page.locator(".frame canvas").click(position={"x": 300, "y": 200})
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    assert int(page.locator(".percent").inner_text()[:-1]) > int(fitted[:-1])


def test_the_keyboard_moves_the_divider_zooms_and_shows_before(page, noisy):
    upload(page, noisy)
    finish(page)
    divider = page.get_by_role("slider", name="Divider")
    divider.focus()
    page.keyboard.press("ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "52"
    page.keyboard.press("End")
    page.wait_for_timeout(200)
    assert divider.get_attribute("aria-valuetext") == "100% before, 0% after"
    assert page.locator(".tag.after").is_hidden()
    page.keyboard.press("Home")
    page.locator(".frame canvas").focus()
    page.keyboard.down(" ")
    page.wait_for_timeout(200)
    assert page.locator(".tag.after").is_hidden()
    page.keyboard.up(" ")
    page.keyboard.press("1")
    page.wait_for_timeout(200)
    assert page.locator(".percent").inner_text() == "100%"


def test_there_is_no_divider_before_there_is_a_result(page, large):
    assert page.get_by_role("slider", name="Divider").count() == 0
    upload(page, large)
    page.locator(".stage .status").get_by_text(re.compile("Cleaning")).wait_for()
    assert page.get_by_role("slider", name="Divider").count() == 0
    page.locator(".cancel").click()


def test_the_report_and_the_command_say_what_was_done(page, noisy):
    upload(page, noisy)
    finish(page)
    folded = advanced(page)
    report = folded.locator(".report").inner_text()
    assert "320 x 256 pixels by conv-photo" in report
    assert re.search(r"Noise found: about \d+\.\d/255 \(sigma 0\.\d+\)", report)
    command = folded.locator(".command code").inner_text()
    assert command.startswith(
        "python -m denoise run 'coffee cup.png' -o denoised --model conv-photo"
    )


def test_another_format_and_no_details_are_written_without_running_again(page, noisy):
    upload(page, noisy)
    finish(page)
    folded = advanced(page)
    folded.locator(".format").select_option("TIFF")
    folded.locator(".exif").uncheck()
    downloaded = download(page)
    assert downloaded.suggested_filename == "coffee cup-denoised.tif"
    picture = load_picture(bytes_of(downloaded))
    assert (picture.format, picture.exif) == ("TIFF", None)
    assert np.array_equal(picture.pixels, Denoiser()(load_picture(noisy).pixels))
    command = folded.locator(".command code").inner_text()
    assert "--format TIFF --no-exif" in command


def test_16_bits_and_transparency_are_kept(page, tmp_path):
    file = tmp_path / "deep.png"
    pixels = data.astronaut()[:64, :80].astype(np.uint16) * 257
    alpha = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)
    save_picture(Picture(pixels, alpha=alpha), file)
    upload(page, file)
    finish(page)
    result = load_picture(bytes_of(download(page)))
    assert result.pixels.dtype == np.uint16
    assert np.array_equal(result.alpha, alpha)


def test_a_bad_file_gets_a_sentence_in_the_frame_and_the_next_picture_works(page, noisy, tmp_path):
    file = tmp_path / "letter.png"
    file.write_text("Dear Sir or Madam")
    upload(page, file)
    page.locator(".refusal").get_by_text("letter.png is a text file, not a picture").wait_for()
    assert page.locator(".download").is_hidden()
    upload(page, noisy)
    finish(page)
    assert page.locator(".refusal").is_hidden()
    assert np.array_equal(result_of(page), Denoiser()(load_picture(noisy).pixels))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"Dear Sir", "notes.txt is no photo"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "drawing.svg is no photo"),
        ("nothing.png", b"", "nothing.png is empty"),
    ],
)
def test_what_is_no_photo_is_not_even_sent(page, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    page.locator(".stage input[type=file]").set_input_files(tmp_path / name)
    page.locator(".refusal").get_by_text(said).wait_for()
    assert [url for url in sent if "/upload" in url] == []


def test_a_told_level_is_used_exactly_once_it_is_asked_for(page, noisy):
    upload(page, noisy)
    finish(page)
    folded = advanced(page)
    folded.get_by_label("Set by hand").check()
    page.locator(".stale").get_by_text("Made with other settings.").wait_for()
    update(page)
    expected = Denoiser()(load_picture(noisy).pixels, round(25 / 255, 4))
    assert np.array_equal(result_of(page), expected)
    assert "sigma=0.098" in page.url


def test_the_four_ways_each_give_what_they_say(page, noisy):
    upload(page, noisy)
    finish(page)
    pixels = load_picture(noisy).pixels
    found = Denoiser().run(Picture(pixels)).report.sigma_estimated
    ways = {
        "Gentle": Denoiser()(pixels, strength=0.6),
        "Strong": Denoiser()(pixels, round(1.5 * found, 4)),
        "With invented texture": Denoiser()(pixels, texture=0.7),
        "Auto": Denoiser()(pixels),
    }
    for way, expected in ways.items():
        page.get_by_role("radio", name=way).click()
        page.locator(f".choices [aria-checked=true]:has-text('{way}')").wait_for()
        finish(page)
        assert abs(result_of(page).astype(int) - expected).max() <= 1, way


def test_a_level_is_not_offered_where_it_would_clean_less(page, tmp_path):
    file = tmp_path / "night.png"
    save_picture(Picture(add_noise(data.astronaut()[:256, 100:356], "camera", 0.1)), file)
    upload(page, file)
    finish(page)
    page.get_by_role("radio", name="Gentle").wait_for()
    assert page.get_by_role("radio", name="Strong").count() == 0
    advanced(page).get_by_label("Set by hand").check()
    page.locator(".levels .warning").get_by_text("only white noise is cleaned well").wait_for()


def test_strength_and_detail_are_blended_at_once_and_in_the_download(page, noisy):
    upload(page, noisy)
    finish(page)
    page.get_by_label("Strength").fill("0.4")
    assert "strength=0.4" in page.url
    pixels = load_picture(noisy).pixels
    expected = Denoiser()(pixels, strength=0.4).astype(int)
    assert abs(result_of(page) - expected).max() <= 1
    assert "--strength 0.4" in page.locator(".command code").text_content()
    page.reload()
    finish(page)
    assert page.get_by_label("Strength").input_value() == "0.4"


def test_noise_is_the_same_on_page_over_http_and_by_command(page, server, noisy, capsys):
    upload(page, noisy)
    finish(page)
    client = Client(server.url, verbose=False)
    found = client.predict(handle_file(noisy), api_name="/estimate")
    assert main(["estimate", str(noisy), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {key: printed[key] for key in found} == found
    about = f"Noise found: about {255 * found['sigma']:.1f}/255 (sigma {found['sigma']:.3f})"
    assert about in advanced(page).locator(".report").inner_text()


def test_a_bad_file_among_six_stops_none_of_them(page, noisy, tmp_path):
    files = []
    for number in range(5):
        file = tmp_path / f"photo {number}.png"
        pixels = add_noise(data.coffee()[:160, : 160 + number], "gaussian", 0.1, seed=number)
        save_picture(Picture(pixels), file)
        files.append(file)
    letter = tmp_path / "letter.png"
    letter.write_text("Dear Sir or Madam")
    page.locator(".stage input[type=file]").set_input_files([*files[:2], letter, *files[2:]])
    page.locator(".strip .done").nth(4).wait_for()
    assert page.locator(".strip button").count() == 6
    bad = page.locator(".strip .failed")
    assert "letter.png is a text file" in bad.get_attribute("aria-label")
    bad.click()
    page.locator(".refusal").get_by_text("letter.png is a text file").wait_for()
    page.locator(".strip button").nth(4).click()
    finish(page)
    assert np.array_equal(result_of(page), Denoiser()(load_picture(files[3]).pixels))
    packed = zipfile.ZipFile(io.BytesIO(bytes_of(download(page, ".all"))))
    assert sorted(packed.namelist()) == [f"photo {number}-denoised.png" for number in range(5)]


def test_an_example_is_cleaned_at_a_click(page):
    page.get_by_role("button", name="A scanned page").click()
    finish(page)
    page_of_text = np.asarray(Image.fromarray(data.page()).resize((1152, 573), Image.LANCZOS))
    result = result_of(page)
    example = np.asarray(Image.open(ROOT / "denoise/ui/stage/page.png"))
    assert psnr(page_of_text, result) > psnr(page_of_text, example) + 4


def test_a_new_picture_takes_the_place_of_the_old_result(page, noisy, large):
    upload(page, noisy)
    finish(page)
    upload(page, large)
    page.locator(".stage .status").get_by_text(re.compile("Cleaning|Looking|Reading")).wait_for()
    assert page.locator(".download").is_hidden()
    page.locator(".cancel").click()
    assert phase(page) != "done"


def test_axe_finds_nothing_of_ours(screen, noisy):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    assert faults(axe, screen) == []
    upload(screen, noisy)
    finish(screen)
    screen.locator(".advanced summary").click()
    screen.wait_for_timeout(500)
    assert faults(axe, screen) == []


def faults(axe, page):
    found = axe.run(page, context=".stage").response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]


def test_nothing_is_fetched_from_elsewhere(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    open_page(context, server)
    foreign = [url for url in asked if not url.startswith((server.url, "data:", "blob:"))]
    context.close()
    assert foreign == []


def test_a_photo_of_1_mpixel_is_the_same_to_the_bit_in_all_four_ways(page, server, tmp_path):
    noisy = tmp_path / "photo.png"
    clean = np.tile(data.coffee(), (2, 2, 1))[:880, :1160]
    save_picture(Picture(add_noise(clean, "gaussian", 25 / 255)), noisy)
    upload(page, noisy)
    finish(page)
    results = {
        "page": result_of(page),
        "client": load_picture(through_client(server, noisy)).pixels,
        "curl": load_picture(through_curl(server, noisy)).pixels,
        "command line": load_picture(through_command_line(noisy, tmp_path)).pixels,
    }
    assert all(pixels.shape == clean.shape for pixels in results.values())
    assert [name for name in results if not np.array_equal(results[name], results["page"])] == []


def through_client(server, file):
    client = Client(server.url, verbose=False)
    return client.predict(image=handle_file(file), api_name="/denoise")[0]


def through_curl(server, file) -> bytes:
    def curl(*arguments):
        command = ["curl", "-sS", *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout

    api = f"{server.url}/gradio_api"
    path = json.loads(curl("-F", f"files=@{file}", f"{api}/upload"))[0]
    image = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = ["-H", "Content-Type: application/json", "-d", json.dumps({"image": image})]
    event = json.loads(curl(*call, f"{api}/call/v2/denoise"))["event_id"]
    answer = curl(f"{api}/call/denoise/{event}").decode().rsplit("data: ", 1)[1]
    return curl(json.loads(answer)[0]["url"])


def through_command_line(file, folder) -> Path:
    out = folder / "by command.png"
    command = [sys.executable, "-m", "denoise", "run", str(file), "-o", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return out
