import re

import pytest
from browsing import DESKTOP, WAIT_MS, finish, upload
from skimage import data

from denoise import Denoiser, Picture, add_noise, psnr, save_picture
from denoise.ui import page as built

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def chinese(browser, server):
    context = browser.new_context(viewport=DESKTOP, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


def test_a_browser_in_chinese_gets_the_chinese_page(chinese, server, tmp_path):
    file = tmp_path / "cup.png"
    save_picture(Picture(add_noise(data.coffee()[:128, :160], "gaussian", 0.1)), file)
    chinese.goto(server.url)
    chinese.get_by_role("button", name="选择照片", exact=True).wait_for()
    assert chinese.url.endswith("/zh")
    assert chinese.locator("html").get_attribute("lang") == "zh"
    upload(chinese, file)
    finish(chinese)
    chinese.locator(".advanced summary").click()
    shown = chinese.locator(".stage").inner_text()
    assert "160 x 128 像素，由 conv-photo 处理" in shown
    assert not re.search("Noise|pixels|Auto|Download|Strength|parts", shown)


def test_the_page_names_its_own_language_not_the_browsers(chinese, server):
    chinese.goto(server.url)
    chinese.get_by_role("link", name="English").click()
    chinese.get_by_role("button", name="Choose photos", exact=True).wait_for()
    root = chinese.locator("html")
    assert root.get_attribute("lang") == "en"
    root.evaluate("root => { root.lang = 'zh-CN'; }")  # as Gradio does, sooner or later
    assert root.get_attribute("lang") == "en"


def test_an_error_is_said_in_chinese(chinese, server, tmp_path):
    (tmp_path / "letter.png").write_text("Dear Sir or Madam")
    chinese.goto(f"{server.url}/zh")
    upload(chinese, tmp_path / "letter.png")
    chinese.locator(".refusal").get_by_text("文本文件，不是图片").wait_for()


def test_a_lessons_link_and_its_figures_are_the_same_in_chinese(chinese, server):
    chinese.goto(f"{server.url}/?tab=lab&kind=gaussian&level=0.2&seed=3")
    clean = data.astronaut()
    noisy = add_noise(clean, "gaussian", 0.2, seed=3)
    chinese.locator("#noisy-words").get_by_text(f"{psnr(clean, noisy):.2f} dB").wait_for()
    denoised = Denoiser()(noisy)
    chinese.locator("#denoised-words").get_by_text(f"{psnr(clean, denoised):.2f} dB").wait_for()
    assert "/zh?" in chinese.url


def test_the_language_that_was_chosen_is_kept(chinese, server):
    chinese.goto(f"{server.url}/?tab=lab&level=0.2")
    chinese.get_by_role("link", name="English").click()
    chinese.get_by_role("tab", name="Noise lab").wait_for()
    assert "/zh" not in chinese.url
    assert "level=0.2" in chinese.url
    chinese.goto(server.url)
    chinese.get_by_role("button", name="Choose photos", exact=True).wait_for()
    chinese.get_by_role("link", name="中文").click()
    chinese.get_by_role("button", name="选择照片", exact=True).wait_for()


def test_a_term_tells_how_it_is_measured_when_it_is_focused(chinese, server):
    chinese.goto(f"{server.url}/zh?tab=lab")
    term = chinese.locator("#noisy-words abbr").first
    term.wait_for()
    assert term.get_attribute("title").startswith("峰值信噪比")
    term.focus()
    shown = term.evaluate("one => getComputedStyle(one, '::after').content")
    assert "峰值信噪比" in shown


@pytest.mark.parametrize(
    ("locale", "address", "arrived", "tag"),
    [
        ("de-AT", "/?tab=lab", "/de?tab=lab", "de"),
        ("fr-FR", "/", "/", "en"),
        ("zh-CN", "/", "/zh", "zh"),
        ("zh-CN", "/de", "/de", "de"),
    ],
)
def test_a_third_language_has_a_page_of_its_own(
    browser, monkeypatch, locale, address, arrived, tag
):
    monkeypatch.setitem(built.LANGUAGES, "de", ("de", "Deutsch"))
    context = browser.new_context(locale=locale)
    page = context.new_page()
    head = built.look()["head"]
    page.route(
        "**/*",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<!doctype html><html><head>{head}</head></html>"
        ),
    )
    page.goto(f"http://denoise.test{address}")
    page.wait_for_url(f"http://denoise.test{arrived}")
    assert page.locator("html").get_attribute("lang") == tag
    context.close()
