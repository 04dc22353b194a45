"""Rules in a population: who follows them, what is written, and the same doses again from the log alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from commands import pkpd, record, refused, rows, works
from matplotlib.figure import Figure

from pkpd import load_study
from pkpd.errors import PkpdError
from pkpd.output.plots.adaptive import ruling_figures
from pkpd.trials.adaptive.log import COLUMNS
from pkpd.trials.population.population import Population, population
from pkpd.trials.population.record import RULED, csv_files
from pkpd.trials.population.subject import subject
from pkpd.trials.run import Options

HOLD = "if eosinophils_fold > 1.6 at visit: hold until < 1.3"
REDUCE = "if treg_fold > 2 at visit 12: reduce by 50 %"
DAYS = (4.0, 8.0, 12.0, 32.0)
VISITS = "4,8,12,32"
ARGUMENTS = ("population", "he2020", "--patients", "12", "--days", "42", "--draws", "2", "--no-figures")
RULES = ("--rule", HOLD, "--rule", REDUCE, "--visits", VISITS)
SHORT = Options(days=Fraction(42))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("rules") / "out"
    return folder, works(*ARGUMENTS, *RULES, "--output", str(folder))


@pytest.fixture(scope="module")
def found() -> Population:
    return population("he2020", 12, options=SHORT, draw_count=2, rules=[HOLD, REDUCE], visits=DAYS, threads=1)


@pytest.fixture(scope="module")
def plain() -> Population:
    return population("he2020", 12, options=SHORT, draw_count=2, threads=1)


def test_the_log_gives_the_same_bytes_again(done: tuple[Path, str], here: Path) -> None:
    works(*ARGUMENTS, "--events", str(done[0] / "events.csv"), "--output", "again")
    names = {path.name for path in done[0].iterdir()} - {"run.json", "report.txt"}
    assert names >= {"bands.csv", "endpoints.csv", *RULED}
    for name in names:
        assert (here / "again" / name).read_bytes() == (done[0] / name).read_bytes(), name
    # and once more, from what the replay wrote
    works(*ARGUMENTS, "--visits", VISITS, "--events", "again/events.csv", "--output", "third", "--threads", "1")
    assert (here / "third" / "bands.csv").read_bytes() == (done[0] / "bands.csv").read_bytes()


def test_the_log_decides_and_not_the_rules(done: tuple[Path, str], here: Path) -> None:
    copied(done[0], here / "other", lambda lines: lines[:1])
    works(*ARGUMENTS, "--events", "other/events.csv", "--output", "none")
    assert {r["share"] for r in rows(here / "none" / "doses.csv")} == {"1"}
    low = {r["low"] for r in rows(here / "none" / "summary.csv") if r["quantity"] == "il2_given" and r["arm"] == "il2"}
    assert any(float(value) < 14 for value in low)  # around draws the rules of run.json act: fewer than 14 doses


def test_workers_make_no_difference(found: Population, done: tuple[Path, str]) -> None:
    for name, data in csv_files(found).items():
        assert data == (done[0] / name).read_bytes(), name


def test_rules_change_the_arm_with_doses_alone(found: Population, plain: Population) -> None:
    assert [arm.ruling is not None for arm in found.arms] == [True, False]
    assert np.array_equal(found.arms[1].endpoints, plain.arms[1].endpoints, equal_nan=True)
    k = plain.arms[0].names.index("il2_given")
    given, planned = found.arms[0].endpoints[:, k], plain.arms[0].endpoints[:, k]
    assert (given <= planned).all() and (given < planned).sum() >= 3
    # patients around draws follow the same rules
    assert found.arms[0].low[1, k] < plain.arms[0].low[1, k]


def test_endpoints_are_of_the_doses_written(found: Population, done: tuple[Path, str]) -> None:
    total = dict.fromkeys(range(1, 13), 0.0)
    for row in rows(done[0] / "doses.csv"):
        assert float(row["amount"]) == float(row["share"])  # 1 MIU as prescribed
        assert (row["status"] in ("held", "stopped")) == (float(row["share"]) == 0)
        total[int(row["id"])] += float(row["amount"])
    own = {int(r["id"]): r["value"] for r in rows(done[0] / "endpoints.csv") if r["quantity"] == "il2_given"}
    shown = {
        int(r["id"]): float(r["value"])
        for r in rows(done[0] / "endpoints.csv")
        if (r["arm"], r["quantity"]) == ("il2", "il2_given")
    }
    assert own.keys() == shown.keys() and shown == pytest.approx(total, rel=1e-9)  # ten digits are written


def test_levels_of_the_log_are_those_of_the_model(found: Population) -> None:
    ruling = found.arms[0].ruling
    assert ruling and ruling.log.visits == DAYS
    days = ruling.days.tolist()
    for event in ruling.log.events:
        value = ruling.values[event.id, ruling.watched.index(event.output), days.index(event.day)]
        assert event.level == pytest.approx(value, rel=1e-12)  # the same row, written twice


def test_the_record_holds_rules_and_visits(done: tuple[Path, str]) -> None:
    own = record(done[0] / "run.json")
    assert own["rules"] == {"il2": {"rules": [HOLD, REDUCE], "visits": list(DAYS)}}
    assert own["replayed"] is False and {*RULED} <= {*own["tables"]}


def test_report_says_what_the_table_says(done: tuple[Path, str]) -> None:
    table = {(r["quantity"], r["statistic"]): r["value"] for r in rows(done[0] / "rules.csv")}
    assert f"rule 1: {HOLD}\n" in done[1]
    assert "Decided at visits, before the doses of that time: days 4, 8, 12, 32." in done[1]
    for name in ("held", "reduced", "raised", "stopped"):
        shown = re.search(rf"^{name} +(\d+) +(\d+) ", done[1], re.MULTILINE)
        assert shown and list(shown.groups()) == [table[name, "decided"], table[name, "dose changed"]]
    shown = re.search(r"^IL-2 given, of the plan +(\S+) +(\S+) +(\S+)$", done[1], re.MULTILINE)
    assert shown
    expected = [float(table["il2_share", statistic]) for statistic in ("p05", "p50", "p95")]
    assert [float(v) for v in shown.groups()] == pytest.approx(expected, rel=5e-3)  # three digits
    assert float(table["days_held", "p50"]) > 0


def test_standing_counts_everybody(done: tuple[Path, str]) -> None:
    counts: dict[str, int] = {}
    for row in rows(done[0] / "standing.csv"):
        counts[row["time"]] = counts.get(row["time"], 0) + int(row["patients"])
    assert set(counts.values()) == {12} and len(counts) > 3


def test_figures_draw_the_tables(found: Population) -> None:
    figures = ruling_figures(found.rulings)
    assert list(figures) == ["rules", "rules_patients"]
    ruling = found.rulings[0]
    own = [[r[4] for r in ruling.levels().rows() if r[2:4] == ("eosinophils_fold", n)] for n in ("p50", "patient 1")]
    drawn = [list(line.get_ydata()) for line in figures["rules"].axes[0].lines]
    assert all(values in drawn for values in own if values) and own[0]
    titles = [axes.get_title("left") for axes in figures["rules_patients"].axes]
    assert titles == [f"patient {p.number}" for p in ruling.shown("eosinophils_fold").patients]
    for figure in figures.values():
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()


def test_an_output_without_a_band_is_simulated() -> None:
    found = population(
        "1 MIU daily x14",
        3,
        draws=None,
        options=Options(days=Fraction(21)),
        rules=["if nk_percent_lymphocytes > 0.1 at visit: hold for 3d"],
    )
    ruling = found.rulings[0]
    assert "nk_percent_lymphocytes" not in found.arms[0].outputs and ruling.watched == ("nk_percent_lymphocytes",)
    assert ruling.log.visits == (7, 14, 21)  # weekly
    assert {(e.id, e.day) for e in ruling.log.events if e.action == "hold"} >= {(0, 7), (1, 7), (2, 7)}
    assert found.arms[0].endpoints[:, found.arms[0].names.index("injections")].tolist() == [11] * 3


def study_file(folder: Path, rules: str) -> Path:
    path = folder / "small.toml"
    head = 'kind = "study"\nname = "small"\nmeaning = "small"\ndays = 14\nvisits = [0, 4, 8]\n'
    path.write_text(
        head + f'[arms.a]\nschedule = "1 MIU daily x10"\nrules = ["{rules}"]\n[arms.b]\nschedule = "1 MIU once"\n'
    )
    return path


def test_rules_of_an_arm(here: Path) -> None:
    path = study_file(here, "if treg_fold > 1.1 at visit: stop")
    few = {"patients": 3, "draws": None, "threads": 1}
    own = population(str(path), **few)  # type: ignore[arg-type]
    assert [r.log.arm for r in own.rulings] == ["a"] and {e.action for e in own.rulings[0].log.events} == {"stop"}
    both = population(str(path), rules=[HOLD], **few)  # type: ignore[arg-type]
    assert [len(r.ruled.rules) for r in both.rulings] == [2, 1]
    assert not population(str(path), arm_rules=False, **few).rulings  # type: ignore[arg-type]
    assert not subject(load_study(path)).run.notes


def test_other_commands_say_that_rules_are_not_followed(here: Path) -> None:
    study_file(here, "if treg_fold > 1.1 at visit: stop")
    said = pkpd("run", "small.toml", "--no-figures", "--output", "out")
    assert said.status == 0
    assert "note: arm a: its rules need patients: pkpd population and pkpd trial follow them" in said.err
    assert "a study of 2 arms" in works("check", "small.toml")
    study_file(here, "if treg_fold > 1.1 at visit: stpo")
    assert "small.toml, arm a: rule 1: in the rule, 'stpo'" in pkpd("check", "small.toml").err


def copied(source: Path, folder: Path, change: Callable[[list[list[str]]], list[list[str]]]) -> Path:
    """The log and record of a population in another folder, with its lines changed."""
    folder.mkdir()
    (folder / "run.json").write_bytes((source / "run.json").read_bytes())
    with (source / "events.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    with (folder / "events.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(change(lines))
    return folder / "events.csv"


def with_cell(column: str, text: str) -> Callable[[list[list[str]]], list[list[str]]]:
    k = COLUMNS.index(column)
    return lambda lines: [lines[0], [*lines[1][:k], text, *lines[1][k + 1 :]], *lines[2:]]


@pytest.mark.parametrize(
    ("change", "more", "says"),
    [
        (with_cell("id", "13"), (), "events.csv line 2: there is no patient 13; there are 1 to 12"),
        (with_cell("id", "0"), (), "there is no patient 0"),
        (with_cell("day", "5"), (), "events.csv line 2: day 5 is no visit; the nearest visit is day 4"),
        (with_cell("arm", "il3"), (), "events.csv has the arm 'il3', whose doses no rules decided; did you mean 'il2'"),
        (with_cell("share", "much"), (), "line 2, column share: 'much' is not a usable number"),
        (list, ("--seed", "2"), "is of a population with seed 1, and 2 was asked for"),
        (list, ("--patients", "11"), "with patients 12, and 11 was asked for"),
        (list, ("--days", "41"), "with days 42, and 41 was asked for"),
        (list, ("--set", "treg_ec50=9pM"), "with other arms, schedules or parameters"),
        (list, ("--rtol", "1e-5"), "with other tolerances"),
        (list, ("--visits", "4,8"), "is of visits on days 4, 8, 12, 32, and --visits names others"),
        (list, ("--rule", HOLD), "--events goes with neither --rule nor --no-rules"),
        (lambda lines: lines[1:], (), "events.csv is not a log of decisions"),
    ],
)
def test_a_log_that_does_not_fit(
    done: tuple[Path, str],
    here: Path,
    change: Callable[[list[list[str]]], list[list[str]]],
    more: tuple[str, ...],
    says: str,
) -> None:
    copied(done[0], here / "other", change)
    assert says in refused(*ARGUMENTS, "--events", "other/events.csv", *more)


def test_a_log_without_its_record(done: tuple[Path, str], here: Path, plain: Population) -> None:
    copied(done[0], here / "other", list)
    (here / "other" / "run.json").unlink()
    assert "run.json cannot be read" in refused(*ARGUMENTS, "--events", "other/events.csv")
    assert "cannot be read" in refused(*ARGUMENTS, "--events", "gone.csv")
    assert not plain.rulings and not {*RULED} & {*csv_files(plain)}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("he2020", "--rule", "if treg_fold > 2: stop"), "--rule: rule 1: in the rule, ':' at character 17"),
        (("he2020", "--rule", "if treg_fol > 2 at visit: stop"), "has no output 'treg_fol'; did you mean 'treg_fold'"),
        (("he2020", "--rule", "if treg_fold > 2 at visit 15: stop"), "day 15 is no visit; the nearest is day 14"),
        (
            ("he2020", "--rule", HOLD, "--visits", "200"),
            "day 200 cannot be a visit: rules decide after day 0 and up to",
        ),
        (("he2020", "--rule", HOLD, "--visits", "4,x"), "--visits: "),
        (("he2020", "--visits", "4"), "visits were given, and no rule decides at them"),
        (("none", "--days", "28", "--rule", HOLD), "no arm of none has doses that it could decide on"),
        (("1 MIU daily x5", "--days", "6", "--rule", HOLD), "there is none from day 0 to 6; name them by --visits"),
        (("he2020", "--events", ""), "--events takes a name"),
    ],
)
def test_what_makes_no_sense_gets_one_sentence(here: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in refused("population", *arguments, "--patients", "3", "--no-uncertainty")


def test_a_record_that_is_damaged(done: tuple[Path, str], here: Path) -> None:
    log = copied(done[0], here / "other", list)
    text = (here / "other" / "run.json").read_text()
    (here / "other" / "run.json").write_text(text.replace('"visits"', '"vists"'))
    with pytest.raises(PkpdError, match=r"run.json beside events.csv .*lacks 'visits'"):
        population("he2020", 12, options=SHORT, events=log)
