"""The Noise lab in a real Chromium: what the visitor sees is what Python gives."""

import csv
import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from browsing import DESKTOP, PHONE, WAIT_MS, bytes_of, download, open_page, open_tab, upload
from gradio_client import Client, handle_file
from skimage import data

from denoise import Denoiser, Picture, add_noise, load_picture, psnr, save_picture, ssim
from denoise.cli.main import main
from denoise.evaluation.comparison import compare
from denoise.evaluation.methods import CleanImage
from denoise.evaluation.residual import analyse_residual
from denoise.images.arrays import to_8_bits
from denoise.noise.kinds import KINDS
from denoise.noise.synthesis import NoiseSpec

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CLEAN = data.coffee()[:192, 100:292]


@pytest.fixture
def lab(page, tmp_path):
    """The page with its lab open on a small picture, of which the denoised one is there."""
    file = tmp_path / "cup.png"
    save_picture(Picture(CLEAN), file)
    open_lab(page)
    page.get_by_label("Clear").or_(page.get_by_label("Remove Image")).last.click()
    upload(page, file, "#clean-picture")
    wait_for_noise(page, add_noise(CLEAN))
    page.locator("#denoised-words").get_by_text(f"{psnr(CLEAN, denoised()):.2f} dB").wait_for()
    return page


def open_lab(page):
    open_tab(page, "Noise lab")
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()


def denoised():
    return Denoiser()(add_noise(CLEAN))


def wait_for_noise(page, noisy, clean=CLEAN):
    page.locator("#noisy-words").get_by_text(f"{psnr(clean, noisy):.2f} dB").wait_for()


def wait_until_done(page, view):
    page.locator(f"#{view}-status").get_by_text("Done. Noise: gaussian").wait_for()


def shown(page, name):
    source = page.locator(f"#{name}-view img").get_attribute("src")
    return load_picture(page.request.get(source).body()).pixels


def choose_methods(page, view, chosen):
    for box in page.locator(f"#{view}-methods input[type=checkbox]").all():
        box.set_checked(box.get_attribute("name") in chosen)


def test_the_figures_are_those_that_python_gives(page):
    open_lab(page)
    clean = data.astronaut()
    noisy = add_noise(clean, "gaussian", 0.1, seed=0)
    page.locator("#noisy-words").get_by_text("SSIM").wait_for()
    for name, image in (("noisy", noisy), ("denoised", Denoiser()(noisy))):
        words = page.locator(f"#{name}-words").inner_text()
        expected = f"PSNR {psnr(clean, image):.2f} dB · SSIM {ssim(clean, image):.4f}"
        assert expected in " ".join(words.split())  # a clock may stand before it
        assert np.array_equal(shown(page, name), image)


def test_the_noise_follows_its_controls(lab):
    lab.locator("#kind input").click()
    lab.get_by_role("option", name="poisson").click()
    wait_for_noise(lab, add_noise(CLEAN, "poisson", 0.1))
    lab.locator("#unit").get_by_text("100 photons at white").wait_for()
    lab.locator("#seed input").fill("5")
    lab.keyboard.press("Tab")
    wait_for_noise(lab, add_noise(CLEAN, "poisson", 0.1, seed=5))


def test_a_mixture_of_gray_noise_is_put_together(lab):
    lab.get_by_text("More about the noise").click()
    lab.get_by_label("Gray noise").check()
    wait_for_noise(lab, add_noise(CLEAN, gray=True))
    lab.get_by_role("button", name="Add kind and level to the mixture").click()
    mixture = lab.locator("#mixture input, #mixture textarea").first
    lab.wait_for_function(
        "document.querySelector('#mixture input, #mixture textarea').value === 'gaussian:0.1'"
    )
    mixture.press("End")
    mixture.press_sequentially("+jpeg:0.5")
    wait_for_noise(lab, add_noise(CLEAN, "gaussian:0.1+jpeg:0.5", gray=True))
    words = "gaussian: sigma 25.5/255, then jpeg: quality 50"
    lab.locator("#noisy-words").get_by_text(words).wait_for()


def test_a_mixture_that_is_none_gets_a_sentence(lab):
    lab.get_by_text("More about the noise").click()
    lab.locator("#mixture input, #mixture textarea").first.fill("fog:0.1")
    lab.get_by_text("Unknown kind of noise 'fog'").first.wait_for()


def test_float_noise_goes_to_the_network_unclipped_or_clipped(lab):
    lab.get_by_text("More about the noise").click()
    lab.get_by_label("As an 8-bit file").uncheck()
    noisy = NoiseSpec(eight_bit=False).add_to(CLEAN)
    expected = to_8_bits(Denoiser()(noisy))
    lab.locator("#denoised-words").get_by_text(f"{psnr(CLEAN, expected):.2f} dB").wait_for()
    assert np.array_equal(shown(lab, "denoised"), expected)
    lab.get_by_label("Clip", exact=True).check()
    clipped = to_8_bits(Denoiser()(np.clip(noisy, 0, 1)))
    lab.locator("#denoised-words").get_by_text(f"{psnr(CLEAN, clipped):.2f} dB").wait_for()
    assert np.array_equal(shown(lab, "denoised"), clipped)


def test_methods_are_compared_in_a_table_a_gallery_and_a_zip(lab):
    choose_methods(lab, "compare", ["conv-photo", "median"])
    lab.locator("#compare").click()
    wait_until_done(lab, "compare")
    entries = list(compare(CleanImage(CLEAN, ["conv-photo", "median"]), NoiseSpec()))
    text = " ".join(lab.locator("#compare-table").inner_text().split())
    for entry in entries:
        row = entry.to_dict()  # its figures are rounded, and the page rounds those
        assert f"{entry.title} {row['psnr']:.2f} {row['ssim']:.4f} {row['haarpsi']:.4f}" in text
    with zipfile.ZipFile(io.BytesIO(bytes_of(download(lab, "#compare-download")))) as packed:
        for entry in entries:
            picture = load_picture(packed.read(f"{entry.method}.png"))
            assert np.array_equal(picture.pixels, entry.image)
        rows = csv.DictReader(io.TextIOWrapper(packed.open("table.csv")))
        assert [row["method"] for row in rows] == ["noisy", "conv-photo", "median"]


def test_the_table_sorts_its_figures_as_numbers(lab):
    lab.locator("#level input[type=number]").fill("0.7")
    wait_for_noise(lab, add_noise(CLEAN, level=0.7))
    choose_methods(lab, "compare", ["median"])
    lab.locator("#compare").click()
    wait_until_done(lab, "compare")
    noisy, median = compare(CleanImage(CLEAN, ["median"]), NoiseSpec(level=0.7))
    assert noisy.psnr < 10 < median.psnr  # the other way round as texts
    head = lab.locator("#compare-table th").filter(has_text="PSNR", visible=True).first
    head.hover()
    head.get_by_label("Open cell menu").click()
    lab.get_by_role("menuitem", name="Sort descending").click()
    lab.wait_for_function(
        "order => document.querySelector('#compare-table').innerText.match(order)",
        arg=rf"Median\s+{median.psnr:.2f}[^]*Noisy\s+{noisy.psnr:.2f}",
    )


def test_a_comparison_is_the_same_on_page_over_http_and_by_command(browser, server, tmp_path):
    file, mixture = tmp_path / "cup.png", "camera:0.05+salt-pepper:0.02"
    save_picture(Picture(CLEAN), file)
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    page.goto(f"{server.url}/?tab=lab&mixture={mixture}&seed=7&gray=true")
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).last.click()
    upload(page, file, "#clean-picture")
    choose_methods(page, "compare", ["conv-photo", "tv"])
    page.locator("#compare").click()
    page.locator("#compare-status").get_by_text("seed 7.").wait_for()
    packed = {"page": bytes_of(download(page, "#compare-download"))}
    context.close()
    client = Client(server.url, verbose=False)
    asked = {"kind": mixture, "seed": 7, "models": ["conv-photo", "tv"], "gray": True}
    answer, _ = client.predict(image=handle_file(file), **asked, api_name="/compare")
    packed["http"] = Path(answer).read_bytes()
    options = ["--kind", mixture, "--seed", "7", "--gray", "--model", "conv-photo", "tv"]
    assert main(["compare", str(file), "-o", str(tmp_path / "out"), *options]) == 0
    found = {way: contents_of(content) for way, content in packed.items()}
    found["command"] = contents_of({one.name: one for one in (tmp_path / "out").iterdir()})
    assert found["page"] == found["http"] == found["command"]
    assert len(found["page"]) == 5  # noisy, clean, two denoised, and the table


def contents_of(packed):
    """Gives the files of a comparison, the table as rows."""
    if isinstance(packed, bytes):
        with zipfile.ZipFile(io.BytesIO(packed)) as files:
            contents = {name: files.read(name) for name in files.namelist()}
    else:
        contents = {name: file.read_bytes() for name, file in packed.items()}
    return contents | {"table": timeless(contents.pop("table.csv").decode())}


def timeless(table):
    """Gives the rows of a table without the seconds, which are never the same."""
    rows = csv.DictReader(io.StringIO(table))
    return [{key: row[key] for key in row if key != "seconds_per_mpixel"} for row in rows]


def test_the_same_detail_of_all_is_where_the_visitor_clicks(lab):
    choose_methods(lab, "compare", ["median"])
    lab.locator("#compare").click()
    wait_until_done(lab, "compare")
    details = lab.locator("#strip img")
    details.nth(2).wait_for()
    assert details.count() == 3  # noisy, median and clean
    before = details.last.get_attribute("src")
    noisy = lab.locator("#noisy-view img")
    box = noisy.bounding_box()
    # From the middle 48 of the 192 pixels, which are not enlarged, to the left and downwards.
    noisy.click(position={"x": box["width"] / 2 - 48, "y": box["height"] / 2 + 48})
    lab.wait_for_function(
        "before => [...document.querySelectorAll('#strip img')].at(-1).src !== before", arg=before
    )
    for side, percent in (("left", 25), ("top", 75)):
        chosen = lab.get_by_label(f"Detail, from {side}").last.input_value()
        assert abs(float(chosen) - percent) < 8


def test_a_sweep_draws_a_chart_and_gives_its_figures(lab):
    open_tab(lab, "Sweep")
    choose_methods(lab, "sweep", ["median"])
    lab.locator("#sweep-count input[type=number]").fill("2")
    lab.keyboard.press("Tab")
    lab.locator("#sweep").click()
    wait_until_done(lab, "sweep")
    lab.wait_for_function("document.querySelector('#sweep-plot canvas')?.clientWidth > 500")
    rows = list(csv.DictReader(io.StringIO(bytes_of(download(lab, "#sweep-download")).decode())))
    expected = [
        (level, entry.method, round(entry.psnr, 4))
        for level in (0.15, 0.3)
        for entry in compare(CleanImage(CLEAN, ["median"]), NoiseSpec(level=level))
    ]
    assert [(float(r["level"]), r["method"], float(r["psnr"])) for r in rows] == expected


def test_a_sweep_is_the_same_on_page_over_http_and_by_command(lab, server, tmp_path, capsys):
    file, methods, levels = tmp_path / "cup.png", ["conv-photo", "tv"], [0.1, 0.2]
    open_tab(lab, "Sweep")
    choose_methods(lab, "sweep", methods)
    for setting, value in (("highest", "0.2"), ("count", "2")):
        lab.locator(f"#sweep-{setting} input[type=number]").fill(value)
        lab.keyboard.press("Tab")
    lab.locator("#seed input").fill("7")
    wait_for_noise(lab, add_noise(CLEAN, seed=7))
    lab.locator("#sweep").click()
    lab.locator("#sweep-status").get_by_text("2 levels up to 0.2, seed 7.").wait_for()
    on_page = bytes_of(download(lab, "#sweep-download")).decode()
    asked = {"levels": levels, "seed": 7, "models": methods}
    client = Client(server.url, verbose=False)
    over_http, _ = client.predict(handle_file(file), **asked, api_name="/sweep")
    options = ["--levels", *map(str, levels), "--seed", "7", "--model", *methods]
    assert main(["sweep", str(file), *options]) == 0
    by_command = capsys.readouterr().out
    assert timeless(on_page) == timeless(Path(over_http).read_text()) == timeless(by_command)
    assert len(timeless(on_page)) == len(levels) * (1 + len(methods))


def test_every_noise_is_the_same_on_page_over_http_and_by_command(lab, server, tmp_path):
    file, by_command = tmp_path / "cup.png", tmp_path / "noisy.png"
    client = Client(server.url, verbose=False)
    lab.locator("#seed input").fill("5")
    for kind in KINDS:
        lab.locator("#kind input").click()
        lab.get_by_role("option", name=kind, exact=True).click()
        expected = add_noise(CLEAN, kind, 0.1, seed=5)
        wait_for_noise(lab, expected)
        over_http, _ = client.predict(handle_file(file), kind, seed=5, api_name="/add_noise")
        asked = ["--kind", kind, "--seed", "5", "--overwrite"]
        assert main(["noise", str(file), "-o", str(by_command), *asked]) == 0
        for noisy in (shown(lab, "noisy"), *map(pixels_of, (over_http, by_command))):
            assert np.array_equal(noisy, expected)


def pixels_of(file):
    return load_picture(file).pixels


def test_what_was_removed_is_analysed(lab):
    open_tab(lab, "Removed")
    expected = analyse_residual(add_noise(CLEAN), denoised())
    words = lab.locator("#removed-words")
    words.get_by_text(f"{expected.whiteness:.3f}").wait_for()
    assert f"{255 * expected.rms:.1f}/255" in words.inner_text()
    assert np.array_equal(shown(lab, "removed"), expected.picture)
    lab.wait_for_function("document.querySelectorAll('.vega-embed canvas')[1]?.clientWidth > 300")


@pytest.mark.parametrize("tab", ["Compare", "Sweep", "Removed"])
def test_a_phone_needs_no_sideways_scrolling(browser, server, tab):
    context = browser.new_context(viewport=PHONE)
    page = open_page(context, server)
    open_lab(page)
    open_tab(page, tab)
    page.wait_for_timeout(1500)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_a_link_opens_the_lab_with_its_settings(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    page.goto(f"{server.url}/?tab=lab&kind=salt-pepper&level=0.05&seed=3")
    clean = data.astronaut()
    expected = psnr(clean, add_noise(clean, "salt-pepper", 0.05, seed=3))
    page.locator("#noisy-words").get_by_text(f"{expected:.2f} dB").wait_for()
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    page.locator("#unit").get_by_text("5% of the pixels").wait_for()
    context.close()


def test_a_link_opens_a_view_of_the_lab(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.url}/?tab=lab&view=removed&level=0.2")
    page.get_by_role("tab", name="Removed", selected=True).wait_for()
    page.locator("#removed-words").get_by_text("Whiteness").wait_for()
    open_tab(page, "Sweep")
    page.wait_for_url("**/?*view=sweep*")
    assert "level=0.2" in page.url
    context.close()


def test_stages_of_a_camera_are_switched_and_shown(lab):
    assert not lab.locator("#stages").is_visible()
    lab.locator("#kind input").click()
    lab.get_by_role("option", name="camera").click()
    wait_for_noise(lab, add_noise(CLEAN, "camera", 0.1))
    lab.locator("#stages").get_by_label("Mosaic and demosaicing").uncheck()
    wait_for_noise(lab, add_noise(CLEAN, "camera", 0.1, without=["mosaic"]))
    lab.wait_for_url("**/?*without=mosaic*")
    open_tab(lab, "Camera")
    titles = lab.locator("#camera-stages b")
    titles.get_by_text("Sharpening").wait_for()
    assert titles.all_inner_texts()[:2] == ["Sensor", "White balance"]


def test_a_link_leaves_out_stages_of_a_camera(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    page.goto(f"{server.url}/?tab=lab&kind=camera&level=0.05&without=smoothing,tone-curve")
    clean = data.astronaut()
    without = ["smoothing", "tone-curve"]
    wait_for_noise(page, add_noise(clean, "camera", 0.05, without=without), clean)
    page.locator("#stages").wait_for()
    assert not page.locator("#stages").get_by_label("Tone curve").is_checked()
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    context.close()


def test_after_a_link_and_hasty_changes_the_page_comes_to_rest(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    asked_at = []
    page.on("request", lambda asked: "/queue/join" in asked.url and asked_at.append(time.time()))
    page.goto(f"{server.url}/?tab=lab&seed=3&gray=true")
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    for _ in range(6):
        page.locator("#seed input").press("ArrowUp")
        page.wait_for_timeout(100)
    clean = data.astronaut()
    expected = psnr(clean, add_noise(clean, "gaussian", 0.1, seed=9, gray=True))
    page.locator("#noisy-words").get_by_text(f"{expected:.2f} dB").wait_for()
    deadline = time.time() + WAIT_MS / 1000
    while time.time() - asked_at[-1] < 5:  # without end there is no such pause
        assert time.time() < deadline
        page.wait_for_timeout(500)
    context.close()


def test_the_address_follows_the_settings(lab):
    lab.locator("#kind input").click()
    lab.get_by_role("option", name="jpeg").click()
    wait_for_noise(lab, add_noise(CLEAN, "jpeg", 0.1))
    lab.wait_for_url("**/?*kind=jpeg*")
    assert "tab=lab" in lab.url
    assert "cup" not in lab.url


def test_an_address_keeps_what_is_good_beside_what_there_is_not(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    page.goto(f"{server.url}/?tab=lab&kind=fog&level=0.2&seed=3")
    sentence = "The kind in the address was ignored. Unknown kind of noise 'fog'"
    page.get_by_text(sentence).first.wait_for()
    clean = data.astronaut()
    wait_for_noise(page, add_noise(clean, "gaussian", 0.2, seed=3), clean)
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    context.close()


def test_an_address_opens_any_tab_and_one_that_there_is_not_is_said(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    page.goto(f"{server.url}/?tab=zoo")
    page.get_by_role("tab", name="The networks", selected=True).wait_for()
    page.get_by_text("PSNR at 25/255").first.wait_for()  # the table is filled
    page.goto(f"{server.url}/?tab=attic")
    page.get_by_text(
        "The tab in the address was ignored. Choose one of: clean, learn, lab, "
    ).first.wait_for()
    page.get_by_role("tab", name="Clean", selected=True).wait_for()
    context.close()


@pytest.mark.parametrize(
    ("name", "opened"),
    [("denoise", "Clean"), ("clean", "Clean"), ("learn", "Noise lab"), ("train", "Training")],
)
def test_old_and_new_names_of_parts_open_them(browser, server, name, opened):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.url}/?tab={name}")
    page.get_by_role("tab", name=opened, selected=True).wait_for()
    context.close()


def test_the_address_follows_what_is_open_and_each_place_keeps_its_own(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.url}/?tab=lab&level=0.2&hide=seed")
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    page.wait_for_url("**/?*kind=gaussian*")
    assert "level=0.2" in page.url
    page.get_by_role("tab", name="Clean").click()
    page.wait_for_url("**/?*tab=clean*")
    assert "level" not in page.url
    page.get_by_role("tab", name="Learn").click()
    page.wait_for_url("**/?*tab=lab*")
    assert "level=0.2" in page.url
    page.get_by_role("tab", name="The networks").click()
    page.wait_for_url("**/?*tab=zoo*")
    assert "level" not in page.url
    assert "hide=seed" in page.url
    context.close()


def test_the_arrow_keys_move_between_lessons(page):
    open_tab(page, "Noise lab")
    page.get_by_role("tab", name="Noise lab").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("tab", name="Digits", selected=True).wait_for()
    page.keyboard.press("End")
    page.get_by_role("tab", name="The networks", selected=True).wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_role("tab", name="Noise lab", selected=True).wait_for()
    stops = "[...document.querySelectorAll('#lessons > .tab-wrapper [tabindex=\"0\"]')].length"
    assert page.evaluate(stops) == 1


def test_an_address_hides_controls(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.url}/?tab=lab&hide=seed,network")
    page.locator("#kind").wait_for()
    assert not page.locator("#seed").is_visible()
    assert not page.locator("#lab-network").is_visible()
    context.close()


def test_numbers_out_of_range_are_no_failures(lab, server):
    logged = server.log.stat().st_size
    level, seed = lab.locator("#level input[type=number]"), lab.locator("#seed input")
    level.fill("7")
    wait_for_noise(lab, add_noise(CLEAN, "gaussian", 1))
    level.fill("0.1")
    seed.fill("-1")
    lab.locator("#noisy-words").get_by_text("The seed is a whole number, 0 or more").wait_for()
    seed.fill("3")
    wait_for_noise(lab, add_noise(CLEAN, seed=3))
    assert lab.locator(".toast-body").count() == 0
    assert "Traceback" not in server.log.read_text()[logged:]


@pytest.mark.parametrize("view", ["compare", "sweep"])
def test_an_outcome_says_when_the_settings_have_changed_since(lab, view):
    open_tab(lab, view.capitalize())
    choose_methods(lab, view, ["median"])
    lab.locator(f"#{view}").click()
    status, stale = lab.locator(f"#{view}-status"), lab.locator(f"#{view}-stale")
    wait_until_done(lab, view)
    assert stale.count() == 0
    lab.locator("#seed input").fill("4")
    stale.get_by_text("The settings above have changed since").wait_for()
    lab.locator("#seed input").fill("0")
    stale.wait_for(state="detached")
    lab.get_by_text("More about the noise").click()
    lab.get_by_label("Gray noise").check()
    stale.wait_for()
    lab.locator(f"#{view}").click()
    status.get_by_text("The same in all channels.").wait_for()
    stale.wait_for(state="detached")
