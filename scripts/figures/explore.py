"""Takes the README's picture of the page: the index trial's regimen beside a weaker one, with the band of the draws.

It needs chromium, and `pip install starlette uvicorn playwright`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent / "explore.png"
COMMAND = (sys.executable, "-m", "pkpd", "explore", "he2020", "--no-browser", "--port", "0", "--language", "en")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def main() -> None:
    """Start the page's server, open it as a reader would, and write the picture beside this script."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+", line)))
            FILE.write_bytes(picture(address))
        finally:
            server.terminate()
    print(FILE)


def picture(address: str) -> bytes:
    """The page with half the dose pinned and the uncertainty shaded, as PNG."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser: Any = started.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1360, "height": 1120}, color_scheme="light")
        page.goto(address)
        dose = page.get_by_label("Dose", exact=True)
        dose.fill("0.5")
        page.get_by_text("10.5 MIU over 84 days").wait_for()
        page.get_by_role("button", name="Pin the current regimen").click()
        dose.fill("1")
        page.get_by_text("21 MIU over 84 days").wait_for()
        page.get_by_label("uncertainty of the parameters").check()
        page.get_by_text("5 to 95 % of").first.wait_for()
        page.evaluate("window.scrollTo(0, 0)")
        page.wait_for_timeout(1500)  # drawn, and nothing moves any more
        image: bytes = page.screenshot()
        browser.close()
    return image


if __name__ == "__main__":
    main()
