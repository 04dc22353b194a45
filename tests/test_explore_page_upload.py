"""Files that the page takes and gives, in a browser: a cohort good and bad, and downloads that can be run again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import (
    FIRST,
    Site,
    browsing,
    canvas,
    dose,
    endpoints,
    first_offer,
    pixels,
    redrawn,
    schedule,
)
from commands import works
from explore_cases import told, values
from playwright.sync_api import Page, expect

import pkpd
from pkpd.app.cohort import MOST_BYTES
from pkpd.dosing.library import read_schedules

HEAD = "arm,regimen,id,output,form,day,value\n"
GOOD = f"{HEAD}low,1 MIU daily x2,P1,treg,count,0,30\nlow,1 MIU daily x2,P1,treg,count,4,61.5\n"
BIOAVAILABILITY = "share of a subcutaneous dose that reaches plasma"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with browsing() as found:
        yield found


def give(page: Page, name: str, data: str | bytes) -> None:
    """Choose a file."""
    content = data if isinstance(data, bytes) else data.encode()
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.get_by_label("A CSV file of observations").set_input_files([file])


def saved(page: Page, label: str, folder: Path) -> Path:
    """The file that a button of that name gives, under the name that it suggests."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label, exact=True).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_a_good_cohort_is_drawn_and_one_too_large_is_not_even_sent(site: Site) -> None:
    with site.visit() as page:
        key, plain, other = page.get_by_role("list", name="Key"), canvas(page, "treg"), canvas(page, "nk")
        give(page, "mine.csv", GOOD)
        expect(page.get_by_text("mine.csv: 2 of 2 rows are drawn.")).to_be_visible()
        expect(key).to_contain_text("low")
        assert canvas(page, "treg") != plain
        assert canvas(page, "nk") == other
        page.get_by_role("button", name="Remove the cohort").click()
        expect(key).not_to_contain_text("low")
        assert canvas(page, "treg") == plain

        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url))
        give(page, "large.csv", GOOD.encode() + b"\n" * MOST_BYTES)
        expect(page.get_by_text("large.csv has 2 MB; at most 2 MB can be read.")).to_be_visible()
        assert sent == []


def test_bad_rows_are_said_as_text_and_the_good_ones_stay(site: Site) -> None:
    evil = "<img src=x onerror=console.error(1)>"
    bad = f"low,1 MIU daily x2,P2,tregs,count,4,50\nlow,1 MIU daily x2,P3,treg,count,4,{evil}\n"
    with site.visit() as page:
        give(page, f"{evil}.csv", GOOD.replace("low", evil) + bad)
        expect(page.get_by_text(f"{evil}.csv: 2 of 2 rows are drawn.")).to_be_visible()
        expect(page.get_by_role("list", name="Key")).to_contain_text(evil)
        expect(page.get_by_text("Problems found: 2.")).to_be_visible()
        said = page.get_by_role("region", name="Observed cohort").get_by_role("listitem")
        expect(said.filter(has_text="line 4:")).to_contain_text("did you mean 'treg'?")
        expect(said.filter(has_text="line 5:")).to_contain_text(evil)
        assert page.locator("img").count() == 0


def test_a_file_mended_and_chosen_again(site: Site) -> None:
    with site.visit(wanted=["422 /api/cohort"]) as page:
        give(page, "mine.csv", "PK\x03\x04 and the rest of a workbook")
        region = page.get_by_role("region", name="Observed cohort")
        expect(region).to_contain_text("the file looks like a zip archive or an Excel workbook (.xlsx)")
        give(page, "mine.csv", GOOD)
        expect(page.get_by_text("mine.csv: 2 of 2 rows are drawn.")).to_be_visible()
        expect(region).not_to_contain_text("Excel workbook (.xlsx)")
        with redrawn(page):
            dose(page).fill("2")
        expect(page.get_by_text("Its patients had another regimen than the current one:")).to_be_visible()
        with redrawn(page):
            page.get_by_role("button", name="Make 1 MIU daily x2 current").click()
        expect(schedule(page)).to_have_value("1 MIU daily x2")


def test_downloads_are_what_the_page_shows_and_its_commands_write_them_again(site: Site, here: Path) -> None:
    changed = {"schedule": "0.5 MIU daily x2", "changes": {"sc_bioavailability": "0.5"}}
    with site.visit() as page:
        page.get_by_role("button", name="Pin the current regimen").click()
        with redrawn(page):
            dose(page).fill("0.5")
        with redrawn(page):
            page.get_by_role("spinbutton", name=BIOAVAILABILITY).fill("0.5")
        command = page.get_by_label("The command that writes the same numbers").inner_text()
        table, script = saved(page, "Curves, CSV", here), saved(page, "Commands", here)
        given, parameters = saved(page, "Schedule, TOML", here), saved(page, "Parameters, TOML", here)
        picture, numbers = saved(page, "Figure, PNG", here), saved(page, "Endpoints, CSV", here)
        columns = len(endpoints(page)["Endpoint"])

    wanted = table.read_bytes()
    table.unlink()
    assert shlex.split(command)[:2] == ["pkpd", "simulate"]
    works(*shlex.split(command)[1:])
    assert table.read_bytes() == wanted
    lines = [shlex.split(line) for line in script.read_text("utf-8").splitlines() if line.startswith("pkpd ")]
    assert len(lines) == columns == 2
    for line in lines:
        works(*line[1:])
    assert (here / "table_1.csv").read_bytes() == wanted != (here / "table_2.csv").read_bytes()

    (named,) = read_schedules(given)
    assert pkpd.load_schedule(f"{given.name}:{named}").text == pkpd.load_schedule("0.5 MIU daily x2").text
    assert pkpd.load_parameters(str(parameters))["sc_bioavailability"].value == 0.5
    image = pixels(picture.read_bytes())
    assert picture.read_bytes().startswith(b"\x89PNG") and min(image.shape[:2]) > 400 and image.std() > 5
    found = numbers.read_text("utf-8")
    for ask in (changed, {}):
        assert f"{values(told(FIRST | ask, first_offer()))['treg.peak']:.10g}" in found


def test_a_download_that_fails_is_said(site: Site) -> None:
    with site.visit(wanted=["ERR_FAILED /api/download/table.csv"]) as page:
        page.route("**/api/download/*", lambda route: route.abort())
        page.get_by_role("button", name="Curves, CSV").click()
        alert = page.get_by_role("alert")
        expect(alert).to_have_text("table.csv was not written: the server did not answer")
        page.unroute("**/api/download/*")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Curves, CSV").click()
        assert waiting.value.suggested_filename == "table.csv"
        expect(alert).to_be_hidden()


def test_a_band_has_a_file_once_it_is_drawn(site: Site, here: Path) -> None:
    with site.visit() as page:
        button = page.get_by_role("button", name="Shaded range, CSV")
        expect(button).to_be_disabled()
        page.get_by_label("uncertainty of the parameters").check()
        expect(page.get_by_text("Shaded: the middle 90 %")).to_be_visible()
        path = saved(page, "Shaded range, CSV", here)
        *_, command = page.get_by_label("The command that writes the same numbers").inner_text().splitlines()
    wanted = path.read_bytes()
    path.unlink()
    works(*shlex.split(command)[1:])
    assert path.read_bytes() == wanted
