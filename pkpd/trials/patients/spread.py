"""How patients differ: spreads and correlations of parameters, changes between blocks of doses, covariates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from ...engine.functions import Vector
from ...errors import ParameterError, nearest
from ...keyed import Keyed
from ...parameters import Parameters
from ...studies.covariates import Covariate

LARGEST_SD = 10.0  # of a log: a factor of 20,000 either way
_NEGATIVE = -1e-9  # an eigenvalue this far below zero is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What differs between patients. `median` is that of the patients over the parameter's value, below 1 where the
    value is their mean; `mixing` turns independent deviates into correlated ones, shape (names, names),
    lower triangular; `sd` are SDs of the log; `occasions` name parameters that also change from one block of doses to
    the next, with the SD of the log of that change.
    """

    names: tuple[str, ...]
    sd: tuple[float, ...]
    median: tuple[float, ...]
    mixing: Vector
    occasions: tuple[tuple[str, float], ...]
    covariates: tuple[Covariate, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Patients:
    """Virtual patients `first` to `first + count - 1`. `values` are parameters that differ, in the units of the set
    they were drawn around, shape (count,); `blocks` those that hold from the first dose of each block of doses on;
    `labels` the level of each covariate. `redrawn` are those who had no steady baseline when they were drawn first.
    """

    first: int
    count: int
    values: Mapping[str, Vector]
    blocks: tuple[Mapping[str, Vector], ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redrawn: tuple[int, ...] = ()


def spread_of(parameters: Parameters, covariates: Sequence[Covariate] = ()) -> Spread:
    """The spread that a set of parameters states; ParameterError where correlations contradict each other, or what
    varies has no log.
    """
    varying = {t.name: t.spread for t in parameters.tables if t.spread}
    changing = {t.name: t.occasion for t in parameters.tables if t.occasion}
    for name, sd in (*varying.items(), *changing.items()):
        if not parameters[name].value > 0:
            raise ParameterError(f"{name} = {parameters[name].text} has no log, so it cannot have a spread of {sd:g}")
        if sd > LARGEST_SD:
            raise ParameterError(f"the spread of {name} is an SD of the log up to {LARGEST_SD:g}, not {sd:g}")
    for covariate in covariates:
        for effect in covariate.effects:
            if effect.parameter not in parameters:
                hint = nearest(effect.parameter, parameters)
                raise ParameterError(f"{covariate.origin}: the model has no parameter '{effect.parameter}'{hint}")
    names = tuple(varying)
    mixing = _mixing(parameters, names)
    median = tuple(parameters[name].centre(sd) / parameters[name].value for name, sd in varying.items())
    return Spread(names, tuple(varying.values()), median, mixing, tuple(changing.items()), tuple(covariates))


def patients_of(
    spread: Spread,
    parameters: Parameters,
    keyed: Keyed,
    first: int,
    count: int,
    blocks: int = 1,
    typical: Mapping[str, float] | None = None,
    attempt: int = 0,
) -> Patients:
    """Patients drawn around `parameters`, or around other `typical` values where given (each in its parameter's unit).

    A patient depends on seed, replicate and number alone: the same deviates whatever the typical values, so that two
    sets of typical values are compared in the same patients. Another `attempt` draws them anew.
    """
    keyed = replace(keyed, prefix=f"attempt {attempt} " if attempt else "")
    centre = {t.name: t.value for t in parameters.tables} | dict(typical or {})
    own = [_deviates(keyed, name, first, count)[:, 0] for name in spread.names]
    values = {name: np.full(count, value) for name, value in (typical or {}).items()}
    for k, (name, sd) in enumerate(zip(spread.names, spread.sd, strict=True)):
        mixed = np.zeros(count)
        for j in range(k + 1):  # one by one, so that the bits do not depend on how many patients there are
            mixed = mixed + spread.mixing[k, j] * own[j]
        values[name] = centre[name] * spread.median[k] * _exp(sd * mixed)
    labels = {}
    for covariate in spread.covariates:
        level = covariate.levels_of(keyed.uniforms(f"covariate {covariate.name}", first, count)[:, 0])
        labels[covariate.name] = tuple(level)
        for effect in covariate.effects:
            before = values.get(effect.parameter, np.full(count, centre[effect.parameter]))
            here = np.array([effect.factor if one == effect.level else 1.0 for one in level])
            values[effect.parameter] = before * here
    changed = _blocks(spread, keyed, values, centre, first, count, blocks)
    return Patients(first, count, values, changed, labels)


@lru_cache(maxsize=2048)
def _deviates(keyed: Keyed, name: str, first: int, count: int, each: int = 1) -> Vector:
    """Normal deviates, shape (patients, each); kept, since every draw of typical values asks for the same."""
    found = keyed.normals(name, first, count, each)
    found.flags.writeable = False
    return found


def _blocks(
    spread: Spread,
    keyed: Keyed,
    values: Mapping[str, Vector],
    centre: Mapping[str, float],
    first: int,
    count: int,
    blocks: int,
) -> tuple[Mapping[str, Vector], ...]:
    found = [dict[str, Vector]() for _ in range(blocks if spread.occasions else 0)]
    for name, sd in spread.occasions:
        deviates = _deviates(keyed, f"{name} occasion", first, count, blocks)
        own = values.get(name, np.full(count, centre[name]))
        for k, block in enumerate(found):
            block[name] = own * _exp(sd * deviates[:, k])
    return tuple(found)


def _exp(logs: Vector) -> Vector:
    # math.exp, because numpy's may round the end of an array differently from its middle
    return np.array([math.exp(x) for x in logs.tolist()])


def _mixing(parameters: Parameters, names: Sequence[str]) -> Vector:
    """Lower triangular root of the correlations, by Cholesky's rule written out so that a singular one passes too."""
    matrix = np.eye(len(names))
    for name in names:
        for other, value in parameters[name].correlation:
            if other not in parameters:
                hint = nearest(other, parameters)
                raise ParameterError(f"{parameters[name].origin}: there is no parameter '{other}' to correlate{hint}")
            if other not in names:
                continue
            j, k = names.index(name), names.index(other)
            if matrix[j, k] not in (0, value):
                raise ParameterError(f"the correlation of {name} and {other} is {value:g} and {matrix[j, k]:g}")
            matrix[j, k] = matrix[k, j] = value
    lowest = float(np.linalg.eigvalsh(matrix).min()) if len(names) else 1.0
    if lowest < _NEGATIVE:
        said = [f"{n} with {o} {v:g}" for n in names for o, v in parameters[n].correlation if o in names]
        raise ParameterError(
            f"the correlations of {parameters.origin} contradict each other ({', '.join(said)}); bring them nearer to 0"
        )
    return _root(matrix)


def _root(matrix: Vector) -> Vector:
    root = np.zeros_like(matrix)
    for k in range(len(matrix)):
        for j in range(k + 1):
            rest = matrix[k, j] - math.fsum((root[k, :j] * root[j, :j]).tolist())
            if j == k:
                root[k, k] = math.sqrt(max(rest, 0.0))
            elif root[j, j] > 1e-8:
                root[k, j] = rest / root[j, j]
    return root
