"""The content security policy in a real Chromium: the page runs its own scripts and no others."""

import re

import pytest
from browsing import DESKTOP, WAIT_MS, open_tab

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NOTE = """
window.violations = [];
addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective));
"""
LINK = """
document.body.insertAdjacentHTML('beforeend', `<a id="probe" href="javascript:window.ran = true"
  style="position: fixed; top: 0; left: 0; z-index: 9999">probe</a>`)
"""


@pytest.fixture
def page(browser, server):
    """A page that notes what its policy forbids."""
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script(NOTE)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


@pytest.mark.parametrize("language", ["", "zh"])
def test_a_link_runs_no_script(page, server, language):
    page.goto(f"{server.url}/{language}")
    page.locator(".stage .choose").first.wait_for()
    page.evaluate(LINK)
    page.locator("#probe").click()
    page.wait_for_function("violations.length")
    assert page.evaluate("violations") == ["script-src-elem"]
    assert page.evaluate("window.ran") is None


def test_the_policy_forbids_nothing_that_the_page_does(page, server):
    page.goto(f"{server.url}/?tab=lab")
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    open_tab(page, "Removed")
    page.locator(".vega-embed canvas").first.wait_for()
    open_tab(page, "Digits")
    page.locator("#drawing canvas").wait_for()
    page.locator("#digits-figure img").first.wait_for()
    for name in ("Training", "The networks", "Clean"):
        open_tab(page, name)
    page.locator(".stage .choose").first.wait_for()
    page.get_by_role("button", name="Use via API").click()
    page.locator(".api-docs").get_by_text("cURL", exact=True).click()
    page.locator(".api-docs pre").locator("visible=true").first.wait_for()
    assert page.evaluate("violations") == []


def test_the_page_works_in_a_frame(page, server):
    page.goto(f"{server.url}/healthz")
    page.evaluate('document.body.innerHTML = \'<iframe src="/?tab=lab" style="height: 900px">\'')
    frame = page.frame_locator("iframe")
    frame.locator("#denoised-words").get_by_text("SSIM").wait_for()
    inside = page.frames[1]
    assert re.search(r"\?tab=lab", inside.url)
    assert inside.evaluate("violations") == []
