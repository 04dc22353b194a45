"""The page for every reader, in a browser: by keys alone, in two languages, light and dark, and in a narrow window."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import (
    FIRST,
    TITLES,
    Site,
    browsing,
    canvas,
    colour,
    drawn,
    endpoints,
    figure,
    first_offer,
    peaks,
    pixels,
    printed,
    recoloured,
    redrawn,
    settled,
)
from explore_cases import told
from playwright.sync_api import Page, expect

import pkpd

STATIC = Path(pkpd.__file__).parent / "app" / "static"
TEXTS: dict[str, dict[str, str]] = json.loads((STATIC / "texts.json").read_text("utf-8"))
HEADINGS = ("regimen", "patient", "model", "parameters", "pins", "endpoints", "downloads", "cohort")
NARROW = (360, 740)
# what has the focus: its tag, how it is told from others, and whether a line shows it
FOCUSED = """() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const label = element.labels && element.labels[0] ? element.labels[0].textContent : element.textContent;
  const name = (element.getAttribute("aria-label") || label).replace(/\\s+/g, " ").trim();
  return [element.tagName, element.type || "", name, outlineStyle !== "none" && parseFloat(outlineWidth) >= 1];
}"""
# in this order, with others between them
STOPS = (
    ("A", "Skip to the curves"),
    ("SELECT", "Theme"),
    ("BUTTON", "English"),
    ("SELECT", "Named schedule"),
    ("INPUT", "Dose"),
    ("TEXTAREA", "The schedule as text"),
    ("INPUT", "share of a subcutaneous dose that reaches plasma"),
    ("BUTTON", "fold of baseline"),
    ("FIGURE", "total plasma IL-2"),
    ("BUTTON", "Pin the current regimen"),
    ("INPUT", "none"),
    ("DIV", "Endpoints"),
    ("BUTTON", "Figure, PNG"),
    ("BUTTON", "Curves, CSV"),
    ("INPUT", "A CSV file of observations"),
)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with browsing() as found:
        yield found


def tabbed(page: Page) -> list[list[Any]]:
    """Everything that Tab reaches from the top of the page to its end."""
    found: list[list[Any]] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now[0] == "BODY":
            return found
        found.append(now)
    raise AssertionError("Tab never leaves the page")


def unnamed(page: Page) -> list[str]:
    """The roles of what takes the focus and tells no name to who cannot see it."""
    session = page.context.new_cdp_session(page)
    found = []
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        focusable = any(p["name"] == "focusable" and p["value"].get("value") for p in node.get("properties", ()))
        if focusable and not node.get("name", {}).get("value", "").strip():
            found.append(str(node["role"]["value"]))
    return found


def test_tab_reaches_everything_in_order_and_by_name(site: Site) -> None:
    with site.visit() as page:
        found = tabbed(page)
        assert [name for *_, name, shown in found if not shown] == []
        place = -1
        for tag, name in STOPS:
            places = [k for k, (own, _, said, _) in enumerate(found) if own == tag and said.startswith(name)]
            assert places and places[0] > place, (name, places, place)
            place = places[0]
        page.get_by_role("button", name="Pin the current regimen").click()
        assert unnamed(page) == []


def test_a_regimen_is_changed_pinned_and_read_by_keys_alone(site: Site) -> None:
    def tab_to(page: Page, tag: str, name: str) -> None:
        for _ in range(400):
            page.keyboard.press("Tab")
            own, _, said, _ = page.evaluate(FOCUSED)
            if own == tag and said.startswith(name):
                return
        raise AssertionError(f"Tab never comes to {name}")

    with site.visit() as page:
        tab_to(page, "SELECT", "Named schedule")
        with redrawn(page):
            page.keyboard.type("hao2020")
        page.keyboard.press("Shift+Tab")
        answer = told(FIRST | {"schedule": "hao2020"}, first_offer())
        assert peaks(page, "treg")[0][0] == printed(max(answer["curves"]["treg"]["values"]))
        page.locator("body").press("Home")
        page.evaluate("() => document.activeElement.blur()")
        tab_to(page, "A", "Skip to the curves")
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()
        tab_to(page, "FIGURE", "Treg in blood")
        page.keyboard.press("End")
        expect(figure(page, "treg")).to_contain_text("day 7 (cells/µL)")
        last = printed(answer["curves"]["treg"]["values"][-1])
        assert re.search(rf"day 7 \(cells/µL\)\s*{last:g}", figure(page, "treg").inner_text())
        tab_to(page, "BUTTON", "Pin the current regimen")
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 of 5 pinned")).to_be_visible()
        assert len(endpoints(page, 2)["Endpoint"]) == 2


def test_the_page_in_chinese(site: Site) -> None:
    with site.visit() as page:
        html, last = page.locator("html"), page.get_by_role("button", name="English")
        expect(html).to_have_attribute("lang", "en")
        page.get_by_role("button", name="中文").click()
        expect(html).to_have_attribute("lang", "zh-Hans")
        assert page.title() == TEXTS["page.title"]["zh"]
        for key in HEADINGS:
            expect(page.get_by_role("heading", name=TEXTS[f"{key}.title"]["zh"], exact=True).first).to_be_visible()
        seen = {line.strip() for line in page.locator("body").inner_text().splitlines()}
        seen |= set(page.locator("[aria-label]").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))"))
        seen |= set(page.locator("[title]").evaluate_all("all => all.map(e => e.title)"))
        english = {entry["en"] for entry in TEXTS.values() if entry["en"] != entry["zh"]}
        assert seen & english == set()
        assert seen & set(TEXTS) == set()
        assert TEXTS["regimen.amount"]["zh"] in seen

        page.reload()  # the choice is kept
        expect(html).to_have_attribute("lang", "zh-Hans")
        last.click()
        expect(page.get_by_role("heading", name="Regimen", exact=True)).to_be_visible()


def contrast(one: Any, other: Any) -> float:
    """The ratio of WCAG 2 for two colours of 0 to 255."""

    def light(rgb: Any) -> float:
        share = np.asarray(rgb) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def looks(page: Page) -> tuple[Any, Any]:
    """Text and ground of the page, after checks of what every theme must hold: text that can be read, and curves."""
    text = colour(page, page.locator("body").evaluate("element => getComputedStyle(element).color"))
    image = pixels(page.screenshot(full_page=True))
    codes, counts = np.unique(image[::5, ::5] @ [1 << 16, 1 << 8, 1], return_counts=True)
    ground = [int(codes[counts.argmax()]) >> shift & 255 for shift in (16, 8, 0)]
    assert contrast(text, ground) >= 4.5  # WCAG AA
    series = colour(page, page.locator("html").evaluate("e => getComputedStyle(e).getPropertyValue('--series-0')"))
    assert contrast(series, ground) >= 3  # WCAG AA for what is no text
    curve = np.abs(image - series).max(axis=2) < 16
    for output in TITLES:
        box = figure(page, output).locator("canvas").bounding_box()
        assert box
        left, top, width, height = (int(box[k]) for k in ("x", "y", "width", "height"))
        # a curve of 2 px across a panel of 300 px or more; at its edges it is mixed with the ground
        assert curve[top : top + height, left : left + width].sum() > 300, output
    return text, ground


def test_light_and_dark(site: Site) -> None:
    with site.visit() as page:
        html, theme = page.locator("html"), page.get_by_label("Theme")
        light, lines = looks(page), canvas(page, "treg")
        with recoloured(page):
            page.emulate_media(color_scheme="dark")
        dark = looks(page)
        assert sum(light[1]) > 600 > 200 > sum(dark[1]) and sum(light[0]) < 200 < 600 < sum(dark[0])
        with recoloured(page):
            theme.select_option(label="Light")
        assert canvas(page, "treg") == lines
        page.reload()  # the choice is kept
        settled(page)
        assert canvas(page, "treg") == lines
        expect(html).to_have_attribute("data-theme", "light")
        theme.select_option(label="System theme")
        expect(html).to_have_attribute("data-theme", "dark")


def test_a_narrow_window(site: Site) -> None:
    with site.visit(size=NARROW) as page:
        for output in TITLES:
            figure(page, output).scroll_into_view_if_needed()
            expect(figure(page, output)).to_be_in_viewport()
            box = figure(page, output).bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= NARROW[0]
        before = drawn(page)
        page.get_by_role("button", name="Pin the current regimen").click()
        # with everything opened
        for closed in page.locator("summary").all():
            if not closed.evaluate("summary => summary.parentElement.open"):
                closed.click()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= NARROW[0]
        page.get_by_label("Dose", exact=True).fill("2")
        settled(page, before)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= NARROW[0]
