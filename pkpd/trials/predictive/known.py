"""What the data say of a patient before any dose, and drawn patients made to agree with it.

Spreads and errors are normal on the log scale, so a drawn patient is moved to one who has the observed baseline: the
moved patients are exact draws of those who could have shown it, correlations included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...dosing.schedule import Schedule
from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...errors import PkpdError
from ...inference.rows.noise import Noise
from ...many import simulate_many
from ...model.declaration import Model
from ...parameters import Parameters
from ...units import factor, same_dimension
from ..patients.spread import Spread
from .rows import Data, own_sd

SUFFIX = "_baseline"
SAME = 1e-3  # an output at rest is its baseline parameter when they agree as well as this


@dataclass(frozen=True, slots=True)
class Fact:
    """The log of a `parameter` (in its unit in the set) as observed in a patient, with the SD of its error."""

    parameter: str
    log: float
    sd: float


def baseline_outputs(model: Model | str, parameters: Parameters) -> dict[str, float]:
    """Outputs that are, without drug, a parameter of their own (`treg` and `treg_baseline`), with the factor from the
    output's unit to the parameter's.
    """
    shape = outline_of(model)
    units = {o.name: o.unit for o in shape.outputs}
    names = [n for n in units if f"{n}{SUFFIX}" in parameters]
    names = [n for n in names if same_dimension(units[n], parameters[f"{n}{SUFFIX}"].unit)]
    if not names:
        return {}
    try:
        rest = simulate_many(Schedule.none(), model, parameters, outputs=names, times=[0.0], threads=1)
    except PkpdError:
        return {}
    found = {}
    for name in names:
        scale = factor(units[name], parameters[f"{name}{SUFFIX}"].unit)
        if math.isclose(float(rest[name][0, 0]) * scale, parameters[f"{name}{SUFFIX}"].value, rel_tol=SAME):
            found[name] = scale
    return found


def facts_of(data: Data, parameters: Parameters, scales: Mapping[str, float]) -> tuple[tuple[Fact, ...], ...]:
    """What is known of each patient: baselines with their error, and body size, which has none."""
    found: list[list[Fact]] = [[] for _ in data.patients]
    for who, row in data.baselines:
        found[who].append(
            Fact(f"{row.output}{SUFFIX}", math.log(float(row.value or 0.0) * scales[row.output]), own_sd(row))
        )
    for sampling, members in zip(data.samplings, data.members, strict=True):
        for name, size, unit in (("bsa", sampling.course.bsa, "m2"), ("weight", sampling.course.weight, "kg")):
            stated = sampling.course.parameters
            # what a study states is the middle of its patients, not the size of each
            mean = name in stated and math.isclose(stated[name].in_unit(unit), size or 0.0, rel_tol=1e-9)
            if size is not None and name in parameters and not mean:
                own = Fact(name, math.log(size * factor(unit, parameters[name].unit)), 0.0)
                for who in members:
                    if own not in found[who]:
                        found[who].append(own)
    return tuple(tuple(facts) for facts in found)


def widened(spread: Spread, facts: Sequence[Sequence[Fact]]) -> Spread:
    """The spread with every observed baseline in it: one without a spread of its own has that of a fit, 0.5."""
    extra = {f.parameter: Noise().baseline if f.sd else 0.0 for own in facts for f in own}
    names = tuple(name for name in extra if name not in spread.names)
    size = len(spread.names)
    mixing = np.eye(size + len(names))
    mixing[:size, :size] = spread.mixing
    median = spread.median + (1.0,) * len(names)
    return replace(
        spread, names=spread.names + names, sd=spread.sd + tuple(extra[n] for n in names), median=median, mixing=mixing
    )


def moved(spread: Spread, facts: Sequence[Fact], logs: Vector, centres: Vector, errors: Vector) -> Vector:
    """What is to be added to the logs of a patient's parameters, shape (replicates, names), so that they agree with
    the facts. `logs` are those drawn less those of the `centres`, both of that shape; `errors` are standard normal
    deviates of the facts, shape (replicates, facts).
    """
    if not facts:
        return np.zeros_like(logs)
    root = np.array(spread.sd)[:, None] * spread.mixing
    whole = root @ root.T
    own = [spread.names.index(f.parameter) for f in facts]
    noise = np.array([f.sd for f in facts])
    gain = whole[:, own] @ np.linalg.pinv(whole[np.ix_(own, own)] + np.diag(noise**2), hermitian=True)
    apart = np.array([f.log for f in facts]) - centres[:, own] - logs[:, own] - errors * noise
    shift = apart @ gain.T
    for k, fact in enumerate(facts):
        if not fact.sd:  # known exactly, also where the set says that patients do not differ in it
            shift[:, own[k]] = apart[:, k]
    return np.asarray(shift)
