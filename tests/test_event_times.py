"""Where the clock of an event table begins, and what holds when columns change at a moment at which much happens."""

from __future__ import annotations

import math

import pytest
from event_cases import read
from models import CL, V1, one_compartment
from sympy import cos

from pkpd.engine.code.library import outline_of
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import ParameterError, SimulationError
from pkpd.exchange.events.covariates import below_zero, parameter_columns
from pkpd.exchange.events.dosing import route_of, understood
from pkpd.exchange.events.simulate import EventRun, simulate_events
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build

ONE, K = one_compartment(), CL / V1
FINE = Tolerances(1e-9, 1e-11)
CLOSE = 1e-7  # a hundred steps at FINE


def _moving(m: Builder) -> None:
    """Cells that grow, a signal that follows the clock, and a level with a baseline that falls to it."""
    cells = m.state("cells", "1", initial=1)
    m.change(cells, m.parameter("growth", "1/h", value=0.1) * cells)
    wave = m.state("wave", "1")
    m.change(wave, m.parameter("speed", "1/h", value=1) * cos(m.parameter("turn", "1/h", value=0.5) * m.time))
    base, k = m.parameter("base", "mg", value=5), m.parameter("k", "1/h", value=0.2)
    level = m.state("level", "mg", initial=base)
    m.change(level, k * (base - level))
    m.route("shot", into=level, unit="mg")
    for name, state, unit in (("size", cells, "1"), ("phase", wave, "1"), ("amount", level, "mg")):
        m.output(name, state, unit)


MOVING = build("moving", _moving)


def run(model: Model, header: str, *rows: str, **more: object) -> EventRun:
    found = simulate_events(read(header, *rows), model, tolerances=FINE, **more)  # type: ignore[arg-type]
    assert not found.failures
    return found


def close(*expected: float) -> object:
    return pytest.approx(expected, rel=CLOSE, abs=CLOSE)


# --- the clock


def test_every_subject_begins_at_its_first_record() -> None:
    rows = ("1 10 . 0", "1 12 . 0", "2 -10 . 0", "2 0 . 0", "3 0 . 0", "3 5 . 0", "4 7 1 1", "4 9 . 0")
    found = run(MOVING, "ID TIME AMT EVID", *rows)
    grown = [math.exp(0.1 * hours) for hours in (0, 2, 0, 10, 0, 5, 2)]
    assert list(found["size"]) == close(*grown)
    turned = [
        (math.sin(0.5 * end) - math.sin(0.5 * begin)) / 0.5 for begin, end in ((10, 12), (-10, 0), (0, 5), (7, 9))
    ]
    assert list(found["phase"]) == close(0, turned[0], 0, turned[1], 0, turned[2], turned[3])


def test_time_is_that_of_the_table_also_where_a_dose_lies_before_0() -> None:
    rows = ("1 -6 1e-9 1", "1 0 . 0", "1 6 . 0")
    whole = [(math.sin(0.5 * end) - math.sin(-3)) / 0.5 for end in (0, 6)]
    assert list(run(MOVING, "ID TIME AMT EVID", *rows)["phase"]) == close(*whole)
    assert list(run(MOVING, "ID TIME AMT EVID", "1 -6 . 0", *rows[1:])["phase"][1:]) == close(*whole)


# --- columns that change at a moment at which much happens


def steady(clearance: float, amount: float = 100.0, every: float = 12.0) -> float:
    """Just after a dose, in the periodic state of a bolus."""
    return amount / (1 - math.exp(-clearance / V1 * every))


def test_a_steady_state_has_the_numbers_of_its_own_record() -> None:
    header, rows = "ID TIME AMT EVID CMT SS II CLEARANCE", ("1 0 100 1 iv . . 4", "1 24 . 0 . . . 4")
    found = run(ONE, header, *rows, "1 24 100 1 iv 1 12 8", "1 24 . 0 . . . 8", "1 30 . 0 . . . 8")
    before, after = 100 * math.exp(-K * 24), steady(8)
    assert list(found["concentration"] * V1) == close(before, after, after * math.exp(-0.8 * 6))
    added = run(ONE, header, *rows, "1 24 100 1 iv 2 12 8", "1 24 . 0 . . . 8")
    assert list(added["concentration"] * V1) == close(before, before + after)


def test_a_reset_has_the_baseline_of_its_own_record() -> None:
    rows = ("1 0 2 1 5", "1 10 . 0 5", "1 10 . 3 9", "1 10 . 0 9", "1 12 . 0 9")
    found = run(MOVING, "ID TIME AMT EVID BASE", *rows)
    assert list(found["amount"]) == close(5 + 2 * math.exp(-2), 9, 9)


def test_a_column_that_changes_between_records_of_one_time() -> None:
    """The way there has the numbers of the first record of that time, each record's dose and output its own."""
    header = "ID TIME AMT EVID CMT VOLUME CLEARANCE"
    rows = (
        "1 0 100 1 iv 10 4",
        "1 6 . 0 . 10 4",
        "1 6 . 0 . 20 8",
        "1 6 50 1 iv 20 8",
        "1 6 . 0 . 20 8",
        "1 8 . 0 . 20 8",
    )
    left = 100 * math.exp(-0.4 * 6)
    expected = (left / 10, left / 20, (left + 50) / 20, (left + 50) * math.exp(-0.4 * 2) / 20)
    for engine in ("compiled", "scipy"):
        assert list(run(ONE, header, *rows, engine=engine)["concentration"]) == close(*expected)


def test_a_dose_has_the_numbers_of_its_own_record_with_its_additional_ones() -> None:
    header = "ID TIME AMT EVID CMT II ADDL IV_BIOAVAILABILITY"
    found = run(ONE, header, "1 0 100 1 iv 12 1 0.5", "1 6 . 0 . . . 1", "1 12 . 0 . . . 1")
    once = 50 * math.exp(-K * 12)
    assert list(found["concentration"] * V1) == close(50 * math.exp(-K * 6), once + 50)


# --- names


def test_a_name_as_written_goes_before_one_in_another_case() -> None:
    def both(m: Builder) -> None:
        x = m.state("x", "mg", initial=m.parameter("CL", "mg", value=1) + m.parameter("cl", "mg", value=2))
        m.output("whole", x, "mg")

    model = build("both", both)
    assert list(run(model, "ID TIME CL", "1 0 10")["whole"]) == close(12)
    assert list(run(model, "ID TIME cl", "1 0 10")["whole"]) == close(11)


def test_a_parameter_that_a_field_is_called_like_is_refused() -> None:
    def delayed(m: Builder) -> None:
        x = m.state("x", "mg", initial=1)
        m.flow("loss", x / m.parameter("tau", "h", value=2), out_of=x)
        m.output("x", x, "mg")

    table = read("ID TIME TAU", "1 0 5")
    with pytest.raises(ParameterError, match="the column 'TAU' is read as II, and model delayed has a parameter 'tau'"):
        parameter_columns(table, outline_of(build("delayed", delayed)))
    assert "the column TAU is read as II" in understood(table, outline_of(ONE))


def test_a_route_called_like_another_state_is_refused() -> None:
    def crossed(m: Builder) -> None:
        depot, central = m.state("depot", "mg"), m.state("central", "mg")
        m.flow("absorption", m.parameter("ka", "1/h", value=1) * depot, out_of=depot, into=central)
        m.route("central", into=depot, unit="mg")
        m.output("level", central, "mg")

    shape = outline_of(build("crossed", crossed))
    with pytest.raises(SimulationError, match="CMT '2' is the state central, but the route central goes into depot"):
        route_of("2", shape)
    assert route_of("1", shape) == "central"


def test_what_nobody_said_is_told() -> None:
    said = understood(read("ID TIME DOSE EVID", "1 0 5 1", "2 0 5 1"), outline_of(ONE))
    assert said == (
        "the column DOSE is read as AMT",
        "AMT is read in mg, the unit of sc",
        "doses without CMT go by sc, the first route: line 2 and 1 more",
    )
    assert understood(read("ID TIME AMT CMT", "1 0 5 iv"), outline_of(ONE), "mg") == ()


def test_every_record_says_its_kind() -> None:
    found = run(ONE, "ID TIME AMT EVID", "1 0 5 1", "1 1 . 0", records="all")
    assert list(found.table()) == ["ID", "TIME", "EVID", "concentration", "amount_left"] and found.kinds == (1, 0)
    assert "EVID" not in run(ONE, "ID TIME AMT EVID", "1 0 5 1", "1 1 . 0").table()


def test_a_code_for_missing_values_is_noticed() -> None:
    table = read("ID TIME AMT CMT CLEARANCE", "1 0 5 iv -99", "1 1 . . -99", "2 0 5 iv 4")
    columns = parameter_columns(table, outline_of(ONE))
    said = ("CLEARANCE is below 0 on line 2 and 1 more; leave a missing value empty",)
    assert below_zero(table, columns, outline_of(ONE)) == said
