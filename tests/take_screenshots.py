"""Take the screenshots of every part of the page and draw the README's picture.

Run `python tests/take_screenshots.py`; `--pair` draws the picture only.

The names of languages want a font that has Chinese.
"""

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from browsing import CHROMIUM, FLAGS, finish, open_page, open_tab, upload
from conftest import running_server
from PIL import Image
from places import ROOT
from playwright.sync_api import Page, sync_playwright
from skimage import data

from denoise import Denoiser, Picture, add_noise, save_picture

DOCS = ROOT / "docs"
SIZE = {"width": 1440, "height": 1000}


def main() -> None:
    """Write docs/before-after.webp, and docs/<part>.webp for every part of the page."""
    draw_pair(DOCS / "before-after.webp")
    if "--pair" in sys.argv:
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder) / "server") as server,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = chromium.new_context(viewport=SIZE, color_scheme="light")
        page = open_page(context, server)
        for name, (file_name, prepare) in TABS.items():
            page.evaluate("window.scrollTo(0, 0)")
            open_tab(page, name)
            prepare(page, Path(folder))
            page.wait_for_timeout(1500)  # for what is drawn after it has come
            shot = Image.open(io.BytesIO(page.screenshot()))
            file = DOCS / f"{file_name}.webp"
            shot.save(file, "WEBP", quality=85, method=6)
            print(f"Wrote {file}.")  # noqa: T201
        chromium.close()


def draw_pair(file: Path) -> None:
    """Draw a detail of a photograph: noisy on the left, denoised on the right."""
    noisy = add_noise(data.chelsea(), "gaussian", 25 / 255, seed=0)
    detail = np.s_[20:276, 90:346]
    pair = np.hstack([noisy[detail], Denoiser()(noisy)[detail]])
    Image.fromarray(pair).save(file, "WEBP", quality=90, method=6)


def denoise(page: Page, folder: Path) -> None:
    """Denoises a photograph under noise of 25/255."""
    file = folder / "coffee.png"
    save_picture(Picture(add_noise(data.coffee(), "gaussian", 25 / 255)), file)
    upload(page, file)
    finish(page)
    page.wait_for_timeout(8000)  # for the pieces of the four ways


def spoil(page: Page, _: Path) -> None:
    """Waits for the denoised picture of the lab."""
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()


def code(page: Page, _: Path) -> None:
    """Waits for the figure, and points at the code."""
    page.locator("#digits-grid img").first.wait_for()
    page.locator("#digits-figure .tiles i").nth(33).hover()


def train(page: Page, _: Path) -> None:
    """Trains for some epochs, and shows what came of it."""
    page.locator("#train-epochs input[type=number]").fill("5")
    page.locator("#train-epochs input[type=number]").press("Enter")
    page.locator("#train").click()
    page.locator("#train-status").get_by_text("Done after").wait_for()


def show_card(page: Page, _: Path) -> None:
    """Waits for the card."""
    page.locator("#zoo-card h1").wait_for()


TABS = {
    "Clean": ("denoise", denoise),
    "Noise lab": ("noise-lab", spoil),
    "Digits": ("digits", code),
    "Training": ("train", train),
    "The networks": ("zoo", show_card),
}

if __name__ == "__main__":
    main()
