"""pkpd on the conformance suite; the suite's files against its closed forms, and these against integration."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from exact import RATES, STATES, Arrival, exact
from ours import error
from scenario import Scenario, Subject
from scenarios import NAMED, SCENARIOS
from scipy.integrate import solve_ivp

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from conformance import outdated, written_errors

# Of the peak. Each step is within 1e-10, and a scenario takes some tens of steps whose errors mostly decay.
CLOSE = 1e-8
# Steps within 1e-12 through up to 150 intervals whose errors mostly decay; the slowest half-life is 19 h, so that the
# 900 h of an endless series leave out 1e-14.
INTEGRATED, PAST = 1e-10, 900


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_pkpd_agrees(scenario: Scenario) -> None:
    """At every record, and again where only observations are asked for."""
    assert error(scenario, "all") < CLOSE
    assert error(scenario, "observations") < CLOSE


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("lag_oral_f", {"alag1": 1.5001}),
        ("ss_lag_long", {"alag2": 28.9999}),
        ("f_rate", {"f2": 0.50001}),
        ("modelled_duration", {"d2": 5.0001}),
        ("ss_modelled_rate", {"r2": 12.501}),
    ],
)
def test_this_comparison_can_fail(name: str, changes: dict[str, float]) -> None:
    assert error(NAMED[name], "all", **changes) > 100 * CLOSE


def test_files_are_up_to_date() -> None:
    assert outdated() == []


def test_errors_in_the_readme_are_within_reach() -> None:
    found = written_errors()
    assert found.keys() == NAMED.keys()
    assert max(float(value) for value in found.values()) < CLOSE


def arrivals(subject: Subject) -> list[Arrival]:
    """What arrives, with endless series written out for `PAST` hours."""
    found: list[Arrival] = []
    for a in subject.arrivals:
        past = range(ceil(PAST / exact(a.every)) if a.every else 1)
        found += [replace(a, start=exact(a.start) - n * exact(a.every), every=0) for n in past]
    return found


def matrix(structure: str, elimination: float) -> np.ndarray:
    """The rates of the compartments (1/h)."""
    ka, k, k12, k21 = (float(RATES[name]) for name in ("ka", "k", "k12", "k21"))
    if structure == "one":
        return np.array([[-ka, 0], [ka, -k * elimination]])
    return np.array([[-ka, 0, 0], [ka, -k * elimination - k12, k21], [0, k12, -k21]])


def integrated(scenario: Scenario, times: set[Fraction]) -> dict[Fraction, np.ndarray]:
    """The amounts at some times, after what arrives then, by a Runge-Kutta method of order 8 from event to event."""
    (subject,) = scenario.subjects.values()
    given, course = arrivals(subject), [(exact(end), float(value)) for end, value in subject.course]
    spans = [(exact(a.start), exact(a.start) + exact(a.hours), a) for a in given]
    moments = {t for begin, end, _ in spans for t in (begin, end)} | {end for end, _ in course} | times
    moments = sorted(t for t in moments if t <= max(times))
    y, found, states = np.zeros(len(STATES[scenario.structure])), {}, STATES[scenario.structure]
    for now, then in itertools.pairwise([*moments, moments[-1]]):
        rates = np.zeros(len(y))
        for begin, end, a in spans:
            place, amount = states.index(a.into), float(exact(a.amount))
            if begin == end == now:
                y[place] += amount
            elif begin <= now < end:
                rates[place] += amount / float(end - begin)
        found[now] = y
        if then > now:
            slope = matrix(scenario.structure, next((v for end, v in course if now < end), 1.0))
            ran = solve_ivp(
                lambda t, y, slope=slope, rates=rates: slope @ y + rates,
                (0, float(then - now)),
                y,
                method="DOP853",
                rtol=1e-12,
                atol=1e-12,
            )
            y = ran.y[:, -1]
    return {time: found[time] for time in times}


@pytest.mark.parametrize(
    "name",
    ["addl_infusion_long", "covariate_infusion", "ss_infusion_long", "ss_infusion_depot", "two_ss_infusion_long"],
)
def test_closed_forms_agree_with_integration(name: str) -> None:
    """After the last dose record, so that all arrivals count."""
    scenario = NAMED[name]
    last = max(row.clock for _, row, _ in scenario.rows if row.evid)
    rows = [(row.clock, level) for _, row, level in scenario.rows if row.clock > last]
    found = integrated(scenario, {clock for clock, _ in rows})
    for number, state in enumerate(STATES[scenario.structure]):
        want = np.array([float(level[state]) for _, level in rows])
        got = np.array([found[clock][number] for clock, _ in rows])
        assert np.max(np.abs(got - want)) < INTEGRATED * scenario.peaks[state], state
