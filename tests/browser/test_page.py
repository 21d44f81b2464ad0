"""The page in a real Chromium, on real pictures."""

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from browsing import DESKTOP, PHONE, bytes_of, download, open_page, open_tab, upload
from gradio_client import Client, handle_file
from PIL import Image
from places import ROOT
from skimage import data

from denoise import Denoiser, Picture, add_noise, load_picture, psnr, save_picture
from denoise.cli.main import main

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def noisy(tmp_path):
    file = tmp_path / "coffee cup.png"
    pixels = add_noise(data.coffee()[:256, :320], "gaussian", 25 / 255, seed=1)
    save_picture(Picture(pixels), file)
    return file


def denoise(page):
    page.get_by_role("button", name="Denoise", exact=True).click()
    page.locator("#status").get_by_text("Done.").wait_for()


def test_a_noisy_photo_comes_back_as_the_denoiser_gives_it(page, noisy):
    upload(page, noisy)
    denoise(page)
    downloaded = download(page)
    assert downloaded.suggested_filename == "coffee cup.png"
    result = load_picture(bytes_of(downloaded)).pixels
    assert np.array_equal(result, Denoiser()(load_picture(noisy).pixels))


def test_the_report_and_the_command_say_what_was_done(page, noisy):
    upload(page, noisy)
    denoise(page)
    report = page.locator("#report").inner_text()
    assert "320 x 256 pixels by conv-photo" in report
    assert re.search(r"Noise found: about \d+\.\d/255 \(sigma 0\.\d+\)", report)
    command = page.locator("#command .cm-content").inner_text()
    assert "denoise run 'coffee cup.png'" in command.replace("\n", " ")


def test_the_before_and_after_pictures_are_lossless(page, noisy):
    upload(page, noisy)
    denoise(page)
    sources = [image.get_attribute("src") for image in page.locator("#compared img").all()]
    shown = [load_picture(page.request.get(source).body()).pixels for source in sources]
    before = load_picture(noisy).pixels
    assert any(np.array_equal(pixels, before) for pixels in shown)
    assert any(np.array_equal(pixels, Denoiser()(before)) for pixels in shown)


def test_another_format_is_written_without_running_again(page, noisy):
    upload(page, noisy)
    denoise(page)
    page.get_by_label("Format of the download").click()
    page.get_by_role("option", name="TIFF").click()
    page.wait_for_timeout(2000)  # the file is written anew
    downloaded = download(page)
    assert downloaded.suggested_filename == "coffee cup.tif"
    picture = load_picture(bytes_of(downloaded))
    assert picture.format == "TIFF"
    assert np.array_equal(picture.pixels, Denoiser()(load_picture(noisy).pixels))


def test_the_command_leaves_out_the_details_that_the_download_leaves_out(page, noisy):
    upload(page, noisy)
    denoise(page)
    command = page.locator("#command .cm-content")
    assert "--no-exif" not in command.inner_text()
    page.get_by_label("Keep the photo's details (EXIF)").first.uncheck()
    command.get_by_text("--no-exif").wait_for()
    page.get_by_role("button", name="Denoise", exact=True).click()
    page.locator("#status").get_by_text("Done.").wait_for()
    assert "--no-exif" in command.inner_text()


def test_16_bits_and_transparency_are_kept(page, tmp_path):
    file = tmp_path / "deep.png"
    pixels = data.astronaut()[:64, :80].astype(np.uint16) * 257
    alpha = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)
    save_picture(Picture(pixels, alpha=alpha), file)
    upload(page, file)
    denoise(page)
    result = load_picture(bytes_of(download(page)))
    assert result.pixels.dtype == np.uint16
    assert np.array_equal(result.alpha, alpha)


def test_a_text_file_named_png_gets_a_sentence_and_the_next_picture_works(page, noisy, tmp_path):
    file = tmp_path / "letter.png"
    file.write_text("Dear Sir or Madam")
    upload(page, file)
    page.get_by_role("button", name="Denoise", exact=True).click()
    page.get_by_text("letter.png is a text file, not a picture").first.wait_for()
    page.get_by_label("Clear").or_(page.get_by_label("Remove Image")).first.click()
    upload(page, noisy)
    denoise(page)


def test_no_picture_gets_a_sentence_and_the_next_one_works(page, noisy):
    page.get_by_role("button", name="Denoise", exact=True).click()
    page.get_by_text("There is no picture yet").first.wait_for()
    page.locator("#status").get_by_text("Nothing was denoised.").wait_for()
    upload(page, noisy)
    denoise(page)


def start_long_work(page, folder):
    pixels = np.tile(data.coffee(), (8, 6, 1))  # 11 Mpixel
    Image.fromarray(pixels).save(folder / "large.png")
    upload(page, folder / "large.png")
    page.get_by_role("button", name="Denoise", exact=True).click()
    page.locator("#status").get_by_text(re.compile(r"Tile \d+ of \d+")).wait_for()


def test_a_cancelled_work_stays_cancelled(page, tmp_path):
    start_long_work(page, tmp_path)
    with page.expect_request(lambda request: request.url.endswith("/reset")):  # it has ended
        page.get_by_role("button", name="Cancel", exact=True).click()
    page.wait_for_timeout(2000)
    assert page.locator("#status").inner_text().startswith("Cancelled.")
    assert page.get_by_role("button", name="Denoise", exact=True).is_enabled()


def test_cancel_stops_the_work_and_the_next_picture_works(page, noisy, tmp_path):
    start_long_work(page, tmp_path)
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.locator("#status").get_by_text("Cancelled").wait_for()
    page.get_by_label("Clear").or_(page.get_by_label("Remove Image")).first.click()
    page.locator("#noisy-picture img").wait_for(state="detached")
    upload(page, noisy)
    page.locator("#noisy-picture img").wait_for()
    denoise(page)
    assert "320 x 256" in page.locator("#report").inner_text()


def test_a_photo_for_the_digits_network_is_fitted_and_the_page_says_so(page, noisy):
    upload(page, noisy)
    page.locator("#model input").click()
    page.get_by_role("option", name=re.compile("dense-mnist")).click()
    page.locator("#model-words").get_by_text("28x28").wait_for()
    denoise(page)
    assert "turned to gray" in page.locator("#report").inner_text()
    assert load_picture(bytes_of(download(page))).pixels.shape == (28, 28)


def test_the_slider_tells_sigma_exactly(page, noisy):
    upload(page, noisy)
    page.get_by_label("Set it myself").check()
    page.locator("#steps").get_by_text("25/255 is sigma 0.098").wait_for()
    denoise(page)
    expected = Denoiser()(load_picture(noisy).pixels, 25 / 255)
    assert np.array_equal(load_picture(bytes_of(download(page))).pixels, expected)


def test_a_level_is_chosen_and_what_was_tried_is_listed(page, noisy):
    upload(page, noisy)
    page.get_by_label("Try several levels").check()
    denoise(page)
    choice = Denoiser().choose(load_picture(noisy))
    shown = page.locator("#report table tbody tr")
    assert shown.count() == len(choice.ratings)
    assert shown.first.inner_text().split() == ["auto", f"{255 * choice.ratings[0].rms:.2f}/255"]


def test_noise_and_choice_are_the_same_on_page_over_http_and_by_command(
    page, server, noisy, capsys
):
    upload(page, noisy)
    page.get_by_label("Try several levels").check()
    denoise(page)
    client = Client(server.url, verbose=False)
    found = client.predict(handle_file(noisy), "conv-photo", api_name="/estimate")
    assert main(["estimate", str(noisy), "--model", "conv-photo", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {key: printed[key] for key in found} == found
    report = page.locator("#report")
    about = f"Noise found: about {255 * found['sigma']:.1f}/255 (sigma {found['sigma']:.3f})"
    assert about in report.inner_text()
    errors = [f"{255 * one['rms']:.2f}/255" for one in found["choice"]["ratings"]]
    assert report.locator("table tbody td:last-child").all_inner_texts() == errors


def test_the_texture_slider_mixes_in_the_textured_network(page, noisy):
    upload(page, noisy)
    page.locator("#texture input[type=number]").fill("0.5")
    page.keyboard.press("Tab")
    denoise(page)
    assert "Fine texture by gan-photo: invented" in page.locator("#report").inner_text()
    assert "--texture 0.5" in page.locator("#command").inner_text()
    expected = Denoiser()(load_picture(noisy).pixels, texture=0.5)
    assert np.array_equal(load_picture(bytes_of(download(page))).pixels, expected)


@pytest.mark.parametrize("tab", ["Clean", "Noise lab"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(browser, server, tab, theme):
    context = browser.new_context(viewport=PHONE)
    page = open_page(context, server)
    page.goto(f"{server.url}/?__theme={theme}")
    open_tab(page, tab)
    page.wait_for_timeout(1500)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_the_page_works_by_keyboard(page, noisy):
    upload(page, noisy)
    page.get_by_role("button", name="Denoise", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("#status").get_by_text("Done.").wait_for()
    focused = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused.add(
            page.evaluate("document.activeElement.id || document.activeElement.closest('[id]')?.id")
        )
    assert "download" in focused


def test_a_list_of_choices_that_is_tabbed_over_closes(page):
    open_tab(page, "Noise lab")
    choices = page.get_by_role("option")
    for _ in range(2):
        page.locator("#kind input").focus()
        choices.get_by_text("camera").wait_for()
        page.keyboard.press("Tab")
        page.wait_for_timeout(1000)
        assert choices.count() == 0
    assert page.locator("#kind input").input_value() == "gaussian"


NAMELESS = """() => [...document.querySelectorAll(
  'input, button, select, textarea, [role=button], [role=tab], [role=slider], [role=combobox]'
)].filter(one => one.checkVisibility()).filter(one => {
  const labels = [...(one.labels || [])].map(label => label.innerText).join('');
  const titled = document.getElementById(one.getAttribute('aria-labelledby'))?.innerText;
  const picture = one.querySelector('img')?.alt;
  return !(one.ariaLabel || titled || labels || one.innerText || one.title || picture)?.trim();
}).map(one => one.outerHTML.slice(0, 200))"""


VIEWS = [("Noise lab", view) for view in ("Compare", "Sweep", "Removed")]


@pytest.mark.parametrize(
    "tabs", [("Clean",), *VIEWS, ("Digits",), ("Training",), ("The networks",)]
)
def test_every_control_has_a_name_for_who_cannot_see_it(page, tabs):
    for tab in tabs:
        open_tab(page, tab)
    if "Noise lab" in tabs:
        page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    for folded in page.locator("button.label-wrap:not(.open)").locator("visible=true").all():
        folded.click()
    page.wait_for_timeout(1000)
    assert page.evaluate(NAMELESS) == []


def test_nothing_is_fetched_from_elsewhere(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    open_page(context, server)
    foreign = [url for url in asked if not url.startswith((server.url, "data:", "blob:"))]
    context.close()
    assert foreign == []


def test_an_example_is_denoised_at_a_click(page):
    page.locator("button.gallery-item").first.click()
    page.locator("#noisy-picture img").wait_for()
    denoise(page)
    result = load_picture(bytes_of(download(page))).pixels
    assert psnr(data.astronaut(), result) > 29


def choose_several(page, files):
    page.get_by_text("Several files at once").click()
    with page.expect_response(lambda answer: "/upload" in answer.url):
        page.locator("#several-files input[type=file]").set_input_files(files)


def test_several_files_come_back_in_one_zip_but_for_a_bad_one(page, noisy, tmp_path):
    folder = tmp_path / "another"
    folder.mkdir()
    same_name, letter = folder / noisy.name, tmp_path / "letter.png"
    shutil.copy(noisy, same_name)
    letter.write_text("Dear Sir or Madam")
    choose_several(page, [noisy, letter, same_name])
    page.locator("#several-start").click()
    page.locator("#several-status").get_by_text("2 of 3 pictures are done.").wait_for()
    page.locator("#several-status").get_by_text("letter.png is a text file").wait_for()
    expected = Denoiser()(load_picture(noisy).pixels)
    links = page.locator("#several-results a[download='coffee cup.png']")
    content = page.request.get(links.first.get_attribute("href")).body()
    assert np.array_equal(load_picture(content).pixels, expected)
    packed = zipfile.ZipFile(io.BytesIO(bytes_of(download(page, "#several-download"))))
    assert packed.namelist() == ["coffee cup.png", "coffee cup-2.png"]
    for name in packed.namelist():
        assert np.array_equal(load_picture(packed.read(name)).pixels, expected)


def test_several_files_wait_for_their_button_and_are_stopped(page, noisy, tmp_path):
    large = tmp_path / "large.png"
    Image.fromarray(np.tile(data.coffee(), (8, 6, 1))).save(large)
    choose_several(page, [noisy, large])
    page.wait_for_timeout(500)
    assert page.locator("#several-status").inner_text() == ""
    page.locator("#several-start").click()
    page.locator("#several-status").get_by_text("Picture 2 of 2").wait_for()
    page.locator("#several-stop").click()
    page.locator("#several-status").get_by_text("Stopped; finished pictures: 1.").wait_for()
    packed = zipfile.ZipFile(io.BytesIO(bytes_of(download(page, "#several-download"))))
    assert packed.namelist() == ["coffee cup.png"]


def test_a_photo_of_1_mpixel_is_the_same_to_the_bit_in_all_four_ways(page, server, tmp_path):
    noisy = tmp_path / "photo.png"
    clean = np.tile(data.coffee(), (2, 2, 1))[:880, :1160]
    save_picture(Picture(add_noise(clean, "gaussian", 25 / 255)), noisy)
    upload(page, noisy)
    denoise(page)
    results = {
        "page": load_picture(bytes_of(download(page))).pixels,
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


def through_command_line(file, folder):
    out = folder / "by command.png"
    command = [sys.executable, "-m", "denoise", "run", str(file), "-o", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return out
