"""What `pkpd trial` writes: the report, tables, figures and the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..output.report.trial_visits import Visit
    from ..output.tables import Table
    from ..studies.study import Study
    from ..trials.adaptive.rules import Rule
    from ..trials.clinical.anchors import Assumed
    from ..trials.clinical.link import Link
    from ..trials.clinical.replicated import Illustration
    from ..trials.conduct.result import VirtualTrial
    from ..trials.conduct.terms import Conduct
    from ..trials.run import Options

Visits = dict[tuple[str, str], tuple["Visit", ...]]
TABLES = (
    "visits.csv",
    "replicates.csv",
    "example.csv",
    "patients.csv",
    "counts.csv",
    "events.csv",
    "conduct.csv",
    "failures.csv",
    "outcomes.csv",
    "outcome_tests.csv",
    "responses.csv",
    "rates.csv",
    "power.csv",
)
NAMES = ("report.txt", *TABLES)


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What was asked for, with everything looked up."""

    study: Study
    options: Options
    conduct: Conduct
    rules: tuple[Rule, ...]
    arm_rules: bool
    draws: Draws | None
    link: Link
    assumed: Assumed
    alpha: float
    replicates: int
    seed: int
    patients: int | None
    threads: int | None


def report_and_files(
    wanted: Wanted, trial: VirtualTrial, shown: Illustration | None, missing: str, *, figures: bool
) -> tuple[str, dict[str, bytes]]:
    """The report, and all files by name; `missing` says why nothing clinical is shown."""
    from ..output.report.trial import trial_text
    from ..output.report.trial_visits import visits_of

    visits = visits_of(trial, wanted.alpha)
    text = trial_text(trial, visits, wanted.study, shown, wanted.alpha, missing)
    tables = _tables(wanted, trial, visits) | _clinical_tables(wanted, shown)
    files = {"report.txt": text.encode()} | {name: tables[name].to_csv().encode() for name in TABLES if name in tables}
    return text, files | (_figures(wanted, trial, visits, shown) if figures else {})


def to_record(
    wanted: Wanted, trial: VirtualTrial, shown: Illustration | None, files: Mapping[str, bytes]
) -> dict[str, Any]:
    """The trial as plain tables for `run.json`."""
    from ..trials.record import digests, draws_table, head, set_table
    from .run import command_line

    w = wanted
    return {
        **head("trial", trial.study, command_line(), trial.model, trial.seed, w.options.tolerances),
        "replicates": trial.replicates,
        "side": trial.side,
        "visits": list(trial.visits),
        "sources": list(w.study.source),
        "arms": _arms(trial),
        "control": trial.control,
        "parameters": set_table(trial.parameters),
        "conduct": trial.conduct.tables.to_tables(),
        "rules": {arm: [rule.text for rule in rules] for arm, rules in trial.rules.items()},
        "draws": draws_table(w.draws if trial.drawn else None),
        "alpha": w.alpha,
        "illustration": None if shown is None else _assumptions(shown),
        "tables": digests({name: data for name, data in files.items() if name.endswith(".csv")}),
    }


def _arms(trial: VirtualTrial) -> dict[str, Any]:
    from ..trials.record import schedule_table

    return {
        arm.name: {"label": arm.label, "patients": size, "schedule": schedule_table(arm)}
        for arm, size in zip(trial.arms, trial.sizes, strict=True)
    }


def _assumptions(shown: Illustration) -> dict[str, Any]:
    from ..trials.clinical.caution import CAUTION

    return {
        "link": shown.link.name,
        "between_trials": shown.assumed.between_trials,
        "correlation": shown.assumed.correlation,
        "outcomes": [o.name for o in shown.outcomes],
        "caution": CAUTION,
    }


def _tables(wanted: Wanted, trial: VirtualTrial, visits: Visits) -> dict[str, Table]:
    from ..output.report.trial_visits import visits_table

    return {
        "visits.csv": visits_table([v for rows in visits.values() for v in rows]),
        "replicates.csv": trial.table(),
        "example.csv": trial.example_table(),
        "patients.csv": _patients(wanted, trial),
        "counts.csv": _counts(trial),
        "conduct.csv": _conduct(trial),
        "failures.csv": _failures(trial),
    } | ({"events.csv": _events(trial)} if trial.rules else {})


def _clinical_tables(wanted: Wanted, shown: Illustration | None) -> dict[str, Table]:
    from ..trials.clinical.observed import p_values_table, rates_table
    from ..trials.clinical.power import power_table

    outcomes = wanted.study.outcomes
    found = {"outcomes.csv": rates_table(outcomes), "outcome_tests.csv": p_values_table(outcomes)} if outcomes else {}
    if shown is None:
        return found
    return found | {
        "responses.csv": shown.responses(),
        "rates.csv": shown.rates_table(),
        "power.csv": power_table(shown.rows),
    }


def _counts(trial: VirtualTrial) -> Table:
    """Totals by arm; besides, what was received in full doses, which rules may have changed, and samples below the
    limit by output.
    """
    from ..output.report.trial import below_limit
    from ..output.tables import Table

    a = trial.attendance
    received = [float(a.received[a.arm == k].sum()) for k in range(len(trial.arms))]
    below = ((f"below_{name}", counted) for name, counted in below_limit(trial).items())
    return Table((*trial.counts().columns, ("doses_received", received), *below))


def _events(trial: VirtualTrial) -> Table:
    """What rules decided in the first replicate; `id` is the number of the patient, from 1 as in the other tables."""
    from dataclasses import replace

    from ..output.tables import stack
    from ..trials.adaptive.log import Log

    logs = []
    for k, arm in enumerate(trial.arms):
        own = tuple(replace(e, id=e.id + 1) for e in trial.example.events if trial.example.arm[e.id] == k)
        logs.append(Log(arm.name, trial.visits, own).table())
    return stack(logs)


def _conduct(trial: VirtualTrial) -> Table:
    from ..output.tables import Table

    own = trial.conduct.tables.tables
    columns: list[tuple[str, list[Any]]] = [
        (name, [getattr(t, name) for t in own]) for name in ("name", "value", "unit", "basis", "meaning", "where")
    ]
    return Table((*columns, ("source", [", ".join(t.source) for t in own])))


def _failures(trial: VirtualTrial) -> Table:
    from ..output.tables import Table

    lost = trial.lost
    return Table(
        (
            ("rep", [f.replicate + 1 for f in lost]),
            ("arm", [f.arm for f in lost]),
            ("id", [f.patient + 1 for f in lost]),
            ("day", [f.day if f.day == f.day else None for f in lost]),  # NaN is no day
            ("reason", [f.reason for f in lost]),
        )
    )


def _patients(wanted: Wanted, trial: VirtualTrial) -> Table:
    """The patients of the first replicate: arm, doses, the day of leaving, covariates, and the parameters they got."""
    from ..output.tables import Table

    a = trial.attendance
    left = a.left[0].tolist()
    columns: list[tuple[str, Any]] = [
        ("rep", [1] * trial.patients),
        ("arm", [trial.arms[k].name for k in a.arm[0].tolist()]),
        ("id", list(range(1, trial.patients + 1))),
        ("left", [day if day == day else None for day in left]),  # NaN: stayed to the end
        ("given", a.given[0].tolist()),
        ("missed", a.missed[0].tolist()),
        *((name, getattr(a, name)[0].astype(int).tolist()) for name in ("antibodies", "failed", "redrawn")),
        *((name, _numbers(values[0].tolist())) for name, values in trial.exposures.items()),
    ]
    return Table((*columns, *_drawn(wanted, trial)))


def _drawn(wanted: Wanted, trial: VirtualTrial) -> list[tuple[str, Any]]:
    """Covariates and values of the first replicate's patients, drawn as the trial draws them."""
    from ..trials.conduct.enrolled import enrolled
    from ..trials.conduct.planning import Asked, plan_of

    w = wanted
    asked = Asked(
        w.study, w.options, w.seed, w.replicates, w.patients, w.conduct, w.draws, (), None, w.rules, w.arm_rules
    )
    patients = enrolled(plan_of(asked).plan, 0).patients
    units = {t.name: t.unit for t in trial.parameters.tables}
    labels = [(name, list(levels)) for name, levels in patients.labels.items()]
    return [*labels, *((f"{name} [{units[name]}]", column.tolist()) for name, column in patients.values.items())]


def _numbers(values: list[float]) -> list[float | None]:
    return [v if v == v else None for v in values]  # NaN is an empty cell


def _figures(wanted: Wanted, trial: VirtualTrial, visits: Visits, shown: Illustration | None) -> dict[str, bytes]:
    from ..output.plots.style import images
    from ..output.plots.trial import arm_looks, significance_figure, visits_figure
    from ..output.plots.trial_outcomes import power_figure, responses_figure

    drawn = {"trial": visits_figure(trial, visits), "significance": significance_figure(trial, visits, wanted.alpha)}
    if shown is not None:
        looks = {arm.name: look for arm, look in zip(trial.arms, arm_looks(trial), strict=True)}
        drawn["responses"] = responses_figure(shown, looks, trial.study)
        drawn["power"] = power_figure(shown, trial.study)
    return images(drawn)
