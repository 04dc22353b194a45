"""Models of other tools, and exported ones of our own, read from SBML: equations, numbers, units, doses."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import sympy

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.engine.tolerances import Tolerances
from pkpd.exchange.sbml.reading.imported import Imported, read_sbml, sbml_model
from pkpd.exchange.sbml.writing import sbml_text
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import get_model
from pkpd.simulation import simulate

DATA = Path(__file__).parent / "data"
# The default tolerance of the solver is 1e-6 of a step's value; courses here are short.
CLOSE = 1e-5
TIMES = np.array([0.0, 0.25, 1.0, 1.4, 2.0, 3.5])


def course(read: Imported, times: np.ndarray, *names: str) -> list[np.ndarray]:
    found = simulate(read.schedule or Schedule.none(), read.model, times=times)
    return [found[name] for name in names]


def test_declared_units_are_kept() -> None:
    read = read_sbml(DATA / "sbml" / "decay_l3.xml")
    assert (read.model.time, read.schedule, read.notes) == ("h", None, ())
    assert {p.name: p.unit for p in read.model.parameters} == {"blood": "mL", "k": "1/h", "S_initial": "nmol/mL*mL"}
    assert {o.name: o.unit for o in read.model.outputs} == {"S": "nmol/mL", "bound": "nmol"}
    assert read.model.defaults["k"].origin == "decay_l3.xml [k]"
    drug, bound = course(read, TIMES / 24, "S", "bound")
    np.testing.assert_allclose(drug, 5 * np.exp(-0.3 * TIMES), rtol=CLOSE)
    np.testing.assert_allclose(bound, 20 - 20 * np.exp(-0.3 * TIMES), rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("wrong", [("3600", "60"), ('scale="-3"', 'scale="-6"')])
def test_units_that_would_change_numbers_are_not_used(wrong: tuple[str, str]) -> None:
    """A rate per minute beside hours, or a volume in microlitres: SBML converts nothing, so the numbers stand."""
    text = (DATA / "sbml" / "decay_l3.xml").read_text("utf-8")
    if wrong[1] == "60":
        wrong = ('exponent="-1" scale="0" multiplier="3600"', 'exponent="-1" scale="0" multiplier="60"')
    assert wrong[0] in text
    drug, bound = course(read_sbml(text.replace(*wrong)), TIMES / 24, "S", "bound")
    np.testing.assert_allclose(drug, 5 * np.exp(-0.3 * TIMES), rtol=CLOSE)
    np.testing.assert_allclose(bound, 20 - 20 * np.exp(-0.3 * TIMES), rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("time", ["d", "h"])
def test_reaction_in_a_volume_of_two(time: str) -> None:
    """d[A]/dt = -(kf A - kb B)/2 and d[B]/dt = (kf A - kb B): both at the rate kf/2 + kb."""
    read = read_sbml(DATA / "sbml" / "reversible_l2.xml", time=time)
    assert "no unit of time; " + time in " ".join(read.notes)
    assert read.model.defaults["forth_kf"].value == 0.5
    a, b = course(read, TIMES if time == "d" else TIMES / 24, "A", "B")
    rate = 0.5 / 2 + 0.2
    extent = 0.5 * 5 / rate * (1 - np.exp(-rate * TIMES))
    np.testing.assert_allclose(a, 5 - extent / 2, rtol=CLOSE)
    np.testing.assert_allclose(b, extent, rtol=CLOSE, atol=CLOSE)


def test_rules_names_and_a_dose() -> None:
    """x = 8 exp(-0.4 t) and 7 more from day 1.5 on, y = 1 + t^2/2."""
    read = read_sbml(DATA / "sbml" / "rules_l3.xml")
    assert any(n.startswith("renamed: lambda -> lambda_, weight -> weight_, _half -> x_half_") for n in read.notes)
    assert read.schedule is not None
    assert [(float(d.time), d.amount, d.route) for d in read.schedule.doses] == [(1.5, 7.0, "x")]
    x, y, half, choice, largest = course(read, TIMES, "x", "y", "x_half_", "choice", "largest")
    exact = 8 * np.exp(-0.4 * TIMES) + np.where(TIMES > 1.5, 7 * np.exp(-0.4 * (TIMES - 1.5)), 0)
    np.testing.assert_allclose(x, exact, rtol=CLOSE)
    np.testing.assert_allclose(y, 1 + TIMES**2 / 2, rtol=CLOSE)
    np.testing.assert_array_equal(half, x / 2)
    np.testing.assert_array_equal(choice, x > 5)
    np.testing.assert_array_equal(largest, np.maximum(x, y))


def test_crauste_gives_the_reference_simulation() -> None:
    """The benchmark's own simulation, at slightly other values of its parameters."""
    folder = DATA / "crauste2017"
    read = read_sbml(folder / "model_Crauste_CellSystems2017.xml")
    rows = [_rows(folder, kind) for kind in ("parameters", "simulatedData")]
    values = read.model.defaults.set(**{r["parameterId"]: float(r["nominalValue"]) for r in rows[0]})
    hours = np.array([float(r["time"]) for r in rows[1]])
    # the pathogen comes close to growing without bound, which an error of 1e-6 decides
    tight = Tolerances(relative=1e-10, absolute=1e-12)
    found = simulate(Schedule.none(), read.model, values, times=hours / 24, tolerances=tight)
    for k, row in enumerate(rows[1]):
        value = found[row["observableId"].removeprefix("observable_")][k]
        # the reference has its own solver, to about 1e-6, near an explosive growth of cells
        assert value == pytest.approx(float(row["simulation"]), rel=1e-4)


def _rows(folder: Path, kind: str) -> list[dict[str, str]]:
    with (folder / f"{kind}_Crauste_CellSystems2017.tsv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("name", ["il2_minimal", "il2"])
def test_our_own_models_come_back(name: str) -> None:
    """The equations come back the same, so the same model, and with it scales and routes: the same course, bit for
    bit, of the same schedule.
    """
    model, plan = get_model(name), Schedule.daily("1 MIU", times=3)
    read = read_sbml(sbml_text(model, schedule=plan))
    assert read.model.fingerprint == model.fingerprint
    for parameter in model.defaults.tables:
        back = read.model.defaults[parameter.name]
        same = ("value", "unit", "meaning", "basis", "source", "bounds", "spread")
        assert [getattr(back, f) for f in same] == [getattr(parameter, f) for f in same]
    own, again = (simulate(plan, m, days=6) for m in (model, read.model))
    assert read.schedule == plan
    for output in model.outputs:
        np.testing.assert_array_equal(again[output.name], own[output.name])


def test_infusions_and_resets_come_back() -> None:
    """Counts of running infusions are switched by events; a reset sets every state to what it begins at. Without the
    annotation of the schedule, the events alone say so, in amounts that reach the state.
    """
    model = build("mine", _mine, time="h")
    doses = [Dose.of("3 mg", time="6h", route="iv", over="4h"), Dose.of("2 mg", time="8h", route="iv", at="0.5 mg/h")]
    plan = Schedule.of(Dose.of("5 mg", route="iv"), *doses, Dose.of("1 mg", time="20h", route="iv", reset=True))
    text = sbml_text(model, schedule=plan)
    assert read_sbml(text).schedule == plan
    read = read_sbml(text.replace("pkpd:schedule", "pkpd:other"))
    assert read.schedule is not None
    assert [d.reset for d in read.schedule.doses] == [False, False, False, True, False]
    assert sum(d.amount for d in read.schedule.doses) == pytest.approx(0.8 * 11)
    assert read.model.defaults["clearance"].unit == "mL/h"
    times = np.array([0.1, 0.3, 0.35, 0.5, 0.8, 0.9, 1.5])
    own, again = simulate(plan, model, times=times), simulate(read.schedule, read.model, times=times)
    for name in ("level", "drug_fold"):
        # an amount is multiplied by bioavailability in another order
        np.testing.assert_allclose(again[name], own[name], rtol=1e-9)


def test_a_model_of_a_user_comes_back_to_the_last_bit() -> None:
    """Scales of states are annotated, numbers and those that follow parameters, so that every step is the same one."""
    model = build("my_model", _mine, _signal, time="h")
    again = read_sbml(sbml_text(model)).model
    plan, times = Schedule.daily("5 mg", route="drug", times=3), np.linspace(0, 4, 41)
    own, other = (simulate(plan, m, times=times) for m in (model, again))
    for output in model.outputs:
        np.testing.assert_array_equal(other[output.name], own[output.name])
    without, count = re.subn(r'(kind="state"[^>]*) scale="[^"]*"', r"\1", sbml_text(model))
    assert count == 2
    coarse = simulate(plan, read_sbml(without).model, times=times)
    assert not np.array_equal(coarse["level"], own["level"])
    np.testing.assert_allclose(coarse["level"], own["level"], rtol=CLOSE)


def _signal(m: Builder) -> None:
    rate, base = m.parameter("turnover", "1/d", value=0.7), m.parameter("base_signal", "ug/mL", value=0.3)
    signal = m.state("signal", "ug/mL", initial=base, scale=base / 3)
    m.change(signal, rate * (base - signal + m["drug"] / m["volume"] / 7))
    m.output("signal", signal, "ng/mL", fold=True)


@pytest.mark.parametrize("scale", ["-1.0", "0", "nan", "3 mg", "__import__('os')"])
def test_a_scale_that_is_none_is_not_believed(scale: str) -> None:
    text = sbml_text(build("my_model", _mine, time="h"))
    assert ' scale="3"/>' in text
    read = read_sbml(text.replace(' scale="3"/>', f' scale="{scale}"/>'))
    assert any("own annotations could not be used" in note for note in read.notes)


@pytest.mark.parametrize("name", ["/../../elsewhere", "../elsewhere", "C:\\elsewhere", "x" * 101])
def test_a_name_that_is_a_path_is_not_believed(name: str) -> None:
    """The name of a model is part of the names of files."""
    text = sbml_text(build("my_model", _mine, time="h")).replace(' name="my_model" time', f' name="{name}" time')
    assert name in text
    read = read_sbml(text)
    assert read.model.name == "model_my_model"
    assert any("no name of a model" in note for note in read.notes)


def _mine(m: Builder) -> None:
    volume, base = m.parameter("volume", "L", value=2.0), m.parameter("base", "mg", value=1.5)
    clearance = m.parameter("clearance", "mL/h", value=300.0, meaning="plasma cleared")
    drug = m.state("drug", "mg", initial=base, scale=3)
    m.change(drug, clearance / volume * sympy.Max(base - drug, -2 * drug / 3))
    m.route("iv", into=drug, unit="mg", bioavailability=m.parameter("share", "1", value=0.8))
    m.output("level", drug / volume, "ug/mL")
    m.output("drug", drug, "mg", fold=True)


def test_a_value_changed_in_another_tool_counts() -> None:
    text = sbml_text(get_model("il2_minimal"))
    old = re.search(r'<parameter id="absorption"[^>]* value="([^"]*)"', text)
    assert old is not None
    read = read_sbml(text.replace(old[0], old[0].replace(old[1], "0.5"), 1))
    assert read.model.defaults["absorption"].value == 0.5
    assert read.model.defaults["absorption"].basis == "assumed"


def test_annotations_that_lie_are_not_believed() -> None:
    """A unit that does not fit the equations: plain numbers instead, and it is said."""
    text = sbml_text(get_model("il2_minimal")).replace('name="absorption" unit="1/h"', 'name="absorption" unit="mg"')
    read = read_sbml(text)
    assert any("own annotations could not be used" in note for note in read.notes)
    assert {p.unit for p in read.model.parameters} == {"1", "1/h"}


def test_an_edited_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "m.xml"
    shutil.copy(DATA / "sbml" / "reversible_l2.xml", path)
    first = sbml_model(path)
    assert sbml_model(path) is first
    path.write_text(path.read_text("utf-8").replace('value="0.5"', 'value="0.7"'), "utf-8")
    assert sbml_model(path).defaults["forth_kf"].value == 0.7
