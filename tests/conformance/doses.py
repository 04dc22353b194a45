"""Single and additional doses, bioavailability, lag, modelled rates and durations."""

from __future__ import annotations

from exact import Arrival
from scenario import SC, dose, observed, scenario

PLAIN = (
    scenario("bolus", "bolus into central", observed(dose(0)), Arrival("central", 0, 100)),
    scenario("bolus_later", "bolus that is not at the first record", observed(dose(7)), Arrival("central", 7, 100)),
    scenario("oral", "bolus into depot, absorbed", observed(dose(0, cmt=SC)), Arrival("depot", 0, 100)),
    scenario("infusion_rate", "infusion by RATE", observed(dose(1, RATE=20)), Arrival("central", 1, 100, 5)),
    scenario("infusion_duration", "infusion by DUR", observed(dose(1, DUR=6)), Arrival("central", 1, 100, 6)),
    scenario(
        "infusion_depot",
        "infusion by RATE into depot",
        observed(dose(3, cmt=SC, RATE=40)),
        Arrival("depot", 3, 100, 2.5),
    ),
    scenario(
        "infusions_overlap",
        "a second infusion while the first runs: rates add",
        observed(dose(1, RATE=10), dose(4, RATE=25)),
        Arrival("central", 1, 100, 10),
        Arrival("central", 4, 100, 4, record=2),
    ),
    scenario(
        "modelled_rate", "RATE -1: the rate is R2", observed(dose(1, RATE=-1)), Arrival("central", 1, 100, 8), R2=12.5
    ),
    scenario(
        "modelled_duration",
        "RATE -2: the duration is D2",
        observed(dose(1, RATE=-2)),
        Arrival("central", 1, 100, 5),
        D2=5,
    ),
    scenario(
        "modelled_rate_depot",
        "RATE -1 into depot: R1",
        observed(dose(1, cmt=SC, RATE=-1)),
        Arrival("depot", 1, 100, 2.5),
        R1=40,
    ),
    scenario(
        "modelled_duration_depot",
        "RATE -2 into depot: zero-order release over D1, then absorption",
        observed(dose(1, cmt=SC, RATE=-2)),
        Arrival("depot", 1, 100, 7.5),
        D1=7.5,
    ),
)

SHARES = (
    scenario("f_bolus", "F scales a bolus", observed(dose(2)), Arrival("central", 2, 30), F2=0.3),
    scenario("f_oral", "F of depot scales a dose there", observed(dose(2, cmt=SC)), Arrival("depot", 2, 60), F1=0.6),
    scenario(
        "f_rate",
        "F with RATE shortens the infusion",
        observed(dose(1, RATE=20)),
        Arrival("central", 1, 50, 2.5),
        F2=0.5,
    ),
    scenario(
        "f_above_one",
        "F above 1 with RATE lengthens it",
        observed(dose(1, RATE=20)),
        Arrival("central", 1, 150, 7.5),
        F2=1.5,
    ),
    scenario(
        "f_duration", "F with DUR thins the infusion", observed(dose(1, DUR=6)), Arrival("central", 1, 50, 6), F2=0.5
    ),
    scenario(
        "f_modelled_rate",
        "F with RATE -1 shortens the infusion",
        observed(dose(1, RATE=-1)),
        Arrival("central", 1, 50, 4),
        F2=0.5,
        R2=12.5,
    ),
    scenario(
        "f_modelled_duration",
        "F with RATE -2 thins the infusion",
        observed(dose(1, RATE=-2)),
        Arrival("central", 1, 50, 5),
        F2=0.5,
        D2=5,
    ),
)

LAGS = (
    scenario("lag_bolus", "lag of a bolus", observed(dose(2), also=(5,)), Arrival("central", 5, 100), ALAG2=3),
    scenario(
        "lag_oral_f",
        "lag and F of depot",
        observed(dose(3, cmt=SC), also=(4.5,)),
        Arrival("depot", 4.5, 60),
        F1=0.6,
        ALAG1=1.5,
    ),
    scenario(
        "lag_rate", "lag of an infusion by RATE", observed(dose(1, RATE=20)), Arrival("central", 3.5, 100, 5), ALAG2=2.5
    ),
    scenario(
        "lag_duration",
        "lag of an infusion by DUR",
        observed(dose(1, DUR=6)),
        Arrival("central", 3.5, 100, 6),
        ALAG2=2.5,
    ),
    scenario(
        "lag_modelled_rate",
        "lag, F and RATE -1 together",
        observed(dose(1, RATE=-1)),
        Arrival("central", 3.25, 80, 6.4),
        ALAG2=2.25,
        F2=0.8,
        R2=12.5,
    ),
    scenario(
        "lag_modelled_duration",
        "lag, F and RATE -2 together, into depot",
        observed(dose(1, cmt=SC, RATE=-2)),
        Arrival("depot", 3.25, 80, 7.5),
        ALAG1=2.25,
        F1=0.8,
        D1=7.5,
    ),
    scenario(
        "lag_of_each_route",
        "two doses at once whose routes have lags of their own",
        observed(dose(4, cmt=SC), dose(4, 50)),
        Arrival("depot", 5.5, 100),
        Arrival("central", 6.75, 50, record=2),
        ALAG1=1.5,
        ALAG2=2.75,
    ),
    scenario(
        "lag_tenths",
        "a lag and times that no binary number holds: arrivals on observations",
        observed(dose(0.1, II=0.7, ADDL=5), also=(0.3, 0.4, 1.1, 1.8, 2.5, 3.2, 3.9)),
        *(Arrival("central", f"{0.4 + 0.7 * n:.1f}", 100) for n in range(6)),
        ALAG2=0.3,
    ),
)

ADDITIONAL = (
    scenario(
        "addl",
        "ADDL 3: four doses in all",
        observed(dose(2, II=12, ADDL=3)),
        *(Arrival("central", 2 + 12 * n, 100) for n in range(4)),
    ),
    scenario(
        "addl_oral_f_lag",
        "F and lag hold for additional doses",
        observed(dose(2, cmt=SC, II=8, ADDL=4)),
        *(Arrival("depot", 3.25 + 8 * n, 70) for n in range(5)),
        F1=0.7,
        ALAG1=1.25,
    ),
    scenario(
        "addl_infusion",
        "additional infusions with lag",
        observed(dose(2, II=12, ADDL=3, RATE=20)),
        *(Arrival("central", 4 + 12 * n, 100, 5) for n in range(4)),
        ALAG2=2,
    ),
    scenario(
        "addl_infusion_long",
        "additional infusions longer than their interval: up to three run at once",
        observed(dose(0, II=8, ADDL=5, RATE=5), until=72),
        *(Arrival("central", 8 * n, 100, 20) for n in range(6)),
    ),
    scenario(
        "addl_modelled_duration",
        "RATE -2 with ADDL, D2 longer than II",
        observed(dose(0, II=6, ADDL=4, RATE=-2)),
        *(Arrival("central", 6 * n, 100, 7.5) for n in range(5)),
        D2=7.5,
    ),
    scenario(
        "addl_lag_long",
        "a lag longer than the interval: every dose arrives, late",
        observed(dose(0, cmt=SC, II=8, ADDL=4), until=72, also=(19, 27, 35)),
        *(Arrival("depot", 19 + 8 * n, 100) for n in range(5)),
        ALAG1=19,
    ),
    scenario(
        "addl_two_records",
        "two records whose additional doses interleave and meet at 24 h and 48 h",
        observed(dose(0, 60, II=12, ADDL=4), dose(6, 25, cmt=SC, II=18, ADDL=3), until=72),
        *(Arrival("central", 12 * n, 60) for n in range(5)),
        *(Arrival("depot", 6 + 18 * n, 25, record=2) for n in range(4)),
    ),
)

SCENARIOS = (*PLAIN, *SHARES, *LAGS, *ADDITIONAL)
