"""The index trial in virtual patients: `python scripts/virtual_trial.py` runs it a thousand times, prints what the
README shows of it, and writes that to params/fits/virtual_trial.txt.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from calibrate_reference import FITS

import pkpd
from pkpd.inference.uncertainty.draws import default_draws
from pkpd.output.report.trial_visits import visits_of
from pkpd.output.tables import aligned
from pkpd.trials.clinical.caution import CAUTION
from pkpd.trials.clinical.link import LINKS
from pkpd.trials.clinical.replicated import Illustration, illustrate, linked
from pkpd.trials.conduct.result import VirtualTrial

REPLICATES = 1000
OUTPUTS, DAYS = ("treg", "nk", "cd56bright"), (14.0, 28.0, 70.0, 84.0)


def subsets(trial: VirtualTrial) -> str:
    """Treg, NK and CD56bright of the treated arm: fold in the middle of the replicates, and how many see it."""
    rows = [["fold of baseline", "day", "median", "5-95 % of replicates", "p < 0.05 v baseline", "v placebo"]]
    for output in OUTPUTS:
        for visit in visits_of(trial)["il2", output]:
            if visit.day in DAYS:
                rows.append([output, f"{visit.day:g}", *_told(trial, output, visit.day)])
    return aligned(rows)


def _told(trial: VirtualTrial, output: str, day: float) -> Iterator[str]:
    at = 0, trial.visits.index(day), trial.outputs.index(output)
    folds = np.exp(trial.statistics.log_mean[:, *at])
    low, middle, high = np.quantile(folds, (0.05, 0.5, 0.95))
    yield f"{middle:.2f}"
    yield f"{low:.2f} to {high:.2f}"
    for p in (trial.statistics.p_baseline, trial.statistics.p_control):
        yield f"{100 * np.mean(p[:, *at] < 0.05):.0f} %"


def chances(shown: Illustration) -> str:
    """Power of the primary outcome per analysed patients, by test and effect; its size where there is no effect."""
    some = [row for row in shown.rows if row.per == "analysed"]
    tests = list(dict.fromkeys(row.test for row in some))
    rows = [["outcome", "effect", *tests]]
    for outcome, effect in dict.fromkeys((row.outcome, row.effect) for row in some):
        found = {row.test: row.share for row in some if (row.outcome, row.effect) == (outcome, effect)}
        rows.append([outcome, effect, *(f"{100 * found[test]:.1f} %" for test in tests)])
    return aligned(rows)


if __name__ == "__main__":
    study = pkpd.load_study("he2020")
    found = pkpd.virtual_trial(study, replicates=REPLICATES, draws=default_draws("il2"))
    shown = illustrate(found, linked(study.outcomes), LINKS["treg_exposure"])
    head = f"{REPLICATES} replicates of {found.patients} patients"
    said = f"{head}\n\n{subsets(found)}\n\nReplicates with p < 0.05. The link {CAUTION}\n\n{chances(shown)}\n"
    print(said, end="")
    (FITS / "virtual_trial.txt").write_text(said, encoding="utf-8")
