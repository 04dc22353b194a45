"""Small virtual trials that tests share."""

from collections.abc import Sequence

from pkpd import load_study
from pkpd.inference.uncertainty.draws import default_draws
from pkpd.studies.study import Study
from pkpd.trials.adaptive.text import read_rules
from pkpd.trials.conduct.result import VirtualTrial
from pkpd.trials.conduct.terms import conduct_of
from pkpd.trials.conduct.trial import virtual_trial

HE = load_study("he2020")
REPLICATES, PATIENTS = 5, 8
QUIET = [("missed_doses", "0"), ("dropout", "0"), ("visit_window", "0")]
SILENT = [*QUIET, *((name, "0") for name in ("biology", "biology_percent", "assay_percent"))]
SILENT += [("limit_count", "0"), ("limit_il2", "0")]
SILENT += [(f"assay_{name}", "0") for name in ("treg", "nk", "cd56dim", "cd56bright", "eosinophils", "il2", "other")]
# everything on: uncertainty, antibodies, steroids, rules
MANY = {"draws": default_draws("il2"), "rules": read_rules(["if eosinophils_fold > 1.5 at visit: hold until < 1.4"])}
BUSY = [("antibodies", "0.3"), ("steroid_effect", "0.1"), ("dropout", "0.2")]


def trial(changes: Sequence[tuple[str, str]] = (), study: Study = HE, **options: object) -> VirtualTrial:
    usual = {"replicates": REPLICATES, "patients": PATIENTS, "threads": 1, "conduct": conduct_of(study, changes)}
    return virtual_trial(study, **usual | options)  # type: ignore[arg-type]
