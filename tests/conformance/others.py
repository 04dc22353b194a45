"""Several routes and IDs, other records, clocks started again, changing covariates, and two compartments."""

from __future__ import annotations

from exact import Arrival
from scenario import (
    OUTER,
    SC,
    Row,
    Scenario,
    Subject,
    again,
    changing,
    dose,
    event,
    observation,
    observed,
    scenario,
)

SEVERAL = (
    scenario(
        "routes",
        "two routes superpose: lag and F of each",
        observed(dose(0, cmt=SC), dose(5, 40), dose(5, 60, RATE=20), dose(5, 70, cmt=SC), dose(30, 10)),
        Arrival("depot", 1, 80),
        Arrival("central", 5.5, 20, record=2),
        Arrival("central", 5.5, 30, 1.5, record=3),
        Arrival("depot", 6, 56, record=4),
        Arrival("central", 30.5, 5, record=5),
        F1=0.8,
        ALAG1=1,
        F2=0.5,
        ALAG2=0.5,
    ),
    scenario(
        "other_event",
        "EVID 2 changes nothing",
        observed(dose(0), event(3, 2), event(12, 2)),
        Arrival("central", 0, 100),
    ),
    scenario(
        "first_time_100",
        "TIME of the first record is 100",
        (observation(100), dose(100, cmt=SC, II=6, ADDL=1), *map(observation, (101, 106, 110))),
        Arrival("depot", 100, 100),
        Arrival("depot", 106, 100),
    ),
    scenario("no_dose", "observations only: nothing is there", (observation(0), event(1, 2), observation(5))),
    Scenario(
        "several_ids",
        "three IDs: what one receives does not reach the next",
        {
            "1": Subject(
                observed(dose(0, RATE=5, II=8, ADDL=9), until=24),
                tuple(Arrival("central", 8 * n, 100, 20) for n in range(10)),
            ),
            "7": Subject(observed(until=12), ()),
            "3": Subject(observed(dose(3, 50, cmt=SC), until=24), (Arrival("depot", 3, 50),)),
        },
    ),
)


def restarted(first: tuple[Row, ...], hours: int, second: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows whose clock is started again after `hours`."""
    return (*first, *again(hours, second))


CLOCK = (
    scenario(
        "clock_reset",
        "TIME starts again at EVID 3",
        restarted(observed(dose(0, II=12, ADDL=9), until=20), 20, (event(0, 3), *observed(dose(1, 50), until=20))),
        *(Arrival("central", 12 * n, 100, until=2) for n in range(2)),
        Arrival("central", 21, 50, record=3),
    ),
    scenario(
        "clock_reset_and_dose",
        "TIME starts again at EVID 4",
        restarted(
            observed(dose(0, RATE=4), until=20),
            20,
            (dose(0, 50, cmt=SC, EVID=4, II=6, ADDL=2), *observed(until=20)),
        ),
        Arrival("central", 0, 100, 25, until=2),
        *(Arrival("depot", 20 + 6 * n, 50, record=2) for n in range(3)),
    ),
)

BOLUS = ((6, 1), (14, 2), (20, 0.25), (48, 1.5))
INFUSED = ((4, 1), (10, 3), (12, 0.5), (18, 2), (48, 1))
COVARIATE = (
    Scenario(
        "covariate",
        "RENAL multiplies the elimination; each value holds since the record before",
        {
            "1": Subject(
                changing(observed(dose(0), dose(14, 60, cmt=SC)), BOLUS),
                (Arrival("central", 0, 100), Arrival("depot", 14, 60, record=2)),
                BOLUS,
            )
        },
    ),
    Scenario(
        "covariate_sparse",
        "long gaps between records: the next value counts for the whole gap, by hand",
        {
            "1": Subject(
                (
                    dose(0, RENAL=9),
                    observation(8, RENAL=0.5),
                    event(20, 2, RENAL=2),
                    observation(24, RENAL=1),
                    dose(24, 40, RENAL=7),
                    observation(30, RENAL=3),
                ),
                (Arrival("central", 0, 100), Arrival("central", 24, 40, record=3)),
                ((8, 0.5), (20, 2), (24, 1), (30, 3)),
            )
        },
    ),
    Scenario(
        "covariate_infusion",
        "RENAL changes during infusions and additional doses",
        {
            "1": Subject(
                changing(observed(dose(1, RATE=12.5, II=10, ADDL=2)), INFUSED),
                tuple(Arrival("central", 1 + 10 * n, 100, 8) for n in range(3)),
                INFUSED,
            )
        },
    ),
    Scenario(
        "covariate_ids",
        "RENAL constant within each of two IDs",
        {
            "1": Subject(
                changing(observed(dose(0), until=24), ((24, 0.5),)), (Arrival("central", 0, 100),), ((24, 0.5),)
            ),
            "2": Subject(changing(observed(dose(0), until=24), ((24, 2),)), (Arrival("central", 0, 100),), ((24, 2),)),
        },
    ),
    Scenario(
        "covariate_clock",
        "RENAL changes and TIME starts again at EVID 4",
        {
            "1": Subject(
                restarted(
                    (dose(0, RENAL=1), observation(6, RENAL=0.5), observation(12, RENAL=2)),
                    12,
                    (dose(0, 80, EVID=4, RENAL=1), observation(3, RENAL=3), observation(9, RENAL=0.25)),
                ),
                (Arrival("central", 0, 100, until=2), Arrival("central", 12, 80, record=2)),
                ((6, 0.5), (12, 2), (15, 3), (21, 0.25)),
            )
        },
    ),
)

TWO = (
    scenario("two_bolus", "two compartments: bolus", observed(dose(0)), Arrival("central", 0, 100), structure="two"),
    scenario(
        "two_oral", "two compartments: absorption", observed(dose(1, cmt=SC)), Arrival("depot", 1, 100), structure="two"
    ),
    scenario(
        "two_infusion",
        "two compartments: infusion with F and lag",
        observed(dose(1, RATE=20)),
        Arrival("central", 2.5, 80, 4),
        structure="two",
        F2=0.8,
        ALAG2=1.5,
    ),
    scenario(
        "two_peripheral",
        "dose into CMT 3, which has no route: no lag, F is 1",
        observed(dose(2, cmt=OUTER)),
        Arrival("peripheral", 2, 100),
        structure="two",
        F1=0.5,
        F2=0.5,
        ALAG1=3,
        ALAG2=3,
    ),
    scenario(
        "two_peripheral_addl",
        "doses into all three compartments",
        observed(dose(0, 50, cmt=OUTER, II=8, ADDL=2), dose(3, 80, cmt=SC), dose(5, 20), event(30, 3)),
        *(Arrival("peripheral", 8 * n, 50, until=4) for n in range(3)),
        Arrival("depot", 3, 80, record=2, until=4),
        Arrival("central", 5, 20, record=3, until=4),
        structure="two",
    ),
    scenario(
        "two_ss_oral",
        "two compartments: SS 1 into depot with lag",
        observed(dose(4, cmt=SC, SS=1, II=12)),
        Arrival("depot", 5.5, 100, every=12),
        structure="two",
        ALAG1=1.5,
    ),
    scenario(
        "two_ss_infusion_long",
        "two compartments: SS 1 infusion longer than the interval",
        observed(dose(4, SS=1, II=8, RATE=5)),
        Arrival("central", 4, 100, 20, every=8),
        structure="two",
    ),
    scenario(
        "two_ss_peripheral",
        "two compartments: SS 2 into CMT 3",
        observed(dose(0), dose(6, 30, cmt=OUTER, SS=2, II=12)),
        Arrival("central", 0, 100),
        Arrival("peripheral", 6, 30, record=2, every=12),
        structure="two",
    ),
    scenario(
        "two_constant",
        "two compartments: constant infusion at steady state",
        observed(dose(6, 0, RATE=5, SS=1)),
        Arrival("central", 6, 5, forever=True),
        structure="two",
    ),
)

SCENARIOS = (*SEVERAL, *CLOCK, *COVARIATE, *TWO)
