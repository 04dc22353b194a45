"""Event tables simulated through Python: which record shows what, covariates, compartments, units, and what fails."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from event_cases import read
from models import CL, V1, decay, one_compartment, two_compartments

from pkpd.dosing.library import load_schedule
from pkpd.engine.code.library import outline_of
from pkpd.errors import ParameterError, PkpdError, SimulationError
from pkpd.exchange.events.covariates import parameter_columns, values_of
from pkpd.exchange.events.dosing import schedule_of
from pkpd.exchange.events.planned import events_of
from pkpd.exchange.events.reading import read_event_text
from pkpd.exchange.events.record import EventTable
from pkpd.exchange.events.simulate import EventRun, simulate_events
from pkpd.exchange.events.writing import write_events
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.parameters import Parameters
from pkpd.simulation import simulate

ONE, K = one_compartment(), CL / V1
# ten times the solver's relative tolerance, since the errors of several steps add up
CLOSE = 1e-5


def run(header: str, *rows: str, **more: object) -> EventRun:
    return simulate_events(read(header, *rows), ONE, **more)  # type: ignore[arg-type]


def levels(header: str, *rows: str, **more: object) -> list[float]:
    """mg in plasma at the records asked for, none of whose subjects failed."""
    found = run(header, *rows, outputs=("concentration",), **more)
    assert not found.failures
    return [float(value) * V1 for value in found["concentration"]]


def close(*expected: float) -> object:
    return pytest.approx(expected, rel=CLOSE, abs=CLOSE)


# --- which record shows what

LEFT = math.exp(-K)  # of a dose after an hour
H = "ID TIME AMT EVID CMT II ADDL"


def test_records_of_one_time_count_in_their_order() -> None:
    """The additional dose of that time comes before all of them."""
    rows = (
        "1 0 100 1 iv 1 1",
        "1 1 . 0 . . .",
        "1 1 10 1 iv . .",
        "1 1 . 0 . . .",
        "1 1 . 2 . . .",
        "1 1 20 1 iv . .",
        "1 1 . 0 . . .",
    )
    first = 100 * LEFT + 100
    assert levels(H, *rows) == close(first, first + 10, first + 10, first + 30)
    # a record that doses shows the state it leaves
    assert levels(H, *rows, records="all") == close(
        100, first, first + 10, first + 10, first + 10, first + 30, first + 30
    )


def test_a_sample_before_or_after_its_dose() -> None:
    assert levels("ID TIME AMT CMT", "1 0 . .", "1 0 50 iv", "1 0 . .", "1 1 . .") == close(0, 50, 50 * LEFT)


def test_a_reset_between_samples_of_one_time() -> None:
    rows = ("1 0 100 1 iv . .", "1 1 . 0 . . .", "1 1 . 3 . . .", "1 1 . 0 . . .", "1 0 7 4 iv . .", "1 1 . 0 . . .")
    found = run(H, *rows, outputs=("concentration",))
    assert [float(v) * V1 for v in found["concentration"]] == close(100 * LEFT, 0, 7 * LEFT)
    # TIME as written, which the last reset started again
    assert (found.lines, found.times, found.ids) == ((3, 5, 7), ("1", "1", "1"), ("1",) * 3)


def test_doses_before_time_0_and_samples_before_any_dose() -> None:
    rows = ("1 -2 . . .", "1 -1 100 1 iv", "1 0 . . .", "1 1 . . .", "2 -3 . . .", "2 1 100 1 iv", "2 2 . . .")
    expected = (0, 100 * LEFT, 100 * LEFT**2, 0, 100 * LEFT)
    assert levels("ID TIME AMT EVID CMT", *rows) == close(*expected)


def test_a_row_that_gives_nothing_changes_nothing() -> None:
    """EVID 2 is a row of the result, and the numbers beside it stay the same to the last bit."""
    rows = ("1 0 100 1 sc", "1 1 . 0 .", "1 1.5 . 2 .", "1 3 . 0 .")
    found, without = (run("ID TIME AMT EVID CMT", *kept) for kept in (rows, rows[:2] + rows[3:]))
    assert found.times == ("1", "1.5", "3")
    assert np.array_equal(found.values[[0, 2]], without.values)
    assert 0 < found["amount_left"][2] < found["amount_left"][1] < found["amount_left"][0]


def test_rows_stand_in_the_order_of_the_table() -> None:
    found = run("ID TIME AMT CMT", "b 0 5 iv", "b 1 . .", "a 0 . .", "a 1 . .")
    table = found.table()
    assert (found.lines, found.ids, found.outputs) == ((3, 4, 5), ("b", "a", "a"), ("concentration", "amount_left"))
    assert [name for name, _ in table.columns] == ["ID", "TIME", "concentration", "amount_left"]
    assert found.units == ("mg/L", "mg")
    with pytest.raises(SimulationError, match="did you mean 'concentration'"):
        found["concentratio"]


# --- the same numbers elsewhere


def many(count: int) -> EventTable:
    rows = [f"{k} {t} {a} {c}" for k in range(count) for t, a, c in ((0, 5 + k, "sc"), (2, 3, "iv"), (3, ".", "."))]
    return read("ID TIME AMT CMT", *rows)


def test_threads_change_nothing() -> None:
    found = [simulate_events(many(40), ONE, threads=threads).values for threads in (1, 3)]
    assert found[0].shape == (40, 2) and np.array_equal(*found)
    assert len(np.unique(found[0][:, 0])) == 40


def test_the_other_engine_agrees() -> None:
    rows = (
        "1 0 100 1 sc . . 0 4",
        "1 2 . 0 . . . 0 8",
        "1 5 60 1 iv 12 2 20 2",
        "1 30 . 0 . . . 0 4",
        "1 40 . 2 . . . 0 4",
    )
    header = "ID TIME AMT EVID CMT II ADDL RATE CLEARANCE"
    found, other = (run(header, *rows, engine=engine) for engine in ("compiled", "scipy"))
    assert np.max(np.abs(found.values - other.values) / found.values.max(axis=0)) < CLOSE


def test_a_written_schedule_gives_the_same_bits() -> None:
    """Of the reference model, at samples before doses, between them and after the last."""
    plan, times = load_schedule("he2020"), (0, 1, 2, 14.25, 28, 30, 84)
    table = read_event_text(write_events(events_of(plan, bsa=1.8, samples=times)), "data.csv")
    found, expected = simulate_events(table, "il2"), simulate(plan, "il2", times=times, bsa=1.8)
    assert found.covariates == ("bsa",)
    for name in found.outputs:
        assert np.array_equal(found[name], expected[name]), name


# --- covariates


def test_the_next_observation_is_carried_backward() -> None:
    """Also over missing cells; after the last value it stays."""
    rows = ("1 0 100 iv 4", "1 1 . . NA", "1 2 . . 8", "1 3 . . .")
    assert levels("ID TIME AMT CMT CLEARANCE", *rows) == close(100 * LEFT**2, 100 * LEFT**4, 100 * LEFT**6)


def test_a_record_without_a_value_of_its_own_also_changes_the_course() -> None:
    rows = ("1 0 100 1 iv 4", "1 1 . 2 . 4", "1 3 . 0 . 8")
    assert levels("ID TIME AMT EVID CMT clearance", *rows) == close(100 * LEFT, 100 * LEFT**5)


def test_what_each_record_holds() -> None:
    table = read("ID TIME clearance VOLUME other", "1 0 NA . 1", "1 1 3 . 1", "1 2 NA . 2", "2 0 . 5 3")
    columns = parameter_columns(table, outline_of(ONE))
    assert (columns.names, columns.places) == (("clearance", "volume"), (0, 1))
    assert [values_of(subject, columns) for subject in table.subjects] == [[(3, None)] * 3, [(None, 5)]]
    none = parameter_columns(read("ID TIME other", "1 0 1"), outline_of(ONE))
    assert values_of(table.subjects[0], none) == [(), (), ()]


def test_a_column_is_in_the_unit_of_the_model() -> None:
    """What a table means does not change with the unit in a parameter file."""
    clearance = replace(ONE.defaults["clearance"], value=50.0, unit="mL/min")
    mine, rows = Parameters((clearance,), "a test"), ("1 0 100 iv", "1 1 . .")
    assert levels("ID TIME AMT CMT", *rows, parameters=mine) == close(100 * math.exp(-0.3))  # 3 L/h
    with_column = (f"{row} 6" for row in rows)
    assert levels("ID TIME AMT CMT CLEARANCE", *with_column, parameters=mine) == close(100 * math.exp(-0.6))


def test_two_columns_of_one_parameter_are_refused() -> None:
    table = read("ID TIME WT bodyweight", "1 0 70 70")
    with pytest.raises(ParameterError, match=r"data\.csv: the columns 'WT' and 'bodyweight' both give .*'weight'"):
        parameter_columns(table, outline_of("il2"))
    assert parameter_columns(read("ID TIME Wt", "1 0 70"), outline_of("il2")).names == ("weight",)


# --- compartments, units and times of doses


def shared() -> Model:
    """Two routes into one state beside one that none feeds."""

    def routes(m: Builder) -> None:
        m.state("outer", "IU")
        for name in ("sc", "iv"):
            m.route(name, into=m["x"], unit="mg")

    return build("shared", decay, routes)


def given(model: Model, cells: str, header: str = "CMT", **more: str) -> list[tuple[str, str]]:
    """Route and unit of the only dose."""
    table = read(f"ID TIME AMT {header}", f"1 0 5 {cells}", **more)
    return [(dose.route, dose.unit) for dose in schedule_of(table, table.subjects[0], outline_of(model)).doses]


CELLS = {"2": "iv", "1": "sc", "iv": "iv", "central": "iv", "depot": "sc", "0": "", "3": "peripheral"}


@pytest.mark.parametrize(("cell", "route"), CELLS.items())
def test_a_compartment_by_number_or_name(cell: str, route: str) -> None:
    assert given(two_compartments(), cell) == [(route, "mg")]


def test_amounts_are_in_their_own_unit_then_in_that_said_then_in_that_of_the_route() -> None:
    assert given(shared(), "outer") == [("outer", "IU")]
    assert given(shared(), "iv") == given(shared(), "iv .", "CMT UNIT") == [("iv", "mg")]
    assert given(shared(), "iv ug", "CMT UNIT") == [("iv", "ug")]
    rows = ("1 0 100 iv mg", "1 1 . . .", "2 0 100 iv .", "2 1 . . .")
    found = levels("ID TIME AMT CMT UNIT", *rows, amount_unit="ug")
    assert found == close(100 * LEFT, 0.1 * LEFT) and found[1] == pytest.approx(0.1 * LEFT, rel=CLOSE)


def test_the_clock_starts_at_the_first_dose_before_0() -> None:
    table = read("ID TIME AMT", "1 -36 5", "1 -12 .", "1 12 5", "2 6 5")
    first, second = (schedule_of(table, subject, outline_of(ONE)) for subject in table.subjects)
    assert [dose.time for dose in first.doses] == [0, 2]
    assert [dose.time for dose in second.doses] == [Fraction(1, 4)]


WRONG = [
    (shared(), "CMT", "1", "CMT '1' is the state x, which several routes feed: say sc or iv"),
    (shared(), "CMT", "3", "CMT 3 was asked for; model shared has 1 x, 2 outer"),
    (shared(), "CMT", "1e8", "CMT 100000000 was asked for"),
    (shared(), "CMT", "outr", "CMT 'outr' is no route or state of model shared; did you mean 'outer'?"),
    (shared(), "CMT", "gut", "model shared has 1 sc, 2 iv, 3 x, 4 outer"),
    (shared(), "CMT UNIT", "iv mol", "a dose in mol cannot be given by route 'iv', which takes mg"),
    (shared(), "CMT UNIT", "outer mol", "a dose in mol cannot be given by route 'outer', which takes IU"),
    (shared(), "CMT RATE", "2 5", "an infusion straight into 'outer' was asked for"),
    (shared(), "CMT RATE", "outer -1", "an infusion straight into 'outer' was asked for"),
]


@pytest.mark.parametrize(("model", "header", "cells", "said"), WRONG)
def test_a_dose_that_does_not_fit_is_named_by_its_line(model: Model, header: str, cells: str, said: str) -> None:
    with pytest.raises(PkpdError) as caught:
        given(model, cells, header)
    assert str(caught.value).startswith("data.csv, line 2: ") and said in str(caught.value)


def test_what_only_the_numbers_show_is_named_by_its_line_too() -> None:
    rows = ("1 0 5 iv . .", "1 1 5 iv -1 .", "1 2 . . . .")
    with pytest.raises(SimulationError, match=r"data\.csv, line 3: .* leaves its rate to the model, whose route 'iv'"):
        run("ID TIME AMT CMT RATE volume", *rows)
    with pytest.raises(ParameterError, match=r"data\.csv, line 3: .*iv_lag -1 h|data\.csv, line 3: .*lag -1 h"):
        run("ID TIME AMT CMT iv_lag", "1 0 5 iv 1", "1 1 . . -1")
    with pytest.raises(SimulationError, match="records 'al' are none of observations, all; did you mean 'all'"):
        run("ID TIME AMT", "1 0 5", records="al")


# --- failures


def test_a_subject_who_fails_leaves_the_others() -> None:
    rows = ("a 0 5 iv 10", "a 1 . . 10", "b 0 5 iv 0", "b 1 . . 0", "c 0 5 iv 10", "c 1 . . 10")
    found = run("ID TIME AMT CMT volume", *rows)
    (failure,) = found.failures
    assert failure.id == "b" and "last dose: 5 mg on day 0" in failure.reason
    assert np.isnan(found.values).any(axis=1).tolist() == [False, True, False]
    assert np.array_equal(found.values[0], found.values[2]) and found.values[0, 0] > 0
    lines = found.table().to_csv().splitlines()
    assert lines[2] == "b,1,," and lines[1].startswith("a,1,0.3351")  # 5 mg / 10 L * exp(-0.4)
