"""Resets and ties: what happens at one time, in which order."""

from __future__ import annotations

from exact import Arrival
from scenario import SC, Scenario, Subject, dose, event, observation, observed, scenario

RESETS = (
    scenario(
        "reset_addl",
        "EVID 3 empties and cancels additional doses",
        observed(dose(0, II=12, ADDL=5), event(30, 3)),
        *(Arrival("central", 12 * n, 100, until=2) for n in range(3)),
    ),
    scenario(
        "reset_infusion",
        "EVID 3 ends a running infusion",
        observed(dose(0, RATE=5), event(9, 3)),
        Arrival("central", 0, 100, 20, until=2),
    ),
    scenario(
        "reset_lagged",
        "EVID 3 cancels a lagged dose and spares later ones",
        observed(dose(4, cmt=SC), event(9, 3), dose(12, 50)),
        Arrival("central", 12, 50, record=3),
        ALAG1=6,
    ),
    scenario(
        "reset_steady",
        "EVID 3 ends the infusions that SS 1 implied",
        observed(dose(0, SS=1, II=8, RATE=5), event(5, 3)),
        Arrival("central", 0, 100, 20, every=8, until=2),
    ),
    scenario(
        "reset_addl_tie",
        "an additional dose at the time of EVID 3 comes first and is lost",
        observed(dose(0, II=12, ADDL=3), event(24, 3)),
        *(Arrival("central", 12 * n, 100, until=2) for n in range(3)),
    ),
    scenario(
        "reset_and_dose",
        "EVID 4 resets, then doses",
        observed(dose(0, II=12, ADDL=5, RATE=10), dose(30, 40, EVID=4)),
        *(Arrival("central", 12 * n, 100, 10, until=2) for n in range(3)),
        Arrival("central", 30, 40, record=2),
    ),
    scenario(
        "reset_and_dose_lag",
        "EVID 4 with lag: empty until the dose arrives",
        observed(dose(0), dose(20, 40, EVID=4)),
        Arrival("central", 4, 100, until=2),
        Arrival("central", 24, 40, record=2),
        ALAG2=4,
    ),
    scenario(
        "reset_and_dose_addl",
        "EVID 4 with ADDL and an infusion",
        observed(dose(0, cmt=SC, II=6, ADDL=9), dose(20, 40, EVID=4, II=10, ADDL=2, RATE=10)),
        *(Arrival("depot", 6 * n, 100, until=2) for n in range(4)),
        *(Arrival("central", 20 + 10 * n, 40, 4, record=2) for n in range(3)),
    ),
    scenario(
        "reset_and_dose_steady",
        "EVID 4 with SS 1",
        observed(dose(0, RATE=2.5), dose(20, 40, EVID=4, SS=1, II=12)),
        Arrival("central", 0, 100, 40, until=2),
        Arrival("central", 20, 40, record=2, every=12),
    ),
    scenario(
        "reset_and_dose_steady_added",
        "EVID 4 with SS 2: the reset comes first, so it is as SS 1",
        observed(dose(0), dose(20, 40, EVID=4, SS=2, II=12)),
        Arrival("central", 0, 100, until=2),
        Arrival("central", 20, 40, record=2, every=12),
    ),
    scenario(
        "reset_before_dose",
        "EVID 3 and a dose at one time, reset first: the dose stays",
        observed(dose(0), event(6, 3), dose(6, 40)),
        Arrival("central", 0, 100, until=2),
        Arrival("central", 6, 40, record=3),
    ),
    scenario(
        "reset_after_dose",
        "EVID 3 and a dose at one time, dose first: nothing is left",
        (
            observation(0),
            dose(0),
            observation(6),
            dose(6, 40),
            observation(6),
            event(6, 3),
            observation(6),
            observation(9),
        ),
        Arrival("central", 0, 100, until=3),
        Arrival("central", 6, 40, record=2, until=3),
    ),
)

TENTHS = Scenario(
    "reset_lag_tie_tenths",
    "a lagged dose at an observation and EVID 3, at tenths of an hour: before both, and lost",
    {
        str(n): Subject(
            (
                dose(f"0.{n}"),
                *map(observation, (f"{n / 10 + 0.2:.1f}",) * 2),
                event(f"{n / 10 + 0.2:.1f}", 3),
                *map(observation, (f"{n / 10 + 0.2:.1f}", 2)),
            ),
            (Arrival("central", f"{n / 10 + 0.2:.1f}", 100, until=2),),
        )
        for n in range(1, 10)
    },
    changes={"ALAG2": 0.2},
)

TIES = (
    TENTHS,
    scenario(
        "doses_at_once",
        "two doses at one time both count",
        observed(dose(6, 30), dose(6, 50)),
        *(Arrival("central", 6, 30), Arrival("central", 6, 50, record=2)),
    ),
    scenario(
        "order_of_records",
        "observations before, between and after two doses at one time",
        (observation(0), observation(6), dose(6, 30), observation(6), dose(6, 50), observation(6), observation(12)),
        Arrival("central", 6, 30),
        Arrival("central", 6, 50, record=2),
    ),
    scenario(
        "dose_after_all",
        "a dose after the last observation of its time and of the table",
        (observation(0), dose(0), observation(8), dose(8, 50)),
        Arrival("central", 0, 100),
        Arrival("central", 8, 50, record=2),
    ),
    scenario(
        "addl_tie",
        "an additional dose at an observation comes first",
        (observation(0), dose(0, II=8, ADDL=2), *(observation(t) for t in (4, 8, 12, 16, 20))),
        *(Arrival("central", 8 * n, 100) for n in range(3)),
    ),
    scenario(
        "addl_dose_tie",
        "an additional dose at an observation and a dose: before both",
        (observation(0), dose(0, II=8, ADDL=1), observation(8), dose(8, 30), observation(8), observation(10)),
        *(Arrival("central", 8 * n, 100) for n in range(2)),
        Arrival("central", 8, 30, record=2),
    ),
    scenario(
        "lag_tie",
        "a lagged dose arrives at an observation and a dose: before both",
        (observation(2), dose(2, cmt=SC), observation(5), dose(5, 30), observation(5), observation(9)),
        Arrival("depot", 5, 100),
        Arrival("central", 5, 30, record=2),
        ALAG1=3,
    ),
    scenario(
        "infusion_ends_tie",
        "an infusion ends at an observation where another begins",
        observed(dose(0, RATE=12.5), dose(8, 60, RATE=20)),
        Arrival("central", 0, 100, 8),
        Arrival("central", 8, 60, 3, record=2),
    ),
    scenario(
        "ss_lag_tie",
        "a lagged dose implied by SS 1 arrives at an observation and a dose: before both",
        (dose(4, SS=1, II=12), *map(observation, (6, 9)), dose(9, 50, cmt=SC), *map(observation, (9, 12, 21, 33, 40))),
        Arrival("central", 33, 100, every=12),
        Arrival("depot", 9, 50, record=2),
        ALAG2=29,
    ),
    scenario(
        "ss_lag_reset_tie",
        "a lagged dose implied by SS 1 arrives at an observation and EVID 3: before both",
        (dose(4, SS=1, II=12), *map(observation, (6, 9)), event(9, 3), *map(observation, (9, 12, 21))),
        Arrival("central", 33, 100, every=12, until=2),
        ALAG2=29,
    ),
    scenario(
        "order_of_steady_states",
        "observations before, between and after a bolus, SS 1 and SS 2 at one time",
        (
            dose(0, cmt=SC),
            observation(6),
            dose(6, 500),
            observation(6),
            dose(6, 40, SS=1, II=12),
            observation(6),
            dose(6, 20, cmt=SC, SS=2, II=8),
            observation(6),
            observation(11),
        ),
        Arrival("depot", 0, 100, until=3),
        Arrival("central", 6, 500, record=2, until=3),
        Arrival("central", 6, 40, record=3, every=12),
        Arrival("depot", 6, 20, record=4, every=8),
    ),
    scenario(
        "order_of_infusions",
        "an infusion begins and SS 1 follows at one time: it never runs",
        (
            dose(0),
            observation(6),
            dose(6, RATE=10),
            observation(6),
            dose(6, 40, SS=1, II=12),
            observation(6),
            observation(9),
        ),
        Arrival("central", 0, 100, until=3),
        Arrival("central", 6, 100, 10, record=2, until=3),
        Arrival("central", 6, 40, record=3, every=12),
    ),
    scenario(
        "ss_tie",
        "an additional dose at the time of SS 1 is forgotten",
        observed(dose(0, II=8, ADDL=4), dose(16, 40, SS=1, II=12)),
        *(Arrival("central", 8 * n, 100, until=2) for n in range(3)),
        Arrival("central", 16, 40, record=2, every=12),
    ),
)

SCENARIOS = (*RESETS, *TIES)
