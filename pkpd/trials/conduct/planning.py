"""From a study and what a user asks to the plan of a trial; what cannot be planned is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...errors import ParameterError, SimulationError, StudyError, nearest
from ...inference.uncertainty.bands import held
from ...keyed import Keyed
from ...measures import Endpoint
from ...model.outline import Named, Outline
from ...studies.study import Study
from ..adaptive.rules import Rule, outputs_needed
from ..adaptive.text import read_rules
from ..patients.spread import spread_of
from ..run import Options, RunArm, rule_notes, study_run
from .assay import assay_of
from .days import courses_of, days_of
from .enrolment import CLEARED
from .plan import FOLD, Plan, Ruled, starts_of
from .pool import pooled
from .steroid import check_courses
from .terms import Conduct, conduct_of

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws

OUTPUTS = ("treg", "treg_percent_cd4", "nk", "cd56bright", "eosinophils", "il2")
TREG_FOLD = "treg_fold"
MOST = 20_000_000  # patients in all replicates together
MOST_IN_TRIAL = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a user asks of a trial, as `virtual_trial` says."""

    study: Study
    options: Options
    seed: int
    replicates: int
    patients: int | None
    conduct: Conduct | None
    draws: Draws | None
    outputs: tuple[str, ...]
    exposures: Sequence[Endpoint] | None
    rules: tuple[Rule, ...]
    arm_rules: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """The plan of a trial, where its draws come from ("" without), and sentences for the user."""

    plan: Plan
    drawn: str
    notes: tuple[str, ...]


def plan_of(asked: Asked) -> Planned:
    """The plan of a trial; PkpdError for what cannot be planned."""
    study, notes = pooled(asked.study)
    options, model = asked.options, outline_of(asked.options.model)
    run = study_run(study, options)
    said = [note for note in run.notes if note not in rule_notes(study)]
    conduct = conduct_of(study) if asked.conduct is None else asked.conduct
    Keyed(asked.seed)
    measured = _measured(model, asked.outputs)
    exposures = _endpoints(study, model) if asked.exposures is None else tuple(asked.exposures)
    days = float(options.days) if options.days is not None else study.days
    visits = tuple(sorted({0.0, *(v for v in (options.times or study.visits) if v <= days)}))
    check_courses(conduct, [arm.name for arm in run.arms], study.name)
    _check_antibodies(conduct, model)
    starts = starts_of([arm.schedule for arm in run.arms])
    rules = rules_of(asked)
    times = days_of(visits, int(conduct["visit_window"]), exposures, starts)
    names = [*(o.name for o in measured), *(e.output for e in exposures), *outputs_needed(_all(rules))]
    typical, more = _typical(run.arms[0], asked.draws, options, model)
    plan = Plan(
        seed=asked.seed,
        conduct=conduct,
        arms=run.arms,
        sizes=_sizes(study, asked.patients, asked.replicates),
        courses=courses_of(run.arms, options, times, names),
        spread=spread_of(run.arms[0].parameters, study.covariates),
        typical=typical,
        days=days,
        visits=visits,
        measured=measured,
        assays=tuple(assay_of(o, conduct) for o in measured),
        exposures=exposures,
        control=_control(run.arms),
        rules=_ruled(rules, model, conduct),
    )
    return Planned(plan, asked.draws.origin if asked.draws and typical else "", (*said, *notes, *more))


def rules_of(asked: Asked) -> dict[str, tuple[Rule, ...]]:
    """The rules of every arm that has any: its own, and those asked for in arms with doses."""
    found = {}
    for arm in asked.study.arms:
        own = read_rules(arm.rules, f"{asked.study.name} [arms.{arm.name}]") if asked.arm_rules else ()
        if own and not arm.schedule.doses:
            raise StudyError(f"arm {arm.name} has rules, and no doses that they could decide on")
        if arm.schedule.doses and (both := tuple(dict.fromkeys((*own, *asked.rules)))):
            found[arm.name] = both
    if asked.rules and not found:
        raise StudyError(f"a rule was given, and no arm of {asked.study.name} has doses that it could decide on")
    return found


def _all(rules: Mapping[str, tuple[Rule, ...]]) -> tuple[Rule, ...]:
    return tuple(dict.fromkeys(rule for own in rules.values() for rule in own))


def _ruled(rules: Mapping[str, tuple[Rule, ...]], model: Outline, conduct: Conduct) -> Ruled:
    names = [name.removesuffix(FOLD) for name in outputs_needed(_all(rules))]
    return Ruled(rules, tuple(assay_of(o, conduct) for o in _measured(model, names))) if rules else Ruled()


def _sizes(study: Study, patients: int | None, replicates: int) -> tuple[int, ...]:
    sizes = tuple(arm.n if patients is None else patients for arm in study.arms)
    if replicates < 1 or min(sizes) < 1:
        raise SimulationError(
            f"{replicates} replicates with {min(sizes)} patients an arm were asked for; give 1 or more"
        )
    if sum(sizes) > MOST_IN_TRIAL or replicates * sum(sizes) > MOST:
        raise SimulationError(
            f"{replicates} replicates of {sum(sizes)} patients were asked for; at most {MOST_IN_TRIAL} patients in a "
            f"trial and {MOST} in all are possible"
        )
    return sizes


def _measured(model: Outline, outputs: Sequence[str]) -> tuple[Named, ...]:
    known = {o.name: o for o in model.outputs}
    for name in outputs:
        if name not in known:
            raise SimulationError(f"model {model.name} has no output '{name}' to measure{nearest(name, known)}")
        if name.endswith(FOLD):
            level = name.removesuffix(FOLD)
            raise SimulationError(f"a trial measures levels, and forms folds of them; ask for '{level}', not '{name}'")
    wanted = dict.fromkeys(outputs or [name for name in OUTPUTS if name in known])
    wanted = wanted or dict.fromkeys(name for name in known if not name.endswith(FOLD))
    return tuple(known[name] for name in wanted)


def _endpoints(study: Study, model: Outline) -> tuple[Endpoint, ...]:
    """Area and peak of the Treg fold up to the day of each linked outcome."""
    if TREG_FOLD not in [o.name for o in model.outputs]:
        return ()
    days = sorted({o.day for o in study.outcomes if o.linked and o.day is not None})
    return tuple(make(TREG_FOLD, 0.0, day) for day in days for make in (Endpoint.area, Endpoint.peak))


def _control(arms: Sequence[RunArm]) -> int:
    """The first arm without a dose, -1 where every arm has one or there is no other."""
    none = [k for k, arm in enumerate(arms) if not any(dose.gives for dose in arm.schedule.doses)]
    return none[0] if none and len(arms) > 1 else -1


def _typical(
    arm: RunArm, draws: Draws | None, options: Options, model: Outline
) -> tuple[dict[str, Vector], tuple[str, ...]]:
    """Drawn typical values by name, in the units of the arm, and sentences for the user; what the study or the user
    says of a parameter is not drawn.
    """
    if draws is None:
        return {}, ()
    base = model.defaults if options.parameters is None else options.parameters.over(model.defaults)
    draws.in_units_of(base)
    values, kept = draws.in_units_of(arm.parameters), held(arm.parameters, base, draws)
    found = {name: values[:, k] for k, name in enumerate(draws.names) if name not in kept}
    it = "it" if len(kept) == 1 else "them"
    said = f"{', '.join(kept)}: said by the study or set for this trial, so the draws do not vary {it}"
    return found, (said,) if kept else ()


def _check_antibodies(conduct: Conduct, model: Outline) -> None:
    if conduct["antibodies"] > 0 and CLEARED not in [p.name for p in model.parameters]:
        raise ParameterError(f"antibodies act on {CLEARED}, and model {model.name} has no such parameter")
