"""Dose records of every kind beside the arrivals that must follow from them, written down by hand.

An arrival is what reaches a compartment, when, how much, over how long, and during which time it counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from pkpd.dosing.dose import Dose

PAST = 400.0  # hours of earlier doses summed for a steady state: the slowest half-life is 7 h, so 1e-17 is left out


@dataclass(frozen=True)
class Arrival:
    """`amount` (mg, after bioavailability) enters "depot" or "central" at `start` (h) over `hours`.

    It counts from `since` (a steady-state record) to `until` (a reset).
    """

    into: str
    start: float
    amount: float
    hours: float = 0.0
    since: float = -inf
    until: float = inf


@dataclass(frozen=True)
class Case:
    """Dose records, the arrivals they must amount to, and parameters changed for it."""

    name: str
    doses: tuple[Dose, ...]
    arrivals: tuple[Arrival, ...]
    changes: dict[str, float] = field(default_factory=dict)


def past(
    into: str, first: float, every: float, amount: float, hours: float = 0.0, since: float = 0.0, until: float = inf
) -> list[Arrival]:
    """The arrivals of a dose repeated for ever up to the one at `first`, which all count from `since` on."""
    return [Arrival(into, first - k * every, amount, hours, since, until) for k in range(int(PAST / every) + 1)]


def dose(
    hour: float, amount: float = 100.0, route: str = "iv", hours: float | None = None, **more: float | bool
) -> Dose:
    """A record at `hour`, as an infusion over `hours` if given; `ii` in hours."""
    interval = f"{more.pop('ii', 0)}h"
    over = None if hours is None else f"{hours}h"
    rate = f"{more.pop('rate')} mg/h" if "rate" in more else None
    return Dose.of(f"{amount} mg", time=f"{hour}h", route=route, over=over, at=rate, interval=interval, **more)  # type: ignore[arg-type]


DOSES = (
    Case("bolus", (dose(0),), (Arrival("central", 0, 100),)),
    Case("bolus, not at the start", (dose(7),), (Arrival("central", 7, 100),)),
    Case(
        "bolus with bioavailability and lag",
        (dose(2),),
        (Arrival("central", 5, 30),),
        {"iv_bioavailability": 0.3, "iv_lag": 3},
    ),
    Case("infusion with a duration", (dose(1, hours=6),), (Arrival("central", 1, 100, 6),)),
    Case("infusion at a rate", (dose(1, rate=20),), (Arrival("central", 1, 100, 5),)),
    Case(
        "bioavailability shortens a given rate",
        (dose(1, rate=20),),
        (Arrival("central", 1, 50, 2.5),),
        {"iv_bioavailability": 0.5},
    ),
    Case(
        "bioavailability thins a given duration",
        (dose(1, hours=6),),
        (Arrival("central", 1, 50, 6),),
        {"iv_bioavailability": 0.5},
    ),
    Case("infusion with lag", (dose(1, hours=6),), (Arrival("central", 3.5, 100, 6),), {"iv_lag": 2.5}),
    Case(
        "overlapping infusions",
        (dose(1, hours=6), dose(4, rate=25)),
        (Arrival("central", 1, 100, 6), Arrival("central", 4, 100, 4)),
    ),
    Case("absorption", (dose(0, route="sc"),), (Arrival("depot", 0, 100),)),
    Case(
        "absorption with lag and bioavailability",
        (dose(3, route="sc"),),
        (Arrival("depot", 4.5, 60),),
        {"sc_bioavailability": 0.6, "sc_lag": 1.5},
    ),
    Case(
        "infusion into the depot",
        (dose(3, route="sc", rate=40),),
        (Arrival("depot", 4, 60, 1.5),),
        {"sc_bioavailability": 0.6, "sc_lag": 1},
    ),
    Case(
        "superposition over routes",
        (dose(0, route="sc"), dose(5, 40), dose(5, 60, hours=3), dose(5, 70, route="sc"), dose(30, 10)),
        (
            Arrival("depot", 1, 100),
            Arrival("central", 5, 40),
            Arrival("central", 5, 60, 3),
            Arrival("depot", 6, 70),
            Arrival("central", 30, 10),
        ),
        {"sc_lag": 1},
    ),
    Case(
        "additional doses",
        (dose(2, additional=3, ii=12),),
        tuple(Arrival("central", 2 + 12 * k, 100) for k in range(4)),
    ),
    Case(
        "additional doses with lag and infusion",
        (dose(2, additional=3, ii=12, hours=5),),
        tuple(Arrival("central", 4 + 12 * k, 100, 5) for k in range(4)),
        {"iv_lag": 2},
    ),
    Case(
        "infusions longer than their interval",
        (dose(0, additional=5, ii=8, hours=20),),
        tuple(Arrival("central", 8 * k, 100, 20) for k in range(6)),
    ),
    Case(
        "lag longer than the interval",
        (dose(0, route="sc", additional=4, ii=8),),
        tuple(Arrival("depot", 19 + 8 * k, 100) for k in range(5)),
        {"sc_lag": 19},
    ),
    Case(
        "dose at the last time", (dose(0), dose(95.5, 50)), (Arrival("central", 0, 100), Arrival("central", 95.5, 50))
    ),
)

STEADY = (
    Case("SS=1 bolus", (dose(0, steady_state=1, ii=12),), tuple(past("central", 0, 12, 100))),
    Case(
        "SS=1 forgets what was there",
        (dose(0, 500, hours=30), dose(10, 40, steady_state=1, ii=12)),
        (Arrival("central", 0, 500, 30, until=10), *past("central", 10, 12, 40, since=10)),
    ),
    Case(
        "SS=1 with additional doses",
        (dose(10, steady_state=1, ii=12, additional=2),),
        (*past("central", 10, 12, 100, since=10), Arrival("central", 22, 100), Arrival("central", 34, 100)),
    ),
    Case("SS=1 infusion", (dose(4, steady_state=1, ii=12, hours=3),), tuple(past("central", 4, 12, 100, 3, since=4))),
    Case(
        "SS=1 infusion at a rate, with bioavailability",
        (dose(4, steady_state=1, ii=12, rate=20),),
        tuple(past("central", 4, 12, 50, 2.5, since=4)),
        {"iv_bioavailability": 0.5},
    ),
    Case(
        "SS=1 infusion that fills the interval",
        (dose(4, steady_state=1, ii=12, hours=12),),
        tuple(past("central", 4, 12, 100, 12, since=4)),
    ),
    Case(
        "SS=1 infusion longer than the interval",
        (dose(4, steady_state=1, ii=8, hours=20),),
        tuple(past("central", 4, 8, 100, 20, since=4)),
    ),
    Case(
        "SS=1 infusion of two intervals",
        (dose(4, steady_state=1, ii=8, hours=16),),
        tuple(past("central", 4, 8, 100, 16, since=4)),
    ),
    Case(
        "SS=1 with lag",
        (dose(4, route="sc", steady_state=1, ii=12),),
        tuple(past("depot", 5.5, 12, 60, since=4)),
        {"sc_lag": 1.5, "sc_bioavailability": 0.6},
    ),
    Case(
        "SS=1 with a lag of one interval",
        (dose(4, steady_state=1, ii=12),),
        tuple(past("central", 16, 12, 100, since=4)),
        {"iv_lag": 12},
    ),
    Case(
        "SS=1 with a lag longer than the interval",
        (dose(4, steady_state=1, ii=12),),
        tuple(past("central", 33, 12, 100, since=4)),
        {"iv_lag": 29},
    ),
    Case(
        "SS=1 infusion with lag, running at the record",
        (dose(4, steady_state=1, ii=12, hours=8),),
        tuple(past("central", 10, 12, 100, 8, since=4)),
        {"iv_lag": 6},
    ),
    Case(
        "SS=1 infusion longer than the interval, with a lag longer than it",
        (dose(4, steady_state=1, ii=8, hours=20),),
        tuple(past("central", 14.5, 8, 100, 20, since=4)),
        {"iv_lag": 10.5},
    ),
    Case(
        "SS=2 adds to what is there",
        (dose(0, 70), dose(6, 40, hours=10), dose(8, 30, steady_state=2, ii=12)),
        (Arrival("central", 0, 70), Arrival("central", 6, 40, 10), *past("central", 8, 12, 30, since=8)),
    ),
    Case(
        "SS=2 for a second daily dose",
        (dose(4, 50, steady_state=1, ii=24, additional=2), dose(14, 20, steady_state=2, ii=24, additional=2)),
        (
            *past("central", 4, 24, 50, since=4),
            *(Arrival("central", 4 + 24 * k, 50) for k in (1, 2)),
            *past("central", 14, 24, 20, since=14),
            *(Arrival("central", 14 + 24 * k, 20) for k in (1, 2)),
        ),
    ),
    Case(
        "SS=2 infusion with lag",
        (dose(0, 70), dose(8, 30, hours=9, steady_state=2, ii=12)),
        (Arrival("central", 5, 70), *past("central", 13, 12, 30, 9, since=8)),
        {"iv_lag": 5},
    ),
    Case(
        "SS=1 constant infusion",
        (dose(6, 0, rate=5, steady_state=1),),
        (Arrival("central", 6 - PAST, 5 * PAST, PAST, since=6),),
    ),
    Case(
        "SS=2 constant infusion",
        (dose(0, 80), dose(6, 0, rate=5, steady_state=2)),
        (Arrival("central", 0, 80), Arrival("central", 6 - PAST, 5 * PAST, PAST, since=6)),
    ),
)

RESETS = (
    Case(
        "EVID 3 cancels additional doses",
        (dose(0, additional=5, ii=12), dose(30, 0, reset=True)),
        tuple(Arrival("central", 12 * k, 100, until=30) for k in range(3)),
    ),
    Case(
        "EVID 3 cancels a running infusion",
        (dose(0, hours=20), dose(9, 0, reset=True)),
        (Arrival("central", 0, 100, 20, until=9),),
    ),
    Case(
        "EVID 3 cancels a lagged dose and spares later ones",
        (dose(4, route="sc"), dose(9, 0, reset=True), dose(12, 50)),
        (Arrival("central", 12, 50),),
        {"sc_lag": 6},
    ),
    Case("EVID 3 cancels a lagged infusion", (dose(4, hours=3), dose(6, 0, reset=True)), (), {"iv_lag": 5}),
    Case(
        "EVID 4 resets and doses",
        (dose(0, additional=5, ii=12, hours=10), dose(30, 40, reset=True)),
        (*(Arrival("central", 12 * k, 100, 10, until=30) for k in range(3)), Arrival("central", 30, 40)),
    ),
    Case(
        "EVID 4 with lag",
        (dose(0), dose(20, 40, reset=True)),
        (Arrival("central", 4, 100, until=20), Arrival("central", 24, 40)),
        {"iv_lag": 4},
    ),
    Case(
        "EVID 4 at steady state",
        (dose(0, hours=40), dose(20, 40, reset=True, steady_state=1, ii=12)),
        (Arrival("central", 0, 100, 40, until=20), *past("central", 20, 12, 40, since=20)),
    ),
    Case(
        "SS=1 cancels what was pending",
        (dose(0, additional=5, ii=12, hours=9), dose(1, route="sc"), dose(6, 40, steady_state=1, ii=12)),
        (Arrival("central", 0, 100, 9, until=6), *past("central", 6, 12, 40, since=6)),
        {"sc_lag": 10},
    ),
    Case(
        "SS=1 ends an earlier steady infusion",
        (dose(0, steady_state=1, ii=8, hours=20), dose(6, 40, steady_state=1, ii=12)),
        (*past("central", 0, 8, 100, 20, until=6), *past("central", 6, 12, 40, since=6)),
    ),
)
