"""The tab Digits in a real Chromium."""

import numpy as np
import pytest
from browsing import PHONE, open_page, open_tab

from denoise import Denoiser, add_noise, list_models, psnr
from denoise.ui.tabs.samples import SampleStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SMALL = [facts.name for facts in list_models() if facts.needs.domain == "28x28"]


@pytest.fixture
def digits(page):
    open_tab(page, "Digits")
    page.locator("#digits-board figure").nth(1 + len(SMALL)).wait_for()
    return page


def words_of(clean, factor, model, seed=0):
    noisy = add_noise(clean, "gaussian", factor, seed=seed)
    return f"{psnr(clean, Denoiser(model)(noisy)):.1f} dB"


def test_the_board_shows_what_every_network_makes_of_the_first_sample(digits):
    clean = SampleStore().get("mnist").pictures[0]
    for model in SMALL:
        cell = digits.locator("#digits-board figure", has_text=model)
        assert words_of(clean, 0.4, model) in cell.inner_text()
        assert cell.locator("img").count() == 2  # the picture and its code


def test_a_sample_and_the_noise_can_be_chosen(digits):
    digits.locator("#digits-samples button").nth(3).click()
    clean = SampleStore().get("mnist").pictures[3]
    expected = words_of(clean, 0.4, "dense-mnist")
    cell = digits.locator("#digits-board figure", has_text="dense-mnist")
    cell.get_by_text(expected).wait_for()
    digits.locator("#digits-factor input[type=number]").fill("0.7")
    digits.keyboard.press("Tab")
    cell.get_by_text(words_of(clean, 0.7, "dense-mnist")).wait_for()


def test_a_drawn_digit_goes_through_the_networks(digits):
    board = digits.locator("#digits-board figure img").first
    before = board.get_attribute("src")
    box = digits.locator("#drawing canvas").bounding_box()
    at = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for x, y in ((0.3, 0.3), (0.6, 0.3), (0.4, 0.75))
    ]
    digits.mouse.move(*at[0])
    digits.mouse.down()
    digits.mouse.move(*at[1], steps=6)
    digits.mouse.move(*at[2], steps=8)
    digits.mouse.up()
    digits.wait_for_function(
        "before => document.querySelector('#digits-board figure img').src !== before", arg=before
    )


def test_the_grid_has_the_error_that_python_gives(digits):
    digits.locator("#grid-network input").click()
    digits.get_by_role("option", name="dense-mnist").click()
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
    page.locator("#digits-board figure").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()
