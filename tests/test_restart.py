"""A simulation stopped anywhere and continued from the state it returned goes on as if it had not been stopped.

What is pending at the stop goes with it: lagged doses, additional doses, the rest of infusions, steady-state records.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import models
import numpy as np
import pytest
from schedule_kinds import DAYS, KINDS, Kind, dose, named, parameters

from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.engine.events import TIE
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import SimulationError
from pkpd.model.registry import MODELS
from pkpd.output.trajectory import Trajectory
from pkpd.parameters import Parameters
from pkpd.simulation import simulate

FINE = Tolerances(1e-10, 1e-12)
# Another stop means other steps, whose errors of 1e-10 each add up to less than 1e-9 over four days.
SAME = 1e-8
GRID = np.arange(0, DAYS + 0.01, 0.125)


def in_parts(
    cuts: Sequence[float], schedule: Schedule, model: Any, values: Parameters, engines: Sequence[str] = ("compiled",)
) -> list[Trajectory]:
    """A run over GRID stopped at each cut (days) and continued from there, by one engine after the other."""
    start, parts, before = None, list[Trajectory](), -1.0
    for k, cut in enumerate([*cuts, float(GRID[-1])]):
        times = [*GRID[(before < GRID) & (cut > GRID)], cut]
        engine = engines[k % len(engines)]
        more: dict[str, Any] = {"side": "post", "tolerances": FINE, "engine": engine, "start": start}
        parts.append(simulate(schedule, model, values, times=times, **more))
        start, before = parts[-1].end, cut
    return parts


def gap(parts: Sequence[Trajectory], schedule: Schedule, model: Any, values: Parameters) -> float:
    """The largest difference to the run without stops, relative to each state's largest value or scale."""
    times = np.concatenate([part.times for part in parts])
    whole = simulate(schedule, model, values, times=times, side="post", tolerances=FINE)
    size = np.max(np.abs(whole.states), axis=0) + whole.bound.scale
    joined = np.concatenate([part.states for part in parts])
    ends = np.max(np.abs(parts[-1].end.y - whole.end.y) / size)
    return max(float(np.max(np.abs(joined - whole.states) / size)), float(ends))


def some_cuts(seed: int) -> list[float]:
    """Six days at random, four on the grid of eighths on which most of what happens lies, and neighbours of two."""
    rng = random.Random(seed)
    on_grid = rng.sample([float(t) for t in GRID[:-1]], 4)
    beside = [on_grid[0] + 3e-10, on_grid[1] + 1e-6]
    return sorted({*on_grid, *beside, *(rng.uniform(0, DAYS - 0.01) for _ in range(6))})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_stops_anywhere(model: str, kind: Kind) -> None:
    values = parameters(model, kind)
    assert gap(in_parts(some_cuts(1), kind.schedule, model, values), kind.schedule, model, values) < SAME


HOURS = {  # what the state returned at these hours must take along
    "lag": [0.0, 1.0, 4.9, 5.0, 24.0, 26.0],
    "lag longer than the interval": [3.0, 7.0, 13.0, 15.0, 19.0],
    "infusion given by rate": [0.0, 1.0, 2.0, 24.5],
    "infusions that overlap": [0.0, 21.0, 29.0, 30.0, 41.0, 60.0],
    "infusion into the depot": [1.0, 1.5, 4.0, 6.5],
    "additional doses": [2.0, 3.0, 22.9, 23.0, 50.0],
    "reset": [29.0, 36.0, 37.0],
    "reset and dose": [34.0, 35.0, 37.0, 39.0],
    "SS=1": [5.9, 6.0, 6.1],
    "SS=1 with lag and additional doses": [6.0, 8.0, 11.0, 30.0, 33.0],
    "SS=1 infusion": [6.0, 7.0, 12.0, 30.0, 35.0],
    "SS=2": [11.0, 12.0, 13.0],
    "constant infusion SS": [23.0, 24.0, 25.0],
    "missed and moved": [24.0, 48.0, 53.0],
}


@pytest.mark.parametrize("name", HOURS)
def test_stops_where_something_is_pending(name: str) -> None:
    """Each stop by itself, and all of them; then with another engine from each stop on."""
    kind = named(name)
    values, cuts = parameters("il2", kind), [hour / 24 for hour in HOURS[name]]
    for some in [*([cut] for cut in cuts), cuts]:
        assert gap(in_parts(some, kind.schedule, "il2", values), kind.schedule, "il2", values) < SAME
    if not name.startswith("SS"):  # scipy takes a second for each steady state
        swapped = in_parts(cuts, kind.schedule, "il2", values, ("compiled", "scipy"))
        assert gap(swapped, kind.schedule, "il2", values) < SAME


def test_a_restart_that_forgets_what_is_pending_is_seen() -> None:
    """The same cut, with the schedule from there on empty: the dose that was on its way never arrives."""
    kind = named("lag")
    values = parameters("il2", kind)
    first, _ = in_parts([2 / 24], kind.schedule, "il2", values)
    times = GRID[GRID > 2 / 24]
    forgot = simulate(Schedule.none(), "il2", values, times=times, side="post", tolerances=FINE, start=first.end)
    assert gap([first, forgot], kind.schedule, "il2", values) > 1000 * SAME


@pytest.mark.parametrize("apart", [0.0, 0.4 * TIE, -0.4 * TIE, 0.9 * TIE, 2 * TIE, -2 * TIE])
def test_nothing_happens_twice_or_never_beside_a_dose(apart: float) -> None:
    """A stop within what counts as one moment, on either side of a dose, an arrival and the end of an infusion."""
    schedule = Schedule.of(dose(24), dose(30, 2, "iv"), dose(30, 2, "iv", over="6h"))
    values = parameters("il2", named("lag"))
    cuts = [hour / 24 + apart for hour in (24, 29, 30, 36)]
    assert gap(in_parts(cuts, schedule, "il2", values), schedule, "il2", values) < SAME


def test_doses_decided_on_the_way() -> None:
    """Adaptive dosing: each next dose is added to the schedule once the state before it is known."""
    model = models.two_compartments()
    whole = parse("100 mg daily x4")
    values = model.defaults.set(sc_lag="30 h", sc_bioavailability=0.6)
    start, states = None, []
    for day in range(1, 5):
        known = parse(f"100 mg daily x{day}")  # the next dose is not decided before the state of this day is seen
        t = simulate(known, model, values, times=[day - 1e-3], start=start, tolerances=FINE)
        start = t.end
        states.append(t.states[0])
    wanted = simulate(whole, model, values, times=[day - 1e-3 for day in range(1, 5)], tolerances=FINE).states
    assert np.max(np.abs(np.array(states) - wanted)) < SAME * np.max(wanted)
    assert np.max(wanted[0]) == 0 < np.max(wanted[1])  # the lag of 30 h is longer than one part


def test_a_start_of_another_model_or_a_later_day_is_refused() -> None:
    end = simulate("1 MIU once", "il2", times=[2.0]).end
    with pytest.raises(SimulationError, match=r"the start has \d+ states and model il2_minimal \d+"):
        simulate("1 MIU once", "il2_minimal", times=[3.0], start=end)
    with pytest.raises(SimulationError, match=r"1\.5 d lies before the start on day 2"):
        simulate("1 MIU once", "il2", times=[1.5], start=end)


def test_stopping_at_the_start_again_changes_nothing() -> None:
    """No time passes, so nothing that happened at that time happens again, and the state keeps its bits."""
    kind = named("infusions that overlap")
    end = simulate(kind.schedule, "il2", times=[20 / 24]).end
    again = simulate(kind.schedule, "il2", times=[20 / 24], side="post", start=end)
    assert again.end.time == end.time and again.end.y.tobytes() == end.y.tobytes() == again.states[0].tobytes()
