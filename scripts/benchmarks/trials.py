"""Whole studies in virtual patients: the index trial a thousand times, and the same patients as one would simulate them
with scipy.
"""

from __future__ import annotations

import time

import pkpd
from pkpd.inference.uncertainty.draws import default_draws

from .patients import RTOL
from .rows import AS_ASKED, Effort, Row
from .timing import Times

TRIAL, POPULATION = "trial of 60 patients, 1,000 times", "population of 1,000 patients, 41 times"
OURS, LSODA = "pkpd.virtual_trial", "scipy LSODA, simulation only"
MANY = "pkpd.population"
REPLICATES, PATIENTS = 1000, 60


def trials(effort: Effort) -> list[Row]:
    """The virtual trial with its analysis and drawn typical values, and the population with bands and endpoints, on all
    cores; when quick, a tenth of the replicates and of the patients, multiplied. LSODA simulates some patients of the
    treated arm on one core, and its time is multiplied by their number.
    """
    share = 10 if effort.quick else 1
    study, draws = pkpd.load_study("he2020"), default_draws("il2")
    pkpd.virtual_trial(study, replicates=2, draws=draws)  # compiled, and libraries loaded
    clock = time.perf_counter()
    found = pkpd.virtual_trial(study, replicates=REPLICATES // share, draws=draws)
    own = (time.perf_counter() - clock) * share
    lost = f"{len(found.lost)} of {PATIENTS * REPLICATES // share} patients could not be simulated"
    clock = time.perf_counter()
    pkpd.population("he2020", 1000 // share)
    many = (time.perf_counter() - clock) * share
    rows = [Row(TRIAL, OURS, AS_ASKED, RTOL, times=Times(own, own, 1), note=lost)]
    rows.append(Row(TRIAL, LSODA, AS_ASKED, RTOL, times=_lsoda(2 if effort.quick else 8), note="extrapolated"))
    return [*rows, Row(POPULATION, MANY, AS_ASKED, RTOL, times=Times(many, many, 1))]


def _lsoda(patients: int) -> Times:
    """Seconds of the treated half of the trial, from a few patients."""
    clock = time.perf_counter()
    for _ in range(patients):
        pkpd.simulate("he2020", days=168, step="6h", engine="scipy")
    whole = (time.perf_counter() - clock) / patients * (PATIENTS // 2) * REPLICATES
    return Times(whole, whole, 1)
