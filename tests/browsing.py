"""What tests do with the page in a browser."""

import base64
import re
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 120_000
FINISHED = re.compile("^(Clean, in|去噪完成)")
DESKTOP, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}


def open_page(context, server):
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(server.url)
    page.locator(".stage .choose").first.wait_for()
    page.locator(".stage .examples img").first.wait_for()  # its script has begun
    return page


def finish(page):
    """Waits until the picture on the stage is clean."""
    page.locator(".stage .download").wait_for()
    page.locator(".stage .status").get_by_text(FINISHED).wait_for()


def phase(page):
    """Tells in what state the last picture of several is."""
    return page.locator(".strip button").last.get_attribute("class")


def press_paste(page, file):
    """Pastes a file, as from the clipboard."""
    content = base64.b64encode(Path(file).read_bytes()).decode()
    page.evaluate(
        """([content, name]) => {
          const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([bytes], name, { type: 'image/png' }));
          document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
        }""",
        [content, Path(file).name],
    )


LESSONS = ("Noise lab", "Digits", "Training", "The networks")


def open_tab(page, name):
    """Opens a tab, a lesson in the place Learn; what Gradio finds no room for waits in a menu."""
    if name in LESSONS:
        page.get_by_role("tab", name="Learn", exact=True).click()
    tab = page.get_by_role("tab", name=name, exact=True)
    menu = page.get_by_label("More tabs").locator("visible=true")
    tab.or_(menu).first.wait_for()
    if tab.is_visible():
        tab.click()
        return
    entry = page.locator(".overflow-dropdown").get_by_text(name, exact=True)
    for one in menu.all():  # of the page, and of the tabs within a tab
        one.click()
        if entry.is_visible():
            entry.click()
            return
        one.click()  # closes it
    raise AssertionError(f"There is no tab {name}.")


def upload(page, file, where=".stage"):
    if where == ".stage":  # its script must have begun
        page.locator(".stage .examples img").first.wait_for(state="attached")
    with page.expect_response(lambda answer: "/upload" in answer.url):
        page.locator(f"{where} input[type=file]").set_input_files(file)


def download(page, where=".stage .download"):
    with page.expect_download() as waiting:
        page.locator(where).click()
    return waiting.value


def bytes_of(downloaded) -> bytes:
    return Path(downloaded.path()).read_bytes()
