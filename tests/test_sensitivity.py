"""Forward sensitivities of every model against central differences; what they are told in; what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import models
import numpy as np
import pytest
from dose_cases import dose as mg
from schedule_kinds import KINDS, Kind, dose, parameters

from pkpd import sensitivity
from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import ParameterError, PkpdError, SimulationError
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import MODELS
from pkpd.parameters import Parameters
from pkpd.sensitivity import Sensitivities, sensitivities
from pkpd.simulation import default_parameters, simulate

FINE = Tolerances(1e-10, 1e-12)
# Differences over a share of 1e-5 to each side: errors of 1e-12 or so, in which both runs differ, are divided by it.
# Curvature leaves less: the share squared times the cube of a lag in time constants, of which 14 h hold a hundred.
SHARE = 1e-5
CLOSE = 1e-6
ONE = models.one_compartment()


def apart(a: Sensitivities, b: Sensitivities, here: np.ndarray) -> float:
    """The largest difference of slopes: change of an output for a doubled parameter, relative to the output."""
    size = np.maximum(np.max(np.abs(a.values), axis=0), 1e-300)[None, :, None]
    return float(np.max(np.abs(a.slopes - b.slopes) * here / size))


PLAIN = [kind for kind in KINDS if not any(d.steady_state for d in kind.schedule.doses)]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.name)
def test_every_parameter_of_every_model(model: str, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them in one call, for every kind of schedule; at times beside the events, which move."""
    monkeypatch.setattr(sensitivity, "SHARE", SHARE)
    values = parameters(model, kind)
    names = [name for name in values if values[name].value]
    more: dict[str, Any] = {"times": np.arange(0.013, 4, 0.11), "tolerances": FINE}
    a, b = (sensitivities(kind.schedule, model, values, names, method=m, **more) for m in ("forward", "differences"))
    assert len(names) == len(list(values)) and a.outputs == b.outputs
    assert apart(a, b, np.array([values[name].value for name in names])) < CLOSE


def test_the_comparison_sees_a_wrong_derivative() -> None:
    """Sensitivities a thousandth of a parameter away are not the same."""
    more: dict[str, Any] = {"times": [0.3, 1.0], "tolerances": FINE}
    base = default_parameters("il2")
    a = sensitivities("1 MIU once", "il2", base, ["treg_ec50"], **more)
    b = sensitivities("1 MIU once", "il2", base.set(treg_ec50=base["treg_ec50"].value * 1.001), ["treg_ec50"], **more)
    assert apart(a, b, np.array([base["treg_ec50"].value])) > 10 * CLOSE


@pytest.mark.parametrize("side", ["pre", "post"])
def test_values_are_those_of_the_simulation(side: str) -> None:
    """To the tolerance: its steps are not those of the plain program."""
    times = [3.0, 0.0, 1.0, 1.0, 2.0]
    found = sensitivities("1 MIU iv daily x3", "il2", names=["treg_ec50"], times=times, side=side, tolerances=FINE)
    t = simulate("1 MIU iv daily x3", "il2", times=times, side=side, tolerances=FINE)
    for k, name in enumerate(found.outputs):
        assert found.values[:, k] == pytest.approx(t[name], rel=1e-8), name
    assert found.times.tolist() == times


def test_one_parameter_of_many_is_the_same_as_alone() -> None:
    """Whatever other derivatives are carried along, and whichever outputs are asked for."""
    names = ["treg_ec50", "sc_lag", "linear_clearance", "bsa"]
    all_of_them = sensitivities("1 MIU every 2d x2", "il2", names=names, days=4)
    for name in names:
        alone = sensitivities("1 MIU every 2d x2", "il2", names=[name], outputs=["nk", "treg"], days=4)
        assert alone.outputs == ("nk", "treg")
        for output in alone.outputs:
            assert alone.of(output, name).tobytes() == all_of_them.of(output, name).tobytes()


def test_body_size_given_with_the_call() -> None:
    """Of a model that does not know it, for doses per m2, by either method."""
    for method in ("forward", "differences"):
        found = sensitivities("10 mg/m2 iv once", ONE, names=["clearance"], times=[0.5], bsa=2.0, method=method)
        flat = sensitivities("20 mg iv once", ONE, names=["clearance"], times=[0.5], method=method)
        assert found.slopes == pytest.approx(flat.slopes, rel=1e-9), method


def test_a_steady_state_by_differences() -> None:
    """C = dose / V / (1 - exp(-k II)) just after a dose; forward sensitivities do not follow it."""
    record = Schedule.of(mg(0, 100, "iv", steady_state=1, ii=6))
    more: dict[str, Any] = {"times": [0.0], "side": "post", "tolerances": FINE, "method": "differences"}
    found = sensitivities(record, ONE, names=["clearance", "volume"], **more)
    e = np.exp(-0.4 * 6)
    level = 10 / (1 - e)
    by_k = -level * 6 * e / (1 - e)
    assert found.of("concentration", "clearance") == pytest.approx(by_k / 10, rel=1e-6)
    assert found.of("concentration", "volume") == pytest.approx(-level / 10 - by_k * 0.04, rel=1e-6)


def test_a_dose_into_a_state_at_a_changing_rest() -> None:
    """The baseline moves with its parameter, and a reset returns to it."""

    def block(m: Builder) -> None:
        base, k = m.parameter("base", "mg", value=2.0), m.parameter("k", "1/h", value=0.1)
        y = m.state("y", "mg", initial=base, scale=1)
        m.change(y, k * (base - y) - k * m.define("twice", y**2 / base, "mg") + k * base)
        m.output("y", y, "mg")
        m.route("iv", into=y, unit="mg")

    model = build("returns", block)
    schedule = Schedule.of(mg(0, 5, "iv"), Dose(Fraction(1), 0.0, "mg", reset=True), mg(30, 5, "iv"))
    more: dict[str, Any] = {"times": [0.0, 0.5, 1.0, 1.1, 2.0], "side": "post", "tolerances": FINE}
    a, b = (sensitivities(schedule, model, names=["base", "k"], method=m, **more) for m in ("forward", "differences"))
    assert apart(a, b, np.array([2.0, 0.1])) < CLOSE
    assert a.of("y", "base")[[0, 2]] == pytest.approx([1, 1], abs=1e-9)  # after a dose and after a reset


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no names": ({"names": []}, "no parameter was named"),
    "unknown": ({"names": ["treg_ec5"]}, r"no parameter 'treg_ec5'; did you mean 'treg_ec50'\?"),
    "twice": ({"names": ["treg_ec50", "sc_lag", "treg_ec50"]}, "named twice"),
    "size of doses per m2": ({"names": ["bsa"], "schedule": "1 MIU/m2 once"}, "doses per m2 change with bsa"),
    "steady state": (
        {"names": ["treg_ec50"], "schedule": Schedule.of(dose(0, steady_state=1, interval="1d"))},
        "steady-state records have no forward sensitivities; use method='differences'",
    ),
    "unknown output": ({"names": ["treg_ec50"], "outputs": ["tregs"]}, r"no output 'tregs'; did you mean 'treg'\?"),
    "unknown method": (
        {"names": ["treg_ec50"], "method": "foward"},
        r"no method 'foward' here; did you mean 'forward'\?",
    ),
    "both sides": ({"names": ["treg_ec50"], "side": "both"}, "no side 'both' here; there are pre and post"),
    "time that is no number": ({"names": ["treg_ec50"], "times": [float("nan")]}, "finite numbers of days"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_one_sentence(what: str) -> None:
    more, said = WRONG[what]
    with pytest.raises(PkpdError, match=said) as caught:
        sensitivities(**{"schedule": "1 MIU once", "model": "il2", "days": 2} | more)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_results_are_read_by_name() -> None:
    found = sensitivities("1 MIU once", "il2", names=["treg_ec50"], outputs=["treg"], days=2)
    assert found.of("treg", "treg_ec50").shape == (3,)
    for output, parameter in (("nk", "treg_ec50"), ("treg", "sc_lag")):
        with pytest.raises(SimulationError, match="is not among"):
            found.of(output, parameter)


def test_a_parameter_of_nothing_has_no_share() -> None:
    """A difference over a share of 0 is none; forward sensitivities need no step."""
    values = ONE.defaults.set(sc_lag=0)
    with pytest.raises(ParameterError, match=r"sc_lag is 0.*method='forward'"):
        sensitivities("1 mg once", ONE, values, ["clearance", "sc_lag"], days=1, method="differences")
    assert np.all(np.isfinite(sensitivities("1 mg once", ONE, values, ["sc_lag"], days=1).slopes))


def test_units_are_those_of_the_set() -> None:
    """Per hour or per day of lag, per unit of clearance as it stands in the set; outputs keep their own."""
    values = ONE.defaults.set(sc_lag="2 h", clearance="4 L/h")
    units = {"sc_lag": ("d", 2 / 24), "clearance": ("L/d", 96.0)}
    tables = (
        replace(t, unit=units[t.name][0], value=units[t.name][1], bounds=(0.0, 1e9)) if t.name in units else t
        for t in values.tables
    )
    others = Parameters(tuple(tables), "in days")
    more: dict[str, Any] = {"names": ["sc_lag", "clearance"], "times": [1.0], "tolerances": FINE}
    a, b = (sensitivities("100 mg sc once", ONE, v, **more) for v in (values, others))
    assert a.values == pytest.approx(b.values, rel=1e-12)
    assert b.of("concentration", "sc_lag") == pytest.approx(24 * a.of("concentration", "sc_lag"), rel=1e-9)
    assert b.of("concentration", "clearance") == pytest.approx(a.of("concentration", "clearance") / 24, rel=1e-9)


@pytest.mark.parametrize("order", [("late", "iv"), ("iv", "late")])
def test_at_a_tie_the_dose_that_can_only_come_later_comes_last(order: tuple[str, str]) -> None:
    """Where loss saturates it matters whose loss is saturated, so the derivative to the left would be another."""

    def block(m: Builder) -> None:
        y, vmax = m.state("y", "mg", scale=1), m.parameter("vmax", "mg/h", value=3.0)
        m.flow("loss", vmax * y / (m.parameter("half", "mg", value=4.0) + y), out_of=y)
        m.output("y", y, "mg")
        m.route("late", into=y, unit="mg", lag=m.parameter("lag", "h", value=0.0))
        m.route("iv", into=y, unit="mg")

    model = build("saturates", block)
    schedule = Schedule.of(*(mg(2, 10, route) for route in order))
    found = sensitivities(schedule, model, names=["lag"], times=[0.2], tolerances=FINE)
    step = 1e-4  # h; what is left is its product with a curvature of about one
    near, here = (
        simulate(schedule, model, model.defaults.set(lag=lag), times=[0.2], tolerances=FINE)["y"][0]
        for lag in (step, 0)
    )
    assert found.of("y", "lag") == pytest.approx([(near - here) / step], rel=1e-3)
