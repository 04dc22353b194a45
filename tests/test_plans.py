"""Plans of many patients at once against those of each alone, and batches against single patients, to the last bit."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from schedule_kinds import DAYS, KINDS, Kind, parameters
from strategies import records, schedules

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.engine.batch import Found, Piece, simulate_piece
from pkpd.engine.compile import bind, bound_of
from pkpd.engine.events import actions
from pkpd.engine.functions import parts
from pkpd.engine.integrate import Rows
from pkpd.engine.native import NativeFunctions
from pkpd.engine.plan import Plan, plan_of
from pkpd.engine.plans import Size, is_plain, many_routes, plain_plans, stacked
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import PkpdError
from pkpd.many import piece_of
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.parameters import Parameters
from pkpd.simulation import default_parameters, simulate

# Values on which moments of patients fall together: lags that are whole intervals, shares that end infusions at doses.
LAGS = (0.0, 0.0, 6.0, 12.0, 24.0, 0.1, 7.3)
SHARES = (1.0, 1.0, 0.5, 0.25, 0.7, 1 / 3, 0.0)
Patient = tuple[dict[str, float], Size]


def three_routes(m: Builder) -> None:
    """Every route that random schedules name, each with its own lag and bioavailability; two share a state."""
    depot, central = m.state("depot", "IU", scale=1e6), m.state("central", "IU", scale=1e6)
    m.flow("absorption", m.parameter("ka", "1/h", value=0.3) * depot, out_of=depot, into=central)
    m.flow("elimination", m.parameter("k", "1/h", value=0.2) * central, out_of=central)
    m.output("central", central, "IU")
    for name, into in (("sc", depot), ("iv", central), ("depot", depot)):
        share, lag = m.parameter(f"{name}_share", "1", value=1.0), m.parameter(f"{name}_lag", "h", value=0.0)
        m.route(name, into=into, unit="IU", bioavailability=share, lag=lag)


@lru_cache
def model() -> Model:
    return build("three_routes", three_routes, time="h")


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    """Lag and bioavailability of every route, and a body size."""
    values = {f"{route}_lag": draw(st.sampled_from(LAGS)) for route in ("sc", "iv", "depot")}
    values |= {f"{route}_share": draw(st.sampled_from(SHARES)) for route in ("sc", "iv", "depot")}
    return values, (draw(st.sampled_from((1.5, 1.7, 2.0))), draw(st.sampled_from((50.0, 61.3, 90.0))))


groups = st.lists(patients(), min_size=1, max_size=9)
IN_IU = ("MIU", "IU", "kIU", "ug")  # what routes of activity take
plain = st.one_of(
    schedules(units=IN_IU),
    st.lists(records(IN_IU), min_size=1, max_size=5).map(lambda doses: Schedule.of(*doses)).filter(is_plain),
)


def alone(schedule: Schedule, patient: Patient) -> Plan:
    """The plan of one patient, from the arithmetic in plain Python."""
    values, size = patient
    bound = bind(model(), model().defaults.set(**values))
    happens = actions(bound, schedule, *size)

    def steady(*_: Any) -> Any:
        raise AssertionError("a plain schedule has no steady state")

    code: Any = bound.functions
    return plan_of(happens, (), bound.initial, code.code.entered, bound.per_day, float("inf"), steady)


def together(schedule: Schedule, group: list[Patient]) -> list[tuple[Any, Plan]]:
    """Their plans from whole arrays."""
    bounds = [bind(model(), model().defaults.set(**values)) for values, _ in group]
    code: Any = bounds[0].functions
    fixed = parts(code.fixed_many(np.array([b.p[:8] for b in bounds])), code.code.layout.parameters, code.outline)
    routes = many_routes(code.outline, fixed.routes)
    return plain_plans(schedule, routes, [size for _, size in group], code.code.entered, code.outline)


def events(plan: Plan, k: int = 0) -> list[tuple[Any, ...]]:
    """What the plan means for patient k: at each stop its time, what it adds to each state, and what runs then."""
    found: list[tuple[Any, ...]] = [(plan.rate[k, 0].tobytes(),)]
    for j, (first, last) in enumerate(pairwise(plan.stop_add.tolist())):
        added = zip(plan.add_state[first:last].tolist(), plan.add_amount[k, first:last].tolist(), strict=True)
        nonzero = {state: amount.hex() for state, amount in added if amount}
        found.append((plan.stop_time[k, j].hex(), plan.stop_set[j], nonzero, plan.rate[k, j + 1].tobytes()))
    return found


RUNS_INTO_THE_NEXT = parse(
    "1 MIU iv at 0.125 MIU/h every 8h x4"
)  # ends at the next with bioavailability 1, else before
TWICE = Schedule.of(Dose.of("1 MIU", route="sc"), Dose.of("2 MIU", route="depot"), Dose.of("3 MIU", time="6h"))
NESTED = Schedule.of(Dose.of("3 MIU", route="iv", over="12h"), Dose.of("1 MIU", time="3h", route="iv", over="2h"))
# as long as the first step of the week before, but for the rounding of the clock
SECONDS = Schedule.of(*(Dose(Fraction(day), 1.0, "MIU", rate=4235.0) for day in (0, 7)))
ONES = dict.fromkeys(("sc_share", "iv_share", "depot_share"), 1.0)
NONE = dict.fromkeys(("sc_lag", "iv_lag", "depot_lag"), 0.0)
ANY: Size = (1.7, 70.0)


@for_all(plain, groups)
@settings(max_examples=150)
@example(RUNS_INTO_THE_NEXT, [(ONES | NONE | {"iv_share": s}, ANY) for s in (1.0, 0.5, 1.0 - 1e-9, 0.0, 3.0)])
@example(TWICE, [(ONES | NONE | {"sc_lag": lag}, ANY) for lag in (0.0, 6.0, 1e-9, 2.4e-8, 3e-8, 12.0)])
@example(NESTED, [(ONES | NONE | {"iv_lag": lag}, ANY) for lag in (0.0, 6.0)])
@example(parse("1 MIU/m2 sc daily x2"), [(ONES | NONE, (None, 70.0))])
@example(Schedule.none(), [(ONES | NONE, ANY)] * 2)
def test_plans_of_many_are_those_of_each(schedule: Schedule, group: list[Patient]) -> None:
    try:
        wanted = [events(alone(schedule, patient)) for patient in group]
    except PkpdError as error:
        with pytest.raises(type(error)) as caught:
            together(schedule, group)
        assert str(caught.value) == str(error)
        return
    found: dict[int, Any] = {}
    for own, plan in together(schedule, group):
        found |= {int(patient): events(plan, k) for k, patient in enumerate(own)}
    assert sorted(found) == list(range(len(group)))
    assert [found[k] for k in range(len(group))] == wanted


def test_an_infusion_that_is_over_at_once_for_some_is_a_bolus_for_them() -> None:
    """At a share of 1 it lasts longer than what counts as one moment, at a half it does not; neither may be lost."""
    hours = 1.5e-9 * 24
    schedule = Schedule.of(Dose(Fraction(1), 1e6, "IU", route="iv", rate=1e6 / hours))
    group = [(ONES | NONE | {"iv_share": share}, ANY) for share in (1.0, 0.5)]
    found = {int(k): events(plan, j) for own, plan in together(schedule, group) for j, k in enumerate(own)}
    assert [found[k] for k in range(2)] == [events(alone(schedule, patient)) for patient in group]


def test_stacking_keeps_every_patient() -> None:
    """Plans of one shape are stepped together; which is whose must not be mixed up."""
    group = [(ONES | NONE | {"sc_lag": lag, "sc_share": 1 / (k + 1)}, ANY) for k, lag in enumerate(LAGS)]
    plans = [alone(TWICE, patient) for patient in group]
    joined = stacked(plans)
    found = {int(k): events(plan, j) for own, plan in joined for j, k in enumerate(own)}
    assert 1 < len(joined) < len(group)
    assert [found[k] for k in range(len(group))] == [events(plan) for plan in plans]


# batches


def bits(found: Found) -> list[bytes]:
    """Outputs and steps of each patient, as bytes."""
    return [v.tobytes() + s.tobytes() for v, s in zip(found.values, found.steps, strict=True)]


def subset(piece: Piece, patients: list[int]) -> Piece:
    """The same for some of the patients, in that order."""
    return replace(piece, own=piece.own[patients], sizes=piece.sizes[patients])


def varied(base: Parameters, n: int, seed: int) -> dict[str, list[float]]:
    """`n` values for every parameter within a tenth of its own, and within its bounds."""
    rng = random.Random(seed)
    found = {}
    for table in base.tables:
        low, high = (min(max(table.value * f, table.bounds[0]), table.bounds[1]) for f in (0.9, 1.1))
        found[table.name] = [rng.uniform(low, high) for _ in range(n)]
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_patient_gets_the_same_bits_in_every_company(kind: Kind) -> None:
    """Alone, in another order, among fewer, and by `simulate`; eleven patients fill one vector and part of another."""
    n = 3 if any(d.steady_state for d in kind.schedule.doses) else 11  # each steady state takes a tenth of a second
    base = parameters("il2", kind)
    times = np.array([0.0, 0.3, 1.0, 2.5, 1.5, DAYS])
    values = varied(base, n, seed=2)
    piece = piece_of("il2", kind.schedule, base, values, (), times, "post", Tolerances())
    whole = simulate_piece(piece)
    assert not whole.failures and np.all(np.isfinite(whole.values))
    assert len(set(bits(whole))) == n
    for order in ([1], list(range(n))[::-1], [2, n - 1, 2], random.Random(4).sample(range(n), n - 1)):
        assert bits(simulate_piece(subset(piece, order))) == [bits(whole)[k] for k in order]
    own = base.set("one of them", **{name: column[n - 2] for name, column in values.items()})
    single = simulate(kind.schedule, "il2", own, times=times, side="post")
    assert np.array([single[name] for name in single.outputs]).tobytes() == whole.values[n - 2].tobytes()


@for_all(plain.filter(lambda s: s.end < 60), st.lists(patients(), min_size=2, max_size=10), st.randoms())
@settings(max_examples=15)
@example(SECONDS, [(ONES | NONE | {"sc_share": s}, ANY) for s in (1.0, 0.5, 0.25)], random.Random(1))
def test_random_schedules_in_a_batch(schedule: Schedule, group: list[Patient], rng: random.Random) -> None:
    """Patients whose lag and share differ, so that they follow different plans."""
    columns = {name: [values[name] for values, _ in group] for name in group[0][0]}
    times = np.array([0.0, 0.5, 1.0, 7.0, 30.0])
    piece = piece_of(model(), schedule, None, columns, (), times, "pre", Tolerances())
    piece = replace(piece, sizes=np.array([size for _, size in group], dtype=float))
    whole = simulate_piece(piece)
    order = rng.sample(range(len(group)), len(group))
    assert bits(simulate_piece(subset(piece, order))) == [bits(whole)[k] for k in order]
    values, size = group[0]
    single = simulate(schedule, model(), model().defaults.set(**values), times=times, bsa=size[0], weight=size[1])
    assert single["central"].tobytes() == whole.values[0, 0].tobytes()


def test_a_patient_is_accepted_in_a_batch_as_alone() -> None:
    """Whoever has no baseline alone is reported in a batch with the same words, and the others are simulated."""
    base = default_parameters("il2")
    rng, n = random.Random(3), 40
    values = {t.name: [rng.choice([t.value, *t.bounds]) for _ in range(n)] for t in base.tables if t.bounds[1] < 1e9}
    piece = piece_of("il2", parse("1 MIU once"), base, values, (), np.array([0.0, 1.0]), "pre", Tolerances())
    found = simulate_piece(piece)
    failed = {failure.patient: failure for failure in found.failures}
    code: Any = bind("il2", base).functions
    assert isinstance(code, NativeFunctions) and 0 < len(failed) < n
    for k in range(n):
        try:
            bound_of(code, code.fixed(piece.own[k].tolist()), replace(base, origin=piece.origin))
            assert k not in failed and np.all(np.isfinite(found.values[k]))
        except PkpdError as error:
            assert failed[k].reason == str(error) and np.isnan(failed[k].day)
            assert np.all(np.isnan(found.values[k]))


def test_rows_come_back_in_the_order_asked() -> None:
    piece = piece_of(
        "il2", parse("1 MIU daily x2"), None, {"treg_ec50": [9.0, 12.0]}, (), np.arange(5.0), "pre", Tolerances()
    )
    straight = simulate_piece(piece).values
    order = [3, 0, 0, 4, 1]
    rows = Rows(piece.rows.times[order], np.zeros(5, dtype=np.int64))
    assert simulate_piece(replace(piece, rows=rows)).values.tobytes() == straight[:, :, order].tobytes()
