"""Laws for every registered model; each is shown to be able to fail on a model that breaks it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import laws
import models
import numpy as np
import pytest
import sympy
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.engine.compile import bind
from pkpd.engine.tolerances import Tolerances
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import MODELS, get_model
from pkpd.parameters import Parameters
from pkpd.simulation import default_parameters, simulate
from pkpd.units import duration

# Rates at rest are differences of equal terms: what is left is their rounding, 1e-16 of terms of a few per hour of a
# state. A year of 1e-13 per hour moves a state by less than 1e-9.
AT_REST = 1e-13
# Without drug the solver sees only rounding, but it may let that grow up to its absolute tolerance.
DRIFT = 10 * Tolerances().absolute
# Asked for: in equals out plus present to 1e-6, at the default tolerance of 1e-6 per step of each state.
BALANCE = 1e-6
# Both runs keep a tolerance of 1e-9 per step; a hundred steps leave 1e-7.
PROPORTIONAL = 1e-6
LOWEST = -10.0  # absolute tolerances

# For each model: where exposure is proportional to the dose, and what must be set for it.
NO_UPTAKE = {"treg_uptake": 0.0, "nk_uptake": 0.0, "other_uptake": 0.0}
LINEAR: dict[str, tuple[str, dict[str, float]]] = {"il2": ("il2", NO_UPTAKE), "il2_minimal": ("drug", {})}


def routes(name: str) -> tuple[str, ...]:
    """Every way to give a dose in a model."""
    return tuple(r.name for r in get_model(name).routes)


def test_every_model_has_its_entry() -> None:
    assert set(LINEAR) == set(MODELS), "say in LINEAR where the exposure of a new model is proportional to the dose"


@lru_cache
def some_draws(name: str, n: int = 8) -> tuple[Parameters, ...]:
    """Random parameter sets of a model, the default one first."""
    default = default_parameters(name)
    return default, *laws.draws(get_model(name), default, n, seed=7)


@st.composite
def regimens(draw: st.DrawFn, by: tuple[str, ...]) -> Schedule:
    """One to three blocks of 0.05 to 20 MIU, by any route, as bolus or infusion, in a total of at most six weeks."""
    schedule = Schedule.none()
    for _ in range(draw(st.integers(1, 3))):
        said = {"route": draw(st.sampled_from(by))}
        how = draw(st.sampled_from(["", "over", "at"]))
        said |= {"over": draw(st.sampled_from(["15min", "2h", "30h"]))} if how == "over" else {}
        amount = f"{draw(st.sampled_from([0.05, 0.3, 1, 3, 20]))} MIU"
        said |= {"at": "0.4 MIU/h"} if how == "at" else {}
        interval = draw(st.sampled_from(["8h", "1d", "2d", "3d"]))
        block = Schedule.every(amount, interval=interval, times=draw(st.integers(1, 4)), **said)  # type: ignore[arg-type]
        schedule = schedule.then(block).rest(draw(st.integers(0, 2)))
    return schedule


# rest


@pytest.mark.parametrize("name", MODELS)
def test_rest_is_exactly_the_baseline(name: str) -> None:
    for parameters in (*some_draws(name), *laws.draws(get_model(name), default_parameters(name), 60, seed=11)):
        assert laws.unrest(get_model(name), parameters) < AT_REST


@pytest.mark.parametrize("name", MODELS)
def test_nothing_moves_without_drug(name: str) -> None:
    for parameters in some_draws(name):
        assert laws.drift(get_model(name), parameters, days=60) < DRIFT


def restless(m: Builder) -> None:
    """Signals that act by their level, not above their drug-free value, so that rest is not where it is said to be."""
    x = m.state("x", "1", initial=1)
    k = m.parameter("k", "1/h", value=0.01)
    m.change(x, k * (1 + m.parameter("endogenous", "1", value=1e-4) - x))
    m.output("x", x, "1")


def test_a_restless_model_breaks_the_law_of_rest() -> None:
    model = build("restless", restless)
    assert laws.unrest(model, model.defaults) > AT_REST
    assert laws.drift(model, model.defaults, days=60) > DRIFT


# levels


@pytest.mark.parametrize("name", MODELS)
def test_no_output_falls_below_zero(name: str) -> None:
    @for_all(regimens(routes(name)), st.sampled_from(some_draws(name)))
    @settings(max_examples=25)
    def check(schedule: Schedule, parameters: Parameters) -> None:
        t = simulate(schedule, name, parameters, days=float(schedule.end) + 10, step="3h", side="both")
        low, output = laws.lowest(t)
        assert low >= LOWEST, output

    check()


@pytest.mark.parametrize("name", MODELS)
def test_no_output_is_clipped(name: str) -> None:
    assert laws.clipped(get_model(name)) == []


def test_a_model_with_a_loss_that_does_not_end_breaks_the_law_of_levels() -> None:
    t = simulate("none", models.falls(), days=3)
    assert laws.lowest(t)[0] < LOWEST


def test_a_model_that_hides_a_level_breaks_the_law_of_clipping() -> None:
    def hides(m: Builder) -> None:
        m.output("shown", m.define("held", sympy.Max(0, m["x"]), "mg"), "mg")

    assert laws.clipped(build("hides", models.decay, hides)) == ["shown"]


# exposure


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("pattern", ["every 2d x2", "over 3h daily x3"])
def test_exposure_is_proportional_to_dose(name: str, pattern: str) -> None:
    output, changes = LINEAR[name]
    for route in routes(name):
        for parameters in some_draws(name)[:3]:
            changed = parameters.set(**changes)
            far = laws.disproportion(get_model(name), changed, output, ("1 MIU", "2 MIU"), f"{route} {pattern}")
            assert far < PROPORTIONAL


def test_saturation_breaks_the_law_of_proportion() -> None:
    model = models.saturable()
    assert laws.disproportion(model, model.defaults, "concentration", ("1 mg", "2 mg"), "iv once") > 100 * PROPORTIONAL
    uptake = default_parameters("il2")
    assert laws.disproportion(get_model("il2"), uptake, "il2", ("1 MIU", "2 MIU"), "once") > 100 * PROPORTIONAL


# balance


@pytest.mark.parametrize("name", MODELS)
def test_drug_in_is_drug_lost_and_present(name: str) -> None:
    @for_all(regimens(routes(name)), st.sampled_from(some_draws(name)))
    @settings(max_examples=25)
    def check(schedule: Schedule, parameters: Parameters) -> None:
        assert laws.balance(get_model(name), parameters, schedule) < BALANCE

    check()


@pytest.mark.parametrize("name", MODELS)
def test_the_drug_flows_only_through_flows(name: str) -> None:
    """A bare change of a state that flows touch would be a source or a leak that no ledger sees."""
    model = get_model(name)
    flowing = frozenset().union(*laws.pools(model))
    assert flowing and not [c.state for c in model.changes if c.state in flowing and not c.flow]


def leak(m: Builder) -> None:
    """A loss from the centre that is no flow."""
    m.change(m["central"], -m.parameter("leak", "1/h", value=1e-4) * m["central"])


def test_a_leak_breaks_the_law_of_balance() -> None:
    tight = models.two_compartments()
    leaky = build("leaky", models.depot_and_centre, models.periphery, leak)
    schedule = "100 mg iv daily x2, then 100 mg over 7h every 8h x3, rest 1d"
    assert laws.balance(tight, tight.defaults, schedule) < BALANCE < laws.balance(leaky, leaky.defaults, schedule)


def test_a_dose_that_loses_a_part_breaks_the_law_of_balance() -> None:
    """The engine is given another bioavailability than the model declares."""
    model = models.one_compartment()
    other = replace(model, routes=tuple(replace(r, bioavailability=r.bioavailability * 0.999) for r in model.routes))
    t = simulate("100 mg iv once", laws.ledger(other), other.defaults, times=[4.0])
    told = sum(
        amount
        for _, amount in laws.doses_in(model, simulate("100 mg iv once", model, times=[1.0]), Schedule.once("100 mg"))
    )
    present = float(np.sum(t.states[-1]))  # depot, centre, and what was eliminated
    assert abs(told - present) / told > BALANCE


def test_what_is_made_and_lost_of_il2_without_drug() -> None:
    """Endogenous production is constant, each loss takes its share of it, and none of it is doses."""
    books = laws.ledger(get_model("il2"))
    p = default_parameters("il2")
    t = simulate("none", books, p, times=[10.0])
    account = dict(zip((s.name for s in books.states), t.states[-1], strict=True))
    size = p["bsa"].value / p["reference_bsa"].value
    expected = p["linear_clearance"].in_unit("L/h") * size * p["endogenous_il2"].in_unit("pM") * 240  # pmol in 240 h
    assert account["ledger_linear_loss"] == pytest.approx(expected, rel=BALANCE)
    assert account["ledger_endogenous_for_linear_loss"] == pytest.approx(expected, rel=BALANCE)
    for cells in ("treg", "nk", "other"):
        made, lost = account[f"ledger_endogenous_for_{cells}_uptake"], account[f"ledger_{cells}_uptake_loss"]
        assert made == pytest.approx(lost, rel=BALANCE) and made > 0


def test_one_dose_of_il2_is_as_much_as_the_label_says() -> None:
    """1.1 mg of 15.3 kDa protein are 18 MIU, so 1 MIU is 3994 pmol; 40 % of it reaches plasma."""
    t = simulate(
        "1 MIU sc once",
        "il2",
        default_parameters("il2").set(sc_lag=0, sc_bioavailability=0.4),
        times=[0.0],
        side="post",
    )
    depot = t.states[0][[s.name for s in t.bound.model.states].index("il2_depot")]
    assert depot == pytest.approx(0.4 * 1.1e-3 / 18 / 15.3e3 * 1e12, rel=1e-3)  # the parameter has four digits


# steady state


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("amount", "interval", "how"), [("1 MIU", "1d", {}), ("0.3 MIU", "12h", {"over": "2h"})])
def test_a_steady_state_is_where_many_doses_lead(name: str, amount: str, interval: str, how: dict[str, str]) -> None:
    """250 days are ten times the slowest time constant of both models, which leaves 5e-5."""
    route = routes(name)[-1] if how else routes(name)[0]
    many = Schedule.every(amount, interval=interval, times=int(250 / duration(interval)), route=route, **how)  # type: ignore[arg-type]
    steady = Schedule.of(Dose.of(amount, route=route, steady_state=1, interval=interval, **how))  # type: ignore[arg-type]
    arrived = simulate(many, name, times=[250.0])
    at_once = simulate(steady, name, times=[float(duration(interval))])
    for output in arrived.outputs:
        assert at_once[output] == pytest.approx(arrived[output], rel=1e-4), output


# equations


@pytest.mark.parametrize("name", [*MODELS, "two_compartments", "saturable"])
def test_the_jacobian_is_the_derivative_of_the_rates(name: str) -> None:
    """A wrong one does not change results, it only costs steps, so no other test would see it."""
    model = get_model(name) if name in MODELS else getattr(models, name)()
    bound = bind(model, default_parameters(model), "scipy")  # test_step has the compiled one
    rng = np.random.default_rng(3)
    y = laws.size_of(bound) * np.exp(rng.normal(0, 0.5, len(bound.initial)))
    exact = np.array(bound.functions.jacobian(5.0, y.tolist(), bound.p), dtype=float)
    for j in range(len(y)):
        # a central difference is wrong by h^2 from curvature and by 1e-16/h from rounding: h = 1e-5 leaves about 1e-10
        h = 1e-5 * y[j]
        up, down = (
            np.array(bound.functions.rhs(5.0, (y + s * h * np.eye(len(y))[j]).tolist(), bound.p)) for s in (1, -1)
        )
        size = np.max(np.abs(exact), axis=1) + 1e-12
        assert np.max(np.abs((up - down) / (2 * h) - exact[:, j]) / size) < 1e-6


@pytest.mark.parametrize("engine", ["scipy-bdf", "scipy-radau"])
def test_engines_agree(engine: str) -> None:
    """To ten times the tolerance on every output; LSODA and the other two share no code."""
    a, b = (
        simulate("1 MIU every 2d x3", "il2", days=9, engine=e, tolerances=Tolerances(1e-7, 1e-9))
        for e in ("scipy", engine)
    )
    for name in a.outputs:
        assert np.max(np.abs(a[name] - b[name])) < 1e-6 * np.max(np.abs(a[name])), name
