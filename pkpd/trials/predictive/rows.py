"""Which rows of a user's data are checked, who they belong to, and what the others are used for or left out for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError, nearest
from ...inference.rows.noise import Noise, observed_link, standard_error
from ...inference.rows.sampling import Sampled, Sampling, samplings
from ...model.outline import Outline
from ...studies.observation import Observation, Observations

Key = tuple[str, str, str]  # study, arm and id: an id counts within its arm


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A row to check: its `patient` by number, the `sampling` it belongs to and `place` among its rows there, the
    observed number on the link scale in the unit of the model's output, and the SD of its own error there (of a
    percentage: of its log). `shift` takes the link of a prediction into the output's unit; `order` numbers the
    patient's own rows.
    """

    observation: Observation
    patient: int
    sampling: int
    place: int
    link: float
    sd: float
    shift: float
    order: int

    @property
    def day(self) -> float:
        """The middle of its window."""
        return (self.observation.day_from + self.observation.day_to) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """All that is simulated for: `samplings` of courses with rows to check, `members` the patients of each, all
    `patients` by number, the rows, and those that tell a `baselines` (patient, row, output).
    """

    samplings: tuple[Sampling, ...]
    members: tuple[tuple[int, ...], ...]
    patients: tuple[Key, ...]
    rows: tuple[Checked, ...]
    baselines: tuple[tuple[int, Observation], ...]
    notes: tuple[str, ...]


def data_of(observations: Observations, model: Outline, outputs: Sequence[str], baselines: Sequence[str]) -> Data:
    """The rows to check, of the named `outputs` or all; rows of `baselines` before any dose tell the patient's own.

    InferenceError where no row is left, where one belongs to no patient, or names what the model has not.
    """
    kept, notes = _kept(observations, outputs, baselines)
    found = samplings(kept, observations.courses, model)
    patients = tuple(dict.fromkeys((r.study, r.arm, r.id) for r in kept))
    numbers = {key: k for k, key in enumerate(patients)}
    rows, known, trivial, counts = list[Checked](), list[tuple[int, Observation]](), 0, dict[int, int]()
    for k, (sampling, _) in enumerate(found):
        for place, sampled in enumerate(sampling.sampled):
            o = sampled.observation
            who = numbers[(o.study, o.arm, o.id)]
            rest = not sampled.drug and o.day_to <= 0
            if rest and o.form in ("fold", "percent_change"):
                trivial += 1
            elif _tells_baseline(o, baselines) and not sampled.drug:
                known.append((who, _in_output_unit(sampled)))
            else:
                order = counts[who] = counts.get(who, -1) + 1
                rows.append(_checked(sampled, who, k, place, order))
    if trivial:
        notes.append(f"{_rows(trivial)} of a fold before any dose left out: it is 1 by definition")
    if not rows:
        raise InferenceError(f"{observations.origin}: no row after the first dose is left to check")
    members = tuple(tuple(sorted({r.patient for r in rows if r.sampling == k})) for k in range(len(found)))
    return Data(tuple(s for s, _ in found), members, patients, tuple(rows), tuple(known), tuple(notes))


def _tells_baseline(row: Observation, baselines: Sequence[str]) -> bool:
    """Whether a row that no drug came before is a count, or a level, whose baseline a patient can have."""
    return row.output in baselines and row.form in ("count", "level") and row.bound == "=" and row.day_to <= 0


def _kept(
    observations: Observations, outputs: Sequence[str], baselines: Sequence[str]
) -> tuple[list[Observation], list[str]]:
    """Individual rows with a number, and what is said of the others; baselines stay whatever is asked for."""
    names = list(dict.fromkeys(r.output for r in observations.rows))
    for name in outputs:
        if name not in names:
            raise InferenceError(f"{observations.origin} has no row of output '{name[:40]}'{nearest(name, names)}")
    wanted = [r for r in observations.rows if not outputs or r.output in outputs]
    known = observations.only("fit", "check").rows
    usable = [r for r in known if not outputs or r.output in outputs]
    others = [r for r in known if outputs and r.output not in outputs and r.id and _tells_baseline(r, baselines)]
    for row in usable:
        if not row.id:
            raise InferenceError(
                f"{row.origin}: the row has no id, and a predictive check compares single patients; give individual "
                "rows with an id, or set means beside the model with `pkpd predict`"
            )
    kept, infinite = [], 0
    for row in (*usable, *others):
        if row.bound == "=" and not math.isfinite(observed_link(row.form, row.value)):
            infinite += 1
        else:
            kept.append(row)
    notes = []
    if len(wanted) > len(usable):
        notes.append(f"{_rows(len(wanted) - len(usable))} left out: without a number, a course, or of role design")
    if infinite:
        notes.append(f"{_rows(infinite)} left out: 0, or a percent of 0 or 100, which should be a bound (<, >)")
    if not any(row in usable for row in kept):
        raise InferenceError(f"{observations.origin}: there is no individual row with a number to check")
    return kept, notes


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count != 1)}"


def _checked(sampled: Sampled, who: int, sampling: int, place: int, order: int) -> Checked:
    row = sampled.observation
    shift = -math.log(sampled.scale)
    seen = observed_link(row.form, row.value)
    # beyond the ends of a scale there is only a bound, which lies beyond everything
    link = math.copysign(BEYOND, seen) if math.isinf(seen) else seen + shift
    return Checked(row, who, sampling, place, link, own_sd(row), shift, order)


BEYOND = 1e6  # stands for a number beyond a limit; no link of a finite number is near it


def own_sd(row: Observation) -> float:
    """SD of the log of one patient's sample, as a fit takes it."""
    # without a value it is that of the log, also of a percentage, whose logit depends on the percentage
    return standard_error(replace(row, value=None), Noise())[0]


def link_sd(form: str, sd: float, links: Vector) -> Vector:
    """SD of the error on the link scale around predicted links, same shape: the logit of a percentage moves faster than
    its log.
    """
    if form != "percent":
        return np.full(links.shape, sd)
    with np.errstate(over="ignore"):
        return np.asarray(sd * (1.0 + np.exp(np.clip(links, -50.0, 50.0))))


def _in_output_unit(sampled: Sampled) -> Observation:
    row = sampled.observation
    return replace(row, value=float(row.value or 0.0) / sampled.scale)
