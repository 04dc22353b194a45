"""Steady states: SS 1 and 2, with infusions, lag, modelled durations, additional doses, and constant infusions."""

from __future__ import annotations

from exact import Arrival
from scenario import SC, dose, observed, scenario

ONES = (
    scenario("ss_bolus", "SS 1 bolus", observed(dose(0, SS=1, II=12)), Arrival("central", 0, 100, every=12)),
    scenario("ss_oral", "SS 1 into depot", observed(dose(4, cmt=SC, SS=1, II=8)), Arrival("depot", 4, 100, every=8)),
    scenario(
        "ss_infusion",
        "SS 1 infusion by RATE",
        observed(dose(4, SS=1, II=12, RATE=40)),
        Arrival("central", 4, 100, 2.5, every=12),
    ),
    scenario(
        "ss_infusion_f",
        "SS 1 infusion by RATE, shortened by F",
        observed(dose(4, SS=1, II=12, RATE=20)),
        Arrival("central", 4, 50, 2.5, every=12),
        F2=0.5,
    ),
    scenario(
        "ss_infusion_duration",
        "SS 1 infusion by DUR, thinned by F",
        observed(dose(4, SS=1, II=12, DUR=3)),
        Arrival("central", 4, 50, 3, every=12),
        F2=0.5,
    ),
    scenario(
        "ss_infusion_fills",
        "SS 1 infusion as long as the interval: constant until it ends",
        observed(dose(4, SS=1, II=8, RATE=12.5)),
        Arrival("central", 4, 100, 8, every=8),
    ),
    scenario(
        "ss_infusion_long",
        "SS 1 infusion longer than the interval: earlier ones still run",
        observed(dose(4, SS=1, II=8, RATE=5)),
        Arrival("central", 4, 100, 20, every=8),
    ),
    scenario(
        "ss_infusion_two_intervals",
        "SS 1 infusion of exactly two intervals",
        observed(dose(4, SS=1, II=8, RATE=6.25)),
        Arrival("central", 4, 100, 16, every=8),
    ),
    scenario(
        "ss_infusion_depot",
        "SS 1 infusion into depot, longer than the interval",
        observed(dose(4, cmt=SC, SS=1, II=6, RATE=10)),
        Arrival("depot", 4, 100, 10, every=6),
    ),
    scenario(
        "ss_modelled_rate",
        "SS 1 with RATE -1 and F",
        observed(dose(4, SS=1, II=12, RATE=-1)),
        Arrival("central", 4, 50, 4, every=12),
        R2=12.5,
        F2=0.5,
    ),
    scenario(
        "ss_modelled_duration",
        "SS 1 with RATE -2, D2 longer than the interval",
        observed(dose(4, SS=1, II=6, RATE=-2)),
        Arrival("central", 4, 100, 7.5, every=6),
        D2=7.5,
    ),
    scenario(
        "ss_addl",
        "SS 1 with ADDL: additional doses follow the steady state",
        observed(dose(10, SS=1, II=12, ADDL=2)),
        Arrival("central", 10, 100, every=12),
        Arrival("central", 22, 100),
        Arrival("central", 34, 100),
    ),
    scenario(
        "ss_addl_infusion_long",
        "SS 1 with ADDL, infusions longer than the interval: the plateau goes on",
        observed(dose(4, SS=1, II=8, ADDL=2, RATE=5), until=72),
        Arrival("central", 4, 100, 20, every=8),
        Arrival("central", 12, 100, 20),
        Arrival("central", 20, 100, 20),
    ),
    scenario(
        "ss_forgets",
        "SS 1 forgets amounts and a running infusion",
        observed(dose(0, 500), dose(2, 300, RATE=10), dose(10, 40, SS=1, II=12)),
        Arrival("central", 0, 500, until=3),
        Arrival("central", 2, 300, 30, record=2, until=3),
        Arrival("central", 10, 40, record=3, every=12),
    ),
    scenario(
        "ss_cancels",
        "SS 1 cancels additional doses and lagged ones of any route",
        observed(dose(0, II=12, ADDL=5), dose(1, cmt=SC), dose(6, 40, SS=1, II=12)),
        Arrival("central", 0, 100, until=3),
        Arrival("central", 6, 40, record=3, every=12),
        ALAG1=10,
    ),
    scenario(
        "ss_ends_steady",
        "SS 1 ends the infusions that an earlier SS 1 implied",
        observed(dose(0, SS=1, II=8, RATE=5), dose(6, 40, SS=1, II=12)),
        Arrival("central", 0, 100, 20, every=8, until=2),
        Arrival("central", 6, 40, record=2, every=12),
    ),
)

LAGS = (
    scenario(
        "ss_lag",
        "SS 1 with lag: at the record the state is that of II - lag after an arrival",
        observed(dose(4, cmt=SC, SS=1, II=12), also=(5.5,)),
        Arrival("depot", 5.5, 60, every=12),
        ALAG1=1.5,
        F1=0.6,
    ),
    scenario(
        "ss_lag_interval",
        "SS 1 with a lag of one interval: an implied dose arrives at the record",
        observed(dose(4, SS=1, II=12)),
        Arrival("central", 16, 100, every=12),
        ALAG2=12,
    ),
    scenario(
        "ss_lag_long",
        "SS 1 with a lag longer than the interval: implied doses arrive after the record",
        observed(dose(4, SS=1, II=12), also=(9, 21, 33)),
        Arrival("central", 33, 100, every=12),
        ALAG2=29,
    ),
    scenario(
        "ss_lag_infusion",
        "SS 1 infusion with lag: an implied one runs at the record",
        observed(dose(4, SS=1, II=12, RATE=12.5)),
        Arrival("central", 10, 100, 8, every=12),
        ALAG2=6,
    ),
    scenario(
        "ss_lag_infusion_long",
        "SS 1, infusion and lag both longer than the interval",
        observed(dose(4, SS=1, II=8, RATE=5)),
        Arrival("central", 14.5, 100, 20, every=8),
        ALAG2=10.5,
    ),
    scenario(
        "ss_lag_addl",
        "SS 1 with ADDL and a lag longer than the interval: no gap",
        observed(dose(4, SS=1, II=8, ADDL=3), until=72),
        Arrival("central", 17, 100, every=8),
        *(Arrival("central", 17 + 8 * n, 100) for n in (1, 2, 3)),
        ALAG2=13,
    ),
    scenario(
        "ss_lag_modelled_duration",
        "SS 1 with lag and RATE -2, into depot",
        observed(dose(4, cmt=SC, SS=1, II=8, RATE=-2)),
        Arrival("depot", 6.5, 100, 7, every=8),
        ALAG1=2.5,
        D1=7,
    ),
)

TWOS = (
    scenario(
        "ss2_added",
        "SS 2 adds to amounts and leaves a running infusion alone",
        observed(dose(0, 70), dose(6, 40, RATE=4), dose(8, 30, SS=2, II=12)),
        Arrival("central", 0, 70),
        Arrival("central", 6, 40, 10, record=2),
        Arrival("central", 8, 30, record=3, every=12),
    ),
    scenario(
        "ss2_keeps_pending",
        "SS 2 leaves additional and lagged doses alone",
        observed(dose(0, 70, II=10, ADDL=3), dose(7, 50, cmt=SC), dose(8, 30, SS=2, II=12)),
        *(Arrival("central", 10 * n, 70) for n in range(4)),
        Arrival("depot", 11.5, 50, record=2),
        Arrival("central", 8, 30, record=3, every=12),
        ALAG1=4.5,
    ),
    scenario(
        "ss2_lag_infusion",
        "SS 2 infusion with lag",
        observed(dose(0, 70), dose(8, 30, RATE=5, SS=2, II=12)),
        Arrival("central", 5, 70),
        Arrival("central", 13, 30, 6, record=2, every=12),
        ALAG2=5,
    ),
    scenario(
        "ss2_second_daily_dose",
        "SS 1 and SS 2 with ADDL: two different doses a day",
        observed(dose(4, 50, SS=1, II=24, ADDL=2), dose(14, 20, SS=2, II=24, ADDL=2), until=72),
        Arrival("central", 4, 50, every=24),
        *(Arrival("central", 4 + 24 * n, 50) for n in (1, 2)),
        Arrival("central", 14, 20, record=2, every=24),
        *(Arrival("central", 14 + 24 * n, 20, record=2) for n in (1, 2)),
    ),
    scenario(
        "ss2_at_once",
        "SS 1 into depot and SS 2 into central at one time",
        observed(dose(4, 50, cmt=SC, SS=1, II=24), dose(4, 20, SS=2, II=12)),
        Arrival("depot", 4, 50, every=24),
        Arrival("central", 4, 20, record=2, every=12),
    ),
)

CONSTANT = (
    scenario(
        "ss_constant",
        "SS 1, AMT 0, II 0: a constant infusion that ends at its record",
        observed(dose(6, 0, RATE=5, SS=1)),
        Arrival("central", 6, 5, forever=True),
    ),
    scenario(
        "ss_constant_f",
        "F does not change the RATE of a constant infusion",
        observed(dose(6, 0, RATE=5, SS=1)),
        Arrival("central", 6, 5, forever=True),
        F2=0.5,
    ),
    scenario(
        "ss_constant_goes_on",
        "a constant infusion at steady state, then an infusion at its rate: level until that ends",
        observed(dose(6, 0, RATE=5, SS=1), dose(6, 60, RATE=5)),
        Arrival("central", 6, 5, forever=True),
        Arrival("central", 6, 60, 12, record=2),
    ),
    scenario(
        "ss2_constant",
        "SS 2, AMT 0, II 0 adds to what is there",
        observed(dose(0, 80), dose(6, 0, RATE=5, SS=2)),
        Arrival("central", 0, 80),
        Arrival("central", 6, 5, record=2, forever=True),
    ),
)

SCENARIOS = (*ONES, *LAGS, *TWOS, *CONSTANT)
