"""The shipped calibration: values, draws and reports are those that scripts/calibrate_reference.py and its neighbours
make.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import pkpd
from pkpd.inference.coordinates import coordinates
from pkpd.inference.uncertainty.draws import default_draws

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from calibrate_reference import EVIDENCE, FITS, MODELS, differences, evidence, reference_fit, varied  # noqa: E402
from structures import CHANCE, MEASUREMENTS, STRUCTURES, STUDIES, measured, rise  # noqa: E402
from trial_range import QUESTIONS, trial  # noqa: E402


@pytest.mark.parametrize("model", MODELS)
def test_a_new_fit_gives_the_shipped_values(model: str) -> None:
    """From the shipped values, and from one other start, which must find the same optimum."""
    fitted = reference_fit(model, starts=2)
    assert fitted.trouble == () and fitted.agreeing == 2
    assert differences(model, fitted) == []


@pytest.mark.parametrize("model", MODELS)
def test_the_fit_uses_every_row_to_fit_that_the_model_knows(model: str) -> None:
    outputs = {o.name for o in pkpd.get_model(model).outputs}
    every = [r for r in pkpd.load_observations(*built_in()).rows if r.role == "fit" and r.output in outputs]
    used = evidence(model).only("fit").rows
    assert {(r.study, r.origin) for r in used} == {(r.study, r.origin) for r in every}
    assert {r.study for r in used} == set(EVIDENCE)


def built_in() -> list[str]:
    """Every built-in study."""
    from pkpd.data import built_in

    return list(built_in("study"))


@pytest.mark.parametrize("model", MODELS)
def test_the_draws_lie_around_the_values(model: str) -> None:
    """Within the bounds, and with a median within 0.6 SD of the fit: a skewed posterior may lie off its mode so far."""
    draws, parameters = default_draws(model), pkpd.load_parameters(model)
    assert draws is not None and draws.names == varied(model) and len(draws.values) >= 200
    c = coordinates(parameters, draws.names)
    x = c.to_x(draws.in_units_of(parameters))
    assert np.all(x >= c.low - 1e-9) and np.all(x <= c.high + 1e-9)
    assert np.all(np.abs(np.median(x, axis=0) - c.start) < 0.6 * x.std(axis=0))


@pytest.mark.parametrize("model", MODELS)
def test_the_report_shows_the_shipped_values(model: str) -> None:
    text = (FITS / f"{model}.txt").read_text(encoding="utf-8")
    assert text.startswith("VALID\n")
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line.startswith("  ") and line.split()}
    for name in varied(model):
        # printed with three digits
        assert float(rows[name][3]) == pytest.approx(pkpd.load_parameters(model)[name].value, rel=6e-3), name


def test_the_trial_range_is_about_the_shipped_values() -> None:
    """The calibrated column, to its two decimals, from a simulation of its own."""
    lines = (FITS / "trial_range.txt").read_text(encoding="utf-8").splitlines()[1:]
    asked = [(output, day) for output, days in QUESTIONS for day in days]
    assert [(line.split()[0], float(line.split()[1])) for line in lines] == asked
    bsa = trial().courses[0].bsa
    for line, (output, day) in zip(lines, asked, strict=True):
        best, low, high = (float(word) for word in line.split()[2:])
        fold = pkpd.simulate("he2020", times=[day], bsa=bsa)[f"{output}_fold"][0]
        # printed to two decimals, and values shipped to four digits
        assert best == pytest.approx(fold, abs=0.006 + 2e-3 * fold)
        assert low < best < high


def compared() -> str:
    """The shipped comparison of structures."""
    return (FITS / "structures.txt").read_text(encoding="utf-8")


def ranked() -> dict[str, list[str]]:
    """The ranking of measurements in it: the smallest rise, the mean, and the pair with the smallest."""
    lines = compared().split("\nmeasurement ")[1].split("\n\n")[0].splitlines()[1:]
    return {words[0]: words[1:] for words in (re.split(" {2,}", line.strip()) for line in lines)}


def test_the_structures_are_compared() -> None:
    text, rows = compared(), ranked()
    for structure in STRUCTURES:
        assert structure.name in text.splitlines()[0]
    assert "separate them" in text and max(map(len, text.splitlines())) <= 120
    assert set(rows) == set(MEASUREMENTS)
    least = {name: float(words[0]) for name, words in rows.items()}
    assert list(least.values()) == sorted(least.values(), reverse=True)
    assert all(0 <= float(words[0]) <= float(words[1]) for words in rows.values())
    enough = max(value for name, value in least.items() if name not in STUDIES) >= CHANCE
    assert ("The measurement that would:" in text) == enough
    assert ("No single measurement tells every two of them apart" in text) != enough


def test_a_structure_fitted_to_what_another_predicts_costs_what_was_written() -> None:
    """The pair with the smallest rise, from fits of their own; its own prediction costs a structure nothing."""
    name = "Treg fold, daily 1 MIU/m2, day 14"
    least, _, *pair = ranked()[name]
    true, other = (next(s for s in STRUCTURES if s.name == cause).fit(starts=1) for cause in pair)
    questions = MEASUREMENTS[name]
    # printed to two decimals, and fits that end within 1e-3 of each other in cost
    assert rise(other, measured(true, questions)) == pytest.approx(float(least), abs=0.01)
    assert rise(other, measured(other, questions)) == pytest.approx(0, abs=1e-3)
