"""No result depends on the unit a value, a dose or a time is written in."""

from __future__ import annotations

import models
import numpy as np
import pytest

from pkpd.engine.tolerances import Tolerances
from pkpd.errors import PkpdError, SimulationError
from pkpd.output.trajectory import Trajectory
from pkpd.parameters import Parameters, read_tables
from pkpd.simulation import default_parameters, simulate
from pkpd.units import amount


def worst(a: Trajectory, b: Trajectory) -> float:
    """The largest difference between two runs over all outputs, relative to the largest value of each output."""
    return max(float(np.max(np.abs(a[n] - b[n])) / np.max(np.abs(b[n]))) for n in a.outputs if np.any(b[n]))


ONE = models.one_compartment()
TEN_TIMES = 10 * Tolerances().relative  # a rewritten value differs by rounding, which may move the solver's steps


def in_other_units(parameters: Parameters, **texts: str) -> Parameters:
    """The same set as a file would hold it, with some tables in another unit."""
    tables = parameters.to_tables()
    for name, text in texts.items():
        value, unit = amount(text)
        tables[name] = {k: v for k, v in tables[name].items() if k != "bounds"} | {"value": value, "unit": unit}
    return read_tables(tables, "mine.toml", parameters.model)


@pytest.mark.parametrize(
    "texts",
    [
        {"clearance": "96 L/d"},
        {"clearance": "66.66666666666667 mL/min"},
        {"ka": "21.6 1/d", "volume": "10000 mL"},
        {"iv_bioavailability": "100%", "sc_lag": "0 d"},
    ],
)
def test_a_parameter_in_another_unit_changes_nothing(texts: dict[str, str]) -> None:
    """Whether it is set so, or stands so in a file."""
    times = np.arange(0, 4, 0.1)
    plain = simulate("10 mg sc daily x3", ONE, times=times)
    for parameters in (ONE.defaults.set(**texts), in_other_units(ONE.defaults, **texts)):
        assert worst(simulate("10 mg sc daily x3", ONE, parameters, times=times), plain) < TEN_TIMES


IL2_IN_OTHER_UNITS = {
    "treg_ec50": "0.01 nM",
    "endogenous_il2": "5e-14 M",
    "linear_clearance": "120 mL/min",
    "sc_absorption": "7.2 1/d",
    "sc_lag": "27 min",
    "bsa": "18000 cm2",
    "sc_bioavailability": "40 %",
    "treg_baseline": "3e7 cells/L",
    "weight": "70000 g",
}


def test_the_reference_model_does_not_care_for_units() -> None:
    plain = default_parameters("il2").set(linear_clearance=7.2, sc_absorption=0.3, endogenous_il2=0.05, bsa=1.8)
    plain = plain.set(treg_ec50=10, sc_lag=0.45, sc_bioavailability=0.4, treg_baseline=30, weight=70)
    a = simulate("1 MIU every 2d x3", "il2", plain, days=8)
    for other in (plain.set(**IL2_IN_OTHER_UNITS), in_other_units(plain, **IL2_IN_OTHER_UNITS)):
        b = simulate("1000 kIU every 48h x3", "il2", other, days="192h", step=0.25)
        assert worst(b, a) < TEN_TIMES


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1000 kIU daily x2", "1 MIU daily x2"),
        ("1e6 IU every 24h x2", "1 MIU daily x2"),
        ("1.1 mg iv once", "18 MIU iv once"),  # the label of aldesleukin: 1.1 mg is 18 MIU
        ("1100 ug iv over 2h once", "18 MIU iv at 9 MIU/h once"),
        ("0.5 MIU/m2 daily x2", "0.9 MIU daily x2"),  # body surface area 1.8 m2
        ("10000 IU/kg daily x2", "0.7 MIU daily x2"),  # 70 kg
        ("0.5 MIU/m2 iv at 0.25 MIU/m2/h once", "0.9 MIU iv over 2h once"),
    ],
)
def test_a_dose_in_another_unit_changes_nothing(text: str, same: str) -> None:
    parameters = default_parameters("il2").set(bsa=1.8, weight=70)
    a, b = (simulate(s, "il2", parameters, days=3) for s in (text, same))
    assert worst(a, b) < TEN_TIMES


def test_a_mass_is_no_activity_for_another_drug_and_the_reverse() -> None:
    with pytest.raises(SimulationError, match="a dose in IU cannot be given by route 'sc', which takes mg"):
        simulate("1 IU once", ONE, days=1)
    with pytest.raises(SimulationError, match="a dose in nmol cannot be given by route 'sc', which takes IU"):
        simulate("1 nmol once", "il2", days=1)


def test_a_body_size_that_is_not_known_is_asked_for() -> None:
    with pytest.raises(PkpdError, match="body surface area"):
        simulate("1 mg/m2 iv once", ONE, days=1)
