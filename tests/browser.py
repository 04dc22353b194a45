"""The page of `pkpd explore` in a real browser: opened, watched for every complaint, read as a reader would read it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from explore_server import serving
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from pkpd.app.listen import LOOPBACK
from pkpd.app.offered import Offer, offer
from pkpd.app.server import application

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
MILLISECONDS = 20_000  # a page that says nothing for so long hangs, also on a busy machine
WIDE = (1280, 900)
# what the page opens with in these tests: quick, and with all five panels
FIRST = {"schedule": "1 MIU daily x2", "days": "7"}
TITLES = {
    "il2": "total plasma IL-2",
    "treg": "Treg in blood",
    "nk": "NK cells in blood",
    "cd56bright": "CD56bright NK cells in blood",
    "eosinophils": "eosinophils in blood, relative to baseline",
}
_NETWORK = re.compile(r"Failed to load resource: (?:the server responded with a status of|net::) ?(\w+)")
_PEAK = re.compile(r": peak (\S+)(?: \S+)? on day (\S+?)\.(?= |$)")

expect.set_options(timeout=MILLISECONDS)


def first_offer() -> Offer:
    """What the server of these tests offers."""
    return offer(schedule=FIRST["schedule"], days=FIRST["days"])


@dataclass(frozen=True, slots=True)
class Site:
    """A server and a browser for it."""

    context: BrowserContext
    address: str

    @contextmanager
    def blank(self, wanted: Sequence[str] = (), size: tuple[int, int] = WIDE) -> Iterator[Page]:
        """An empty page. At the end it must have complained of exactly what is `wanted` ("422 /api/simulate"), and have
        asked nothing of any other machine.
        """
        page = self.context.new_page()
        page.set_default_timeout(MILLISECONDS)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        faults: list[str] = []
        page.on("console", lambda message: faults.extend(_complaint(message)))
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on("request", lambda request: faults.extend(self._foreign(request.url)))
        try:
            yield page
        finally:
            if page.url.startswith(self.address):
                page.evaluate("() => localStorage.clear()")
            page.close()
        assert set(faults) == set(wanted)

    @contextmanager
    def visit(self, hash: str = "", wanted: Sequence[str] = (), size: tuple[int, int] = WIDE) -> Iterator[Page]:
        """The page, drawn."""
        with self.blank(wanted, size) as page:
            page.goto(self.address + hash)
            settled(page)
            yield page

    def _foreign(self, url: str) -> list[str]:
        own = url.startswith((self.address, "data:", f"blob:{self.address}"))
        return [] if own else [f"request to {url}"]


def _complaint(message: ConsoleMessage) -> list[str]:
    """A complaint on the console as text; an answer that failed as its status and path."""
    if message.type not in ("error", "warning"):
        return []
    failed = _NETWORK.match(message.text)
    return [f"{failed[1]} {urlsplit(message.location['url']).path}" if failed else f"{message.type}: {message.text}"]


@contextmanager
def browsing() -> Iterator[Site]:
    """One server and one browser, which must end before other tests run: its loop runs in this thread."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium: apt-get install chromium")
    with serving(application(first_offer(), LOOPBACK)) as port, sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield Site(browser.new_context(locale="en-US", color_scheme="light"), f"http://127.0.0.1:{port}/")
        finally:
            browser.close()


# --- waiting


def settled(page: Page, before: str | None = None) -> None:
    """Wait until a picture other than number `before` is drawn and nothing more is awaited."""
    other = "" if before is None else f":not([data-drawn='{before}'])"
    page.locator(f"html[data-drawn]{other} main[aria-busy='false']").wait_for()


def drawn(page: Page) -> str:
    """The number of the picture."""
    return page.locator("html").get_attribute("data-drawn") or ""


@contextmanager
def redrawn(page: Page) -> Iterator[None]:
    """A block that changes the question; after it the new picture is there."""
    before = drawn(page)
    yield
    settled(page, before)


@contextmanager
def recoloured(page: Page) -> Iterator[None]:
    """A block that changes the colours; after it the curves have theirs."""
    before = canvas(page, "treg")
    yield
    for _ in range(MILLISECONDS // 20):
        if canvas(page, "treg") != before:
            return
        page.wait_for_timeout(20)
    raise AssertionError("the curves keep their colours")


# --- reading


def dose(page: Page) -> Locator:
    """The field of the dose."""
    return page.get_by_label("Dose", exact=True)


def schedule(page: Page) -> Locator:
    """The field of the schedule's text."""
    return page.get_by_label("The schedule as text")


def figure(page: Page, output: str) -> Locator:
    """The panel of an output."""
    return page.get_by_role("figure").filter(has_text=re.compile(f"^{re.escape(TITLES[output])}"))


def peaks(page: Page, output: str) -> list[tuple[float, float]]:
    """Peak and day of every regimen in a panel, the current one first, as they are said to who cannot see them."""
    said = page.locator(f"#{figure(page, output).get_attribute('aria-describedby')}").text_content() or ""
    return [(float(value), float(day)) for value, day in _PEAK.findall(said)]


def endpoints(page: Page, regimens: int = 0) -> dict[str, list[str]]:
    """The cells of the endpoint table by its groups and rows ("Treg in blood: highest count cells/µL"), once it has a
    column for each of so many regimens, whose answers come in any order.
    """
    if regimens:
        heads = page.get_by_role("region", name="Endpoints").locator("thead th")
        expect(heads).to_have_count(regimens + 1)
    read = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()))"
    found, group = {}, ""
    for head, *cells in page.get_by_role("region", name="Endpoints").locator("tr").evaluate_all(read):
        if cells:
            found[f"{group}: {head}".removeprefix(": ")] = cells
        else:
            group = head
    return found


def number(cell: str) -> float:
    """The number that a cell begins with."""
    return float(cell.split()[0])


def printed(value: float) -> float:
    """A number as the page prints it: three digits, and no fewer than there are before the point."""
    return float(round(value) if abs(value) >= 1000 else f"{value:.3g}")


def canvas(page: Page, output: str) -> str:
    """The picture of a panel, the same text for the same pixels."""
    found: str = figure(page, output).locator("canvas").evaluate("canvas => canvas.toDataURL()")
    return found


def pixels(image: bytes) -> NDArray[np.int_]:
    """A screenshot as height x width x 3, 0 to 255."""
    return np.asarray(Image.open(BytesIO(image)).convert("RGB")).astype(int)


def colour(page: Page, text: str) -> Any:
    """A colour of CSS as red, green and blue."""
    read = """text => {
      const context = new OffscreenCanvas(1, 1).getContext("2d");
      context.fillStyle = text;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }"""
    return page.evaluate(read, text)
