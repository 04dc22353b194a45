"""A small virtual trial that the tests of its report, figures and illustration share."""

from __future__ import annotations

from functools import cache

from pkpd.studies.study import load_study
from pkpd.trials.clinical.link import LINKS
from pkpd.trials.clinical.replicated import Illustration, illustrate
from pkpd.trials.conduct.result import VirtualTrial
from pkpd.trials.conduct.terms import conduct_of
from pkpd.trials.conduct.trial import virtual_trial

STUDY = load_study("he2020")
REPLICATES, PATIENTS = 12, 10


@cache
def small_trial() -> VirtualTrial:
    """Twelve replicates of two times ten patients, many of whom leave early."""
    conduct = conduct_of(STUDY, [("dropout", "0.4"), ("missed_doses", "0.1")])
    return virtual_trial(STUDY, replicates=REPLICATES, patients=PATIENTS, conduct=conduct, threads=2)


@cache
def small_illustration() -> Illustration:
    """Its clinical part, by the usual link."""
    return illustrate(small_trial(), STUDY.outcomes, LINKS["treg_exposure"])
