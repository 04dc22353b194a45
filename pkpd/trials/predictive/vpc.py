"""A visual predictive check: the user's rows, the same rows of simulated patients, percentiles and counts of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...errors import InferenceError
from ...inference.uncertainty.bands import held
from ...inference.uncertainty.draws import Draws
from ...keyed import Keyed
from ...model.declaration import Model
from ...parameters import Parameters
from ...shards.progress import Progress
from ...studies.observation import Course, Observations
from ..patients.course import block_starts
from ..patients.spread import spread_of
from .check import Beyond, Numeric, Percentiles, beyond_limits, corrections, numeric, percentiles, quantiles, seen_links
from .drawn import Drawn, Population, drawn, typical_patients
from .known import baseline_outputs, facts_of, widened
from .panels import Panel, panels_of
from .rows import Checked, Data, data_of
from .settings import PLAIN, Settings
from .simulated import Simulated, simulated

MOST_NUMBERS = 50_000_000  # simulated values held at once


@dataclass(frozen=True, slots=True, eq=False)
class Vpc:
    """A predictive check. Rows are `data.rows`; of each, shape (rows,): `predicted`, the typical patient with the same
    regimen, size and baseline; `corrections` that were added to observed and simulated links; `ranges`, shape
    (3, rows), the 5, 50 and 95 % quantiles of its simulated values. All on the link scale, in the units of the model's
    outputs by name (`units`). `numeric` has one entry a panel and a last one for all. `failed` tells simulated patients
    without numbers (replicate, number, day, reason) of `simulated`; `redrawn` counts those drawn again.
    """

    data: Data
    settings: Settings
    units: dict[str, str]
    predicted: Vector
    corrections: Vector
    ranges: Vector
    percentiles: tuple[Percentiles, ...]
    numeric: tuple[Numeric, ...]
    beyond: tuple[Beyond, ...]
    simulated: int
    failed: tuple[tuple[int, int, float, str], ...]
    redrawn: int
    draws: int
    notes: tuple[str, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What is drawn and counted apart."""
        return tuple(p.panel for p in self.percentiles)

    @property
    def inside(self) -> tuple[int, int]:
        """How many observed percentiles lie inside their 95 % interval, and of how many that are known."""
        found = np.concatenate([p.inside.ravel() for p in self.percentiles])
        return int(np.nansum(found)), int(np.isfinite(found).sum())


def visual_check(
    observations: Observations,
    model: Model | str,
    parameters: Parameters,
    settings: Settings = PLAIN,
    draws: Draws | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Vpc:
    """Set individual rows beside those of simulated patients who got the same, at the same times.

    `parameters` is the whole set, with the spread between patients; what a study says of its own patients holds. With
    `draws` each replicate takes one drawn set of typical values, else all are at the set's own. The same seed gives the
    same numbers whatever the `threads`. PkpdError for rows or settings that cannot be used.
    """
    shape = outline_of(model)
    scales = baseline_outputs(model, parameters) if settings.own_baselines else {}
    data = data_of(observations, shape, settings.outputs, tuple(scales))
    if settings.replicates * len(data.rows) > MOST_NUMBERS:
        most = MOST_NUMBERS // len(data.rows)
        raise InferenceError(
            f"{settings.replicates} replicates of {len(data.rows)} rows are too many at once; at most {most} replicates"
        )
    populations = _populations(data, model, parameters, settings, draws, scales)
    own = [next(k for k, (p, _) in enumerate(populations) if p == _said(s.course, model)) for s in data.samplings]
    each = [drawn(p) for _, p in populations]
    sets = [populations[k][1].parameters for k in own]
    found = simulated(data, model, sets, [each[k] for k in own], settings.seed, threads, progress)
    plain = [typical_patients(p) for _, p in populations]
    predicted = _predicted(data, simulated(data, model, sets, [plain[k] for k in own], None, threads), settings)
    return _vpc(
        data, settings, {o.name: o.unit for o in shape.outputs}, found, predicted, _redrawn(each, own, data), draws
    )


def _said(course: Course, model: Model | str) -> tuple[object, ...]:
    """What the study says of the patients of a course that the model has; hashable by value."""
    declared = {d.name for d in outline_of(model).parameters}
    return tuple(t for t in course.parameters.tables if t.name in declared)


def _populations(
    data: Data,
    model: Model | str,
    parameters: Parameters,
    settings: Settings,
    draws: Draws | None,
    scales: dict[str, float],
) -> list[tuple[tuple[object, ...], Population]]:
    """One population for each set of parameters that a course states of its patients."""
    courses = [s.course for s in data.samplings]
    blocks = max(len(block_starts(c.schedule)) for c in courses)
    found: list[tuple[tuple[object, ...], Population]] = []
    for course in courses:
        key = _said(course, model)
        if any(key == other for other, _ in found):
            continue
        declared = {d.name for d in outline_of(model).parameters}
        tables = tuple(t for t in course.parameters.tables if t.name in declared)
        base = Parameters(tables, course.parameters.origin).over(parameters)
        facts = facts_of(data, base, scales)
        spread = widened(spread_of(base), facts)
        typical = _typical(base, parameters, draws, settings)
        own = Population(model, base, spread, facts, settings.seed, settings.replicates, max(blocks, 1), typical)
        found.append((key, own))
    return found


def _typical(base: Parameters, parameters: Parameters, draws: Draws | None, settings: Settings) -> dict[str, Vector]:
    """Typical values of each replicate: one of the draws, the same for every course."""
    if draws is None:
        return {}
    fixed = held(base, parameters, draws)
    values = draws.in_units_of(base)
    chosen = [Keyed(settings.seed, r).uniforms("draw", 0, 1)[0, 0] for r in range(settings.replicates)]
    rows = (np.array(chosen) * len(values)).astype(np.int64)
    return {name: values[rows, k] for k, name in enumerate(draws.names) if name not in fixed}


def _redrawn(each: Sequence[Drawn], own: Sequence[int], data: Data) -> int:
    """Simulated patients who were drawn again, of those whose rows are checked."""
    return sum(int(each[k].redrawn[:, list(m)].sum()) for k, m in zip(own, data.members, strict=True))


def _predicted(data: Data, typical: Simulated, settings: Settings) -> Vector:
    """Links of the typical patients; InferenceError where a correction needs one that cannot be simulated."""
    if typical.failed and settings.corrected:
        _, who, _, reason = typical.failed[0]
        raise InferenceError(
            f"the typical patient with the baseline and size of id '{data.patients[who][2][:40]}' cannot be simulated, "
            f"so rows cannot be corrected for predictions: {reason}"
        )
    return np.asarray(typical.links[0])


def _vpc(
    data: Data,
    settings: Settings,
    units: dict[str, str],
    found: Simulated,
    predicted: Vector,
    redrawn: int,
    draws: Draws | None,
) -> Vpc:
    rows, links = data.rows, found.links
    lost = np.isnan(links).all(axis=0)
    if lost.any():
        row, reason = rows[int(np.argmax(lost))], found.failed[0][3] if found.failed else "it has no finite number"
        raise InferenceError(f"{row.observation.origin}: no simulated patient has a number for this row: {reason}")
    panels = panels_of(rows, settings)
    shift = corrections(rows, panels, predicted, settings.corrected)
    seen = seen_links(rows) + shift
    own = tuple(percentiles(panel, seen, links + shift) for panel in panels)
    counts = [numeric(panel, panel.rows, rows, links) for panel in panels]
    counts.append(numeric(None, np.arange(len(rows)), rows, links))
    beyond = tuple(b for panel in panels for b in beyond_limits(panel, rows, links))
    total = settings.replicates * sum(len(m) for m in data.members)
    used = 0 if draws is None else len(draws.values)
    ranges = quantiles(links, (0.05, 0.5, 0.95), 0) + shift
    return Vpc(
        data,
        settings,
        units,
        predicted,
        shift,
        ranges,
        own,
        tuple(counts),
        beyond,
        total,
        found.failed,
        redrawn,
        used,
        _notes(data, rows, panels),
    )


def _notes(data: Data, rows: Sequence[Checked], panels: Sequence[Panel]) -> tuple[str, ...]:
    notes = list(data.notes)
    told = sorted({row.output for _, row in data.baselines})
    if told:
        who = len({who for who, _ in data.baselines})
        notes.append(
            f"{len(data.baselines)} rows before any dose tell the own baseline of {who} patients ({', '.join(told)}), "
            "up to their error, and are not checked themselves"
        )
    bounded = sum(r.observation.bound != "=" for r in rows)
    if bounded:
        notes.append(
            f"{bounded} of {len(rows)} rows hold only a bound: they count as beyond every number in percentiles, are "
            "left out of the numeric check, and their share is set beside the simulated one"
        )
    small = sum(len(b.rows) < 10 for p in panels for b in p.bins)
    if small:
        total = sum(len(p.bins) for p in panels)
        notes.append(f"{small} of {total} bins have fewer than 10 rows: their outer percentiles are nearly extremes")
    return tuple(notes)
