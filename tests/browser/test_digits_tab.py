"""The lesson Digits in a real Chromium."""

import numpy as np
import pytest
from browsing import DESKTOP, PHONE, WAIT_MS, open_page, open_tab

from denoise import Denoiser, add_noise, psnr
from denoise.ui.tabs.samples import SampleStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def digits(page):
    open_tab(page, "Digits")
    page.locator("#digits-figure figure").nth(2).wait_for()
    return page


def words_of(clean, factor, model, seed=0):
    noisy = add_noise(clean, "gaussian", factor, seed=seed)
    return f"{psnr(clean, Denoiser(model)(noisy)):.1f} dB"


def choose_network(page, name):
    page.locator("#digits-network").get_by_text(name, exact=True).click()


def test_each_network_for_digits_is_shown_from_left_to_right(digits):
    clean = SampleStore().get("mnist").pictures[0]
    offered = digits.locator("#digits-network label").all_inner_texts()
    assert sorted(offered) == ["conv-mnist", "dense-mnist", "sparse-mnist"]
    for model in offered:
        choose_network(digits, model)
        code = Denoiser(model).encode(add_noise(clean, "gaussian", 0.4, seed=0))
        middle = digits.locator("#digits-figure figure").nth(1)
        middle.get_by_text(f"{code.numel()} numbers").wait_for()
        assert f"{int((code == 0).sum())} of them 0" in middle.inner_text()
        last = digits.locator("#digits-figure figure").last
        assert words_of(clean, 0.4, model) in last.inner_text()


def test_a_part_of_the_code_tells_its_value_to_pointer_and_keys(digits):
    clean = SampleStore().get("mnist").pictures[0]
    code = Denoiser("dense-mnist").encode(add_noise(clean, "gaussian", 0.4, seed=0))[0]
    told = digits.locator("#digits-figure .told")
    digits.locator("#digits-figure .tiles i").nth(9).hover()
    told.get_by_text(f"Number 10 of 64 is {code[9]:.2f}.").wait_for()
    digits.locator("#digits-figure .tiles").focus()
    digits.keyboard.press("ArrowDown")
    told.get_by_text(f"Number 18 of 64 is {code[17]:.2f}.").wait_for()
    assert digits.locator("#digits-figure .drawn").is_visible()


def test_a_sample_and_the_noise_can_be_chosen(digits):
    digits.locator("#digits-samples button").nth(3).click()
    clean = SampleStore().get("mnist").pictures[3]
    last = digits.locator("#digits-figure figure").last
    last.get_by_text(words_of(clean, 0.4, "dense-mnist")).wait_for()
    digits.locator("#digits-factor input[type=number]").fill("0.7")
    digits.keyboard.press("Tab")
    last.get_by_text(words_of(clean, 0.7, "dense-mnist")).wait_for()
    digits.wait_for_url("**/?*factor=0.7*")
    assert "tab=digits" in digits.url
    assert "sample=3" in digits.url


@pytest.mark.parametrize(
    ("samples", "kind", "network"),
    [("digits", "mnist", "sparse-mnist"), ("clothing", "fashion-mnist", "conv-fashion")],
)
def test_a_link_opens_the_lesson_with_its_settings(browser, server, samples, kind, network):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    asked = f"samples={samples}&network={network}&sample=2&factor=0.3&hide=drawing,seed"
    page.goto(f"{server.url}/?tab=digits&{asked}")
    clean = SampleStore().get(kind).pictures[2]
    last = page.locator("#digits-figure figure").last
    last.get_by_text(words_of(clean, 0.3, network)).wait_for()
    assert not page.locator("#drawing").is_visible()
    assert not page.locator("#digits-seed").is_visible()
    context.close()


def test_the_layers_are_shown_to_whoever_opens_them(digits):
    assert digits.locator(".layers figure").count() == 0
    digits.locator("#digits-layers button").first.click()
    digits.locator(".layers figure").nth(1).wait_for()
    choose_network(digits, "conv-mnist")
    digits.locator(".layers figure").nth(6).wait_for()
    assert digits.locator(".layers figure").count() == 7


def test_a_question_keeps_its_answer_until_it_is_asked_for(digits):
    answer = digits.get_by_text("Pictures that a classifier recognised")
    assert not answer.is_visible()
    digits.locator("#digits-prompts summary").first.click()
    answer.wait_for()
    digits.locator("#digits-samples button").nth(3).click()
    digits.locator("#digits-samples button[aria-pressed=true][data-number='3']").wait_for()
    assert answer.is_visible()


def test_every_stroke_of_a_drawn_digit_goes_through_the_network(digits):
    canvas = digits.locator("#drawing canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for height in (0.3, 0.7):
        before = digits.locator("#digits-figure img").first.get_attribute("src")
        digits.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + height * box["height"])
        digits.mouse.down()
        digits.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + height * box["height"], steps=8)
        digits.mouse.up()
        digits.wait_for_function(
            "before => document.querySelector('#digits-figure img').src !== before", arg=before
        )


def test_the_grid_has_the_error_that_python_gives(digits):
    originals = SampleStore().get("mnist").pictures[:10]
    denoiser = Denoiser("dense-mnist")
    errors = [
        np.mean((one / 255 - denoiser(add_noise(one, "gaussian", 0.4, seed=seed)) / 255) ** 2)
        for seed, one in enumerate(originals)
    ]
    digits.get_by_text(f"Mean squared error of these ten: {np.mean(errors):.4f}").wait_for()
    assert digits.locator("#digits-grid img").count() == 30


def test_a_phone_needs_no_sideways_scrolling(browser, server):
    context = browser.new_context(viewport=PHONE)
    page = open_page(context, server)
    open_tab(page, "Digits")
    page.locator("#digits-figure figure").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()
