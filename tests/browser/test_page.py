"""The page as a whole in a real Chromium: every place of it, on a phone and by keyboard."""

import pytest
from browsing import PHONE, open_page, open_tab

pytestmark = [pytest.mark.browser, pytest.mark.slow]


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


def test_the_first_tab_stop_skips_the_header(page):
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the contents")
    assert skip.evaluate("one => one === document.activeElement")
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#places")


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
