"""The page in a browser: what is asked, what is drawn and what the table says are the package's own numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import numpy as np
import pytest
from browser import (
    FIRST,
    TITLES,
    Site,
    browsing,
    canvas,
    dose,
    drawn,
    endpoints,
    figure,
    first_offer,
    number,
    peaks,
    printed,
    redrawn,
    schedule,
)
from explore_cases import told, values
from playwright.sync_api import Page, expect

import pkpd
from pkpd.app.ranges import ranges

CMAX = "total plasma IL-2: peak level, first dose pM"
TREG = "Treg in blood: highest count cells/µL"
# rows of the table and the ids of their numbers
ROWS = {
    "Doses: total given MIU": "total_given",
    CMAX: "il2.cmax.first",
    TREG: "treg.peak",
    "NK cells in blood: highest fold of baseline": "nk.peak_fold",
    "eosinophils in blood, relative to baseline: fold of baseline at the end": "eosinophils.end_fold",
}
# without these only clearance in proportion to the level is left
LINEAR = dict.fromkeys(("treg_uptake", "nk_uptake", "other_uptake"), "0 L/h")
# kind of band: its name on the page, and what it is made of
BANDS = {
    "uncertainty": ("uncertainty of the parameters", "draws of the parameters"),
    "population": ("differences between patients", "virtual patients"),
}
FIVE_MINUTES = np.arange(24 * 12 + 1) / (24 * 12)  # of the first day
BIOAVAILABILITY = "share of a subcutaneous dose that reaches plasma"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with browsing() as found:
        yield found


def peak(text: str, **changes: str) -> float:
    """The peak of IL-2 in pM after the first dose, by the package alone."""
    own = pkpd.default_parameters("il2").set(**changes)
    return float(pkpd.simulate(text, "il2", own, times=FIVE_MINUTES)["il2"].max())


def agrees(page: Page, *asks: dict[str, object]) -> None:
    """Every column of the table and every curve is that of its ask, to the digits shown."""
    found = endpoints(page, len(asks))
    answers = [told(FIRST | ask, first_offer()) for ask in asks]
    for row, name in ROWS.items():
        assert [number(cell) for cell in found[row]] == [printed(values(answer)[name]) for answer in answers], row
    for output in TITLES:
        wanted = [answer["curves"][output]["values"] for answer in answers]
        assert [value for value, _ in peaks(page, output)] == [printed(max(curve)) for curve in wanted], output


def test_load(site: Site) -> None:
    with site.blank() as page:
        failed: list[str] = []
        page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
        page.goto(site.address)
        page.locator("html[data-drawn='1']").wait_for()
        assert page.title() == "pkpd: low-dose IL-2 schedules"
        assert page.get_by_role("figure").count() == len(TITLES)
        for output in TITLES:
            expect(figure(page, output)).to_be_visible()
            assert len(peaks(page, output)) == 1
        agrees(page, {})
        assert failed == []


def test_a_dose_typed_in_the_builder_moves_the_peak_as_the_model_says(site: Site) -> None:
    with site.visit() as page:
        assert number(endpoints(page)[CMAX][0]) == printed(peak("1 MIU sc daily x2"))
        dose(page).focus()
        with redrawn(page):
            page.keyboard.press("Control+A")
            page.keyboard.type("0.5")
        assert re.fullmatch(r"0\.5 MIU( sc)? (daily|every 1d) x2", schedule(page).input_value())
        half = peak("0.5 MIU sc daily x2")
        assert number(endpoints(page)[CMAX][0]) == printed(half)
        # half of the dose gives less than half of the peak, since uptake saturates
        assert half < 0.49 * peak("1 MIU sc daily x2")
        agrees(page, {"schedule": "0.5 MIU daily x2"})


def test_without_uptake_half_of_the_dose_is_half_of_the_peak(site: Site) -> None:
    changed = {f"p.{name}": text for name, text in LINEAR.items()}
    # soluble CD25 holds IL-2 back and saturates as well; endogenous IL-2 is there without a dose
    changed |= {"p.scd25_baseline": "0 pM", "p.endogenous_il2": "0 pM"}
    with site.visit("#" + urlencode(changed)) as page:
        whole = number(endpoints(page)[CMAX][0])
        with redrawn(page):
            dose(page).fill("0.5")
        # three digits of each
        assert number(endpoints(page)[CMAX][0]) == pytest.approx(whole / 2, rel=1e-2)
        assert whole == pytest.approx(peak("1 MIU sc daily x2", **LINEAR, scd25_baseline="0 pM"), rel=1e-2)


def test_a_slider_moved_by_keys(site: Site) -> None:
    with site.visit() as page:
        slider = page.get_by_role("slider", name=BIOAVAILABILITY)
        field = page.get_by_role("spinbutton", name=BIOAVAILABILITY)
        first = float(field.input_value())
        slider.focus()
        with redrawn(page):
            for _ in range(10):
                page.keyboard.press("ArrowRight")
        moved = field.input_value()
        assert float(moved) > 1.02 * first
        agrees(page, {"changes": {"sc_bioavailability": moved}})
        assert number(endpoints(page)[CMAX][0]) == printed(peak("1 MIU daily x2", sc_bioavailability=moved))
        with redrawn(page):
            page.get_by_role("button", name="Reset sc_bioavailability").click()
        assert float(field.input_value()) == first
        agrees(page, {})


def test_a_value_outside_the_bounds_is_marked(site: Site) -> None:
    declared = pkpd.default_parameters("il2")["treg_ec50"]
    high = declared.bounds[1]
    with site.visit() as page:
        field = page.get_by_role("spinbutton", name="free IL-2 that half occupies the receptors of a resting Treg")
        with redrawn(page):
            field.fill(f"{high * 2:g}")
        expect(field).to_have_accessible_description(re.compile(r"Outside the plausible bounds .+ to "))
        expect(page.get_by_text(re.compile(f"treg_ec50 = {high * 2:g} pM lies outside its bounds"))).to_be_visible()
        agrees(page, {"changes": {"treg_ec50": f"{high * 2:g} pM"}})
        with redrawn(page):
            field.fill(f"{high:g}")
        expect(field).to_have_accessible_description("")


def test_two_pins_beside_the_current_regimen(site: Site) -> None:
    one, half, two = ({"schedule": f"{amount} MIU daily x2"} for amount in ("1", "0.5", "2"))
    with site.visit() as page:
        pin, pins = page.get_by_role("button", name="Pin the current regimen"), page.get_by_label("Name of the pinned")
        pin.click()
        for ask in (half, two):
            with redrawn(page):
                schedule(page).fill(ask["schedule"])
            if ask is half:
                pin.click()
        agrees(page, two, one, half)
        key = page.get_by_role("list", name="Key")
        expect(key.get_by_role("listitem").filter(has_text="1 MIU daily x2")).to_have_count(1)

        pins.first.fill("full dose")
        pins.first.press("Tab")
        expect(key).to_contain_text("full dose")
        head = endpoints(page)["Endpoint"]
        assert head == ["current", "full dose", half["schedule"]]

        with redrawn(page):
            page.get_by_role("button", name="Make full dose current").click()
        expect(schedule(page)).to_have_value(one["schedule"])
        agrees(page, one, one, half)

        page.get_by_role("button", name="Remove full dose").click()
        expect(pins).to_have_count(1)
        agrees(page, one, half)


def test_bands(site: Site) -> None:
    with site.visit() as page:
        key, plain = page.get_by_role("list", name="Key"), {output: canvas(page, output) for output in TITLES}
        for kind, (label, behind) in BANDS.items():
            asked = {"ask": FIRST, "kind": kind, "patients": 200, "seed": 1}
            count = ranges(asked, first_offer())["count"]
            page.get_by_label(label).check()
            expect(page.get_by_text(f"Shaded: the middle 90 % of {count} {behind} (5 to 95 %).")).to_be_visible()
            expect(key).to_contain_text(f"5 to 95 % of {count} {behind}")
            for output in TITLES:
                assert canvas(page, output) != plain[output], output
        page.get_by_label("none", exact=True).check()
        expect(key).not_to_contain_text("%")
        assert {output: canvas(page, output) for output in TITLES} == plain


def test_a_wrong_schedule_is_said_beside_its_field(site: Site) -> None:
    with site.visit(wanted=["422 /api/simulate"]) as page:
        before, number_of_picture = endpoints(page), drawn(page)
        field = schedule(page)
        field.fill("1 MUI daily x2")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(
            "'MUI' is not the unit of a dose; did you mean 'MIU'? (character 1 of the schedule)"
        )
        expect(page.get_by_text("The curves show the last regimen that could be simulated.").first).to_be_visible()
        assert (endpoints(page), drawn(page)) == (before, number_of_picture)
        with redrawn(page):
            field.fill("2 MIU daily x2")
        expect(field).not_to_have_attribute("aria-invalid", "true")
        agrees(page, {"schedule": "2 MIU daily x2"})


def test_a_server_that_is_gone_and_comes_back(site: Site) -> None:
    with site.visit(wanted=["ERR_FAILED /api/simulate"]) as page:
        gone = page.get_by_text("The pkpd server does not answer.")
        page.route("**/api/simulate", lambda route: route.abort())
        dose(page).fill("2")
        expect(gone).to_be_visible()
        page.unroute("**/api/simulate")
        with redrawn(page):
            page.get_by_role("button", name="Try again").click()
        expect(gone).to_be_hidden()
        agrees(page, {"schedule": "2 MIU daily x2"})


def test_the_address_keeps_what_is_asked(site: Site) -> None:
    with site.visit() as page:
        page.get_by_role("button", name="Pin the current regimen").click()
        with redrawn(page):
            schedule(page).fill("2 MIU every 2d x3")
            page.get_by_role("spinbutton", name=BIOAVAILABILITY).fill("0.5")
        page.get_by_role("button", name="logarithmic").click()
        page.wait_for_url(re.compile(r"#.*log=1"))
        page.reload()
        expect(page.get_by_role("status").filter(has_text="1 of 5 pinned")).to_be_visible()
        expect(schedule(page)).to_have_value("2 MIU every 2d x3")
        expect(page.get_by_role("button", name="logarithmic")).to_have_attribute("aria-pressed", "true")
        agrees(page, {"schedule": "2 MIU every 2d x3", "changes": {"sc_bioavailability": "0.5"}}, {})


@pytest.mark.parametrize(
    ("hash", "said", "wanted"),
    [
        ("#schedule=1+MUI+once", "did you mean 'MIU'?", ["422 /api/simulate"]),
        ("#model=il3", "il2", ["422 /api/model"]),
        ("#nonsense=1", "nonsense", []),
    ],
)
def test_a_broken_address_is_said_and_the_start_is_shown(hash: str, said: str, wanted: list[str], site: Site) -> None:
    with site.visit(hash, wanted) as page:
        message = page.get_by_text("The address of this page could not be read in full, so the start is shown:")
        expect(message).to_contain_text(said)
        agrees(page, {})


def test_text_from_outside_stays_text(site: Site) -> None:
    evil = "<img src=x onerror=console.error(1)>"
    pinned = urlencode({"schedule": "2 MIU once", "label": evil})
    with site.visit("#" + urlencode({"pin": pinned})) as page:
        expect(page.get_by_role("list", name="Key")).to_contain_text(evil)
        assert endpoints(page, 2)["Endpoint"] == ["current", evil]
        expect(page.get_by_role("button", name=f"Remove {evil}")).to_be_visible()
        assert page.locator("img").count() == 0
    with site.visit("#" + urlencode({evil: "1"})) as page:
        expect(page.get_by_text("The address of this page could not be read")).to_contain_text(evil)
        assert page.locator("img").count() == 0
