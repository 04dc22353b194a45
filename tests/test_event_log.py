"""The log of decisions: what it says, the way through a file and back, and the same simulation again from it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_cases import DAYS, VISITS, course, patients, steered
from test_adaptive_rules import HAND, il2_cohort

from pkpd.dosing.text import parse
from pkpd.errors import FileError, StudyError
from pkpd.trials.adaptive.cohort import adaptive_cohort
from pkpd.trials.adaptive.log import COLUMNS, Event, Log, joined, read_log
from pkpd.trials.adaptive.replay import STATUSES, dose_table, doses_of, held_spans, replay, replayed
from pkpd.trials.adaptive.text import read_rules

HOLD = "if level > 0.8 at visit: hold until < 0.3"
SCALES = (0.5, 1.0, 2.0)


def test_what_a_log_says() -> None:
    _, log = steered(HOLD, first=4)
    told = [(e.id, e.day, e.rule, e.text, e.action, e.share, e.status, e.until) for e in log.events[:4]]
    assert told == [
        (4, 3, 1, HOLD, "hold", 1, "held", math.inf),
        (4, 4, 1, HOLD, "hold kept", 1, "held", math.inf),
        (4, 5, 1, HOLD, "hold lifted", 1, "given", -math.inf),
        (4, 7, 1, HOLD, "hold", 1, "held", math.inf),
    ]
    # the engine was asked for 1e-9
    assert [e.level for e in log.events[:3]] == pytest.approx([0.875, 0.4375, 0.21875], abs=1e-7)
    table = log.table()
    assert tuple(table) == COLUMNS
    assert next(table.rows())[1:4] == (4, "3", 1)


def test_order_of_decisions_at_one_visit() -> None:
    """Lifted first, then the rules in order, then what is kept; each row tells how things stand after it."""
    _, log = steered(
        "if level > 0.8 at visit 3: hold until < 0.5",
        "if level > 0.8 at visit 3: hold for 5d",
        "if level < 0.5 at visit 4: reduce by 50 %",
    )
    told = [(e.day, e.rule, e.action, e.share, e.until) for e in log.events[:5]]
    assert told == [
        (3, 1, "hold", 1, math.inf),
        (3, 2, "hold", 1, math.inf),
        (4, 1, "hold lifted", 1, 8),
        (4, 3, "reduce", 0.5, 8),
        (4, 2, "hold kept", 0.5, 8),
    ]


def written(log: Log, folder: Path) -> Path:
    path = folder / "events.csv"
    path.write_text(log.table().to_csv(), "utf-8")
    return path


@pytest.mark.parametrize("name", HAND)
def test_replay_through_a_file(name: str, tmp_path: Path) -> None:
    base = np.ones((3, DAYS))
    base[1, 2], base[2, 5] = 0, 0.5
    cohort, log = steered(*HAND[name][0], scales=SCALES, factors=base, first=2)
    again = read_log(written(log, tmp_path), VISITS[1:])
    own = patients(*SCALES, first=2)
    assert np.array_equal(replay(again, course(), own, base), cohort.factors)
    assert np.array_equal(replayed(again, course(), own, base).values, cohort.values)
    assert [replace(e, line=0, level=0) for e in again.events] == [replace(e, level=0) for e in log.events]


SIGN = {">": "<", "<": ">"}
NUMBERS = st.integers(1, 40).map(lambda n: n / 20)


@st.composite
def rules(draw: st.DrawFn) -> str:
    sign, level = draw(st.sampled_from("<>")), draw(NUMBERS)
    release = level / 2 if sign == ">" else level * 2
    action = draw(
        st.sampled_from(
            [
                f"hold until {SIGN[sign]} {release}",
                "hold for 36h",
                "hold for 4d",
                "stop",
                "reduce by 30 % to at least 0.2 mg",
                "raise by 40 % to at most 3 mg",
            ]
        )
    )
    return f"if level {sign} {level} at {draw(st.sampled_from(['visit', 'visits 2, 5', 'visit 9']))}: {action}"


@settings(max_examples=30)
@given(st.lists(rules(), min_size=1, max_size=4, unique=True), st.data())
def test_replay_is_the_same_bit_for_bit(texts: list[str], data: st.DataObject) -> None:
    base = np.array(data.draw(st.lists(st.sampled_from([0, 0.5, 1.0]), min_size=DAYS, max_size=DAYS)))
    base = np.tile(base, (3, 1))
    cohort, log = steered(*texts, scales=SCALES, factors=base)
    own = patients(*SCALES)
    again = replayed(log, course(), own, base)
    assert np.array_equal(again.factors, cohort.factors)
    assert np.array_equal(again.values, cohort.values)
    # a patient alone, and the logs of parts joined
    parts = [steered(*texts, scales=SCALES[k : k + 1], factors=base[:1], first=k) for k in range(3)]
    assert joined([part for _, part in parts]) == log
    assert np.array_equal(np.concatenate([part.values for part, _ in parts]), cohort.values)
    # a dose is withheld exactly while the patient is held
    doses = doses_of(log, course(), own, base)
    for patient in range(3):
        spans = held_spans(log, patient, DAYS)
        for day in range(DAYS):
            shut = any(start <= day < end for start, end, _ in spans)
            assert shut == (STATUSES[int(doses.status[patient, day])] in ("held", "stopped")) or base[patient, day] == 0
            assert (doses.shares[patient, day] == 0) == (shut or base[patient, day] == 0)


def test_il2_replays_with_parameters_that_change_between_blocks() -> None:
    plan, own = il2_cohort(0, 6)
    text = "1 MIU every 2d x7, rest 14d, repeat 2"

    plan = replace(plan, schedule=parse(text))
    share = plan.parameters["sc_bioavailability"].value
    blocks = tuple({"sc_bioavailability": np.full(6, share * change)} for change in (1, 0.7))
    own = replace(own, blocks=blocks)
    texts = ["if eosinophils_fold > 1.1 at visit: reduce by 50 %", "if treg_fold > 1.2 at visit: hold for 10d"]
    cohort, log = adaptive_cohort(read_rules(texts), plan, own, (7, 14, 28, 35))
    assert not cohort.failures
    assert {e.action for e in log.events} >= {"reduce", "hold"}
    again = replayed(log, plan, own)
    assert np.array_equal(again.values, cohort.values)
    assert np.array_equal(again.factors, cohort.factors)


def test_dose_table() -> None:
    base = np.ones((1, 6))
    base[0, 1] = 0
    text = "2 mg iv daily x6, miss 6"
    cohort, log = steered(
        "if level > 0 at visit 3: raise by 50 %", "if level > 0 at visit 4: hold for 1d", text=text, factors=base
    )
    doses = doses_of(log, course(text), patients(1.0), base)
    assert np.array_equal(doses.shares, cohort.factors)
    rows = list(dose_table(doses, course(text), "a").rows())
    assert rows == [
        ("a", 0, 1, 0.0, "1", 2.0, "mg", "given"),
        ("a", 0, 2, 1.0, "0", 0.0, "mg", "missed"),
        ("a", 0, 3, 2.0, "1", 2.0, "mg", "given"),
        ("a", 0, 4, 3.0, "1.5", 3.0, "mg", "raised"),
        ("a", 0, 5, 4.0, "0", 0.0, "mg", "held"),
        ("a", 0, 6, 5.0, "1.5", 0.0, "mg", "missed"),
    ]
    assert len(list(dose_table(doses, course(text, last=3)).rows())) == 4


def test_moved_dose_keeps_its_number() -> None:
    text = "1 mg iv daily x3, move 1 by 36h"
    _, log = steered("if level > 9 at visit: stop", text=text)
    table = dose_table(doses_of(log, course(text), patients(1.0)), course(text))
    assert table["number"] == (2, 1, 3)


EVENT = Event(0, 3.0, 1, HOLD, "level", 0.9, "hold", 1.0, "held", math.inf)


def damaged(change: Callable[[list[list[str]]], object]) -> str:
    lifted = replace(EVENT, day=5.0, level=0.2, action="hold lifted", status="given", until=-math.inf)
    table = Log("a", (3.0, 5.0), (EVENT, lifted)).table()
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    change(rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def put(line: int, column: str, text: str) -> Callable[[list[list[str]]], object]:
    return lambda rows: rows[line - 1].__setitem__(COLUMNS.index(column), text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put(2, "id", "x"), "events.csv line 2, column id: 'x' is not a whole number, 0 or more"),
        (put(2, "id", "-1"), "events.csv line 2, column id: '-1' is not a whole number"),
        (put(3, "day", "4"), "events.csv line 3: day 4 is no visit; the nearest visit is day "),
        (put(3, "day", "nan"), "events.csv line 3, column day: 'nan' is not a usable number"),
        (put(3, "share", "1,5"), "events.csv line 3, column share: '1,5' is not a usable number"),
        (put(3, "share", "-0.5"), "events.csv line 3, column share: '-0.5' is not a usable number"),
        (put(2, "share", "inf"), "events.csv line 2, column share: 'inf' is not a usable number"),
        (put(2, "level", "high"), "events.csv line 2, column level: 'high' is not a usable number"),
        (put(2, "action", "hald"), "events.csv line 2, column action: 'hald' is not known; did you mean 'hold'?"),
        (
            put(2, "status", "on"),
            "events.csv line 2, column status: 'on' is not known; known are: given, held, stopped",
        ),
        (put(3, "until", "9"), "events.csv line 3: until day 9 is no end of a hold that begins on day 5, status given"),
        (put(2, "until", "2"), "events.csv line 2: until day 2 is no end of a hold that begins on day 3, status held"),
        (lambda rows: rows.reverse(), "events.csv is not a log of decisions: its first line must be arm,id,day,"),
        (lambda rows: rows.append(rows.pop(1)), "line 3: day 3 comes after day 5 of patient 0"),
        (lambda rows: rows[2].pop(), "events.csv line 3 has 10 cells where the header has 11"),
        (put(2, "status", "stopped"), "line 3: patient 0 was stopped on day 3 (line 2), and a stop is final"),
        (put(3, "arm", "b"), "events.csv: name one of its arms; it has a, b"),
    ],
)
def test_damaged_log(tmp_path: Path, change: Callable[[list[list[str]]], object], says: str) -> None:
    path = tmp_path / "events.csv"
    path.write_text(damaged(change), "utf-8")
    with pytest.raises(FileError) as error:
        read_log(path, (3, 5))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_log_of_other_patients_or_files(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(damaged(put(3, "arm", "b")), "utf-8")
    assert [e.day for e in read_log(path, (3, 5), "b").events] == [5]
    with pytest.raises(FileError, match="has no arm 'c'; it has a, b"):
        read_log(path, (3, 5), "c")
    path.write_text(damaged(put(3, "id", "7")), "utf-8")
    log = read_log(path, (3, 5))
    with pytest.raises(StudyError, match=r"events.csv line 3: there is no patient 7; there are 0 to 2"):
        replay(log, course(), patients(*SCALES))
    with pytest.raises(StudyError, match="logs are joined when they are of one arm"):
        joined([log, replace(log, arm="b")])
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_log(tmp_path / "none.csv", ())
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match=r"events\.csv is not a CSV file in UTF-8"):
        read_log(path, ())


@settings(max_examples=60)
@given(st.integers(0, 2), st.sampled_from(COLUMNS), st.text(max_size=12))
def test_any_cell_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, line: int, column: str, text: str
) -> None:
    path = tmp_path_factory.mktemp("log") / "events.csv"
    path.write_text(damaged(put(line + 1, column, text)), "utf-8", newline="")
    try:
        log = read_log(path, (3, 5), "a")
        replay(log, course(), patients(*SCALES))
    except (FileError, StudyError) as error:
        assert "events.csv" in str(error)
