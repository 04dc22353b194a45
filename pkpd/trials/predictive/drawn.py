"""The patients of the data drawn anew in every replicate, each agreeing with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ...engine.code.library import outline_of
from ...engine.compile import feasible, functions
from ...engine.functions import Vector, parts
from ...engine.native import NativeFunctions
from ...keyed import Keyed
from ...many import own_matrix
from ...model.declaration import Model
from ...parameters import Parameters
from ..patients.enrol import ATTEMPTS
from ..patients.spread import Patients, Spread, patients_of
from .known import Fact, moved


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Patients of one set of parameters in every replicate: `spread` around `parameters`, or around `typical` values
    drawn for each replicate, shape (replicates,), in the units of the set; `facts` of each patient; `blocks` of doses
    of the longest course.
    """

    model: Model | str
    parameters: Parameters
    spread: Spread
    facts: tuple[tuple[Fact, ...], ...]
    seed: int
    replicates: int
    blocks: int
    typical: Mapping[str, Vector]

    def centres(self) -> Vector:
        """Logs of what varies, typical of each replicate, shape (replicates, names)."""
        names = self.spread.names
        own = [self.typical.get(n, np.full(self.replicates, self.parameters[n].value)) for n in names]
        return np.asarray(np.log(np.array(own).reshape(len(names), self.replicates).T) + np.log(self.spread.median))

    def of_replicate(self, replicate: int) -> dict[str, float]:
        """The typical values drawn for a replicate."""
        return {name: float(column[replicate]) for name, column in self.typical.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Parameters of all patients, each of shape (replicates, patients), in every block of doses; `redrawn` tells those
    who had no steady baseline at first.
    """

    values: dict[str, Vector]
    blocks: tuple[dict[str, Vector], ...]
    redrawn: NDArray[np.bool_]

    def of(self, members: Sequence[int], blocks: int) -> Patients:
        """Some of the patients, replicate after replicate."""
        count = len(self.redrawn) * len(members)
        values = {name: column[:, members].ravel() for name, column in self.values.items()}
        changed = tuple({n: c[:, members].ravel() for n, c in block.items()} for block in self.blocks[:blocks])
        return Patients(0, count, values, changed)


def drawn(population: Population) -> Drawn:
    """All patients of all replicates; one without a steady baseline is drawn again. What a patient becomes depends on
    seed, replicate, number, what is known of them and typical values alone.
    """
    count = len(population.facts)
    found = [_of_replicate(population, r, 0, count) for r in range(population.replicates)]
    names = list(found[0].values)
    values = {name: np.array([p.values[name] for p in found]) for name in names}
    blocks = tuple(
        {name: np.array([p.blocks[k][name] for p in found]) for name in found[0].blocks[k]}
        for k in range(len(found[0].blocks))
    )
    _agree(population, values, blocks, 0, [Keyed(population.seed, r) for r in range(population.replicates)])
    unsteady = ~_steady(population, values, blocks)
    able = _steady(population, {n: c[:, None] for n, c in _typical(population).items()}, ())[:, 0]
    # where typical values themselves have no steady baseline, their patients are not searched for: they fail
    for r, k in np.argwhere(unsteady & able[:, None]).tolist():
        _again(population, values, blocks, r, k)
    return Drawn(values, blocks, unsteady & able[:, None])


def _typical(population: Population) -> dict[str, Vector]:
    """The typical values of each replicate, each of shape (replicates,)."""
    own = zip(population.spread.names, np.exp(population.centres()).T, strict=True)
    return dict(own) | dict(population.typical)


def typical_patients(population: Population) -> Drawn:
    """Every patient as the typical one with the same baseline and body size, one replicate."""
    names, size = population.spread.names, len(population.facts)
    middle = zip(names, population.spread.median, strict=True)
    medians = {n: population.parameters[n].value * median for n, median in middle}
    values = {n: np.full((1, size), median) for n, median in medians.items()}
    centre = np.log(np.array([list(medians.values())]).reshape(1, -1))
    for k, facts in enumerate(population.facts):
        shift = moved(population.spread, facts, np.zeros_like(centre), centre, np.zeros((1, len(facts))))
        for j, name in enumerate(names):
            values[name][:, k] *= np.exp(shift[:, j])
    return Drawn(values, (), np.zeros((1, size), dtype=bool))


def _of_replicate(population: Population, replicate: int, first: int, count: int, attempt: int = 0) -> Patients:
    keyed = Keyed(population.seed, replicate)
    typical = population.of_replicate(replicate)
    p = population
    return patients_of(p.spread, p.parameters, keyed, first, count, p.blocks, typical, attempt)


def _agree(
    population: Population,
    values: Mapping[str, Vector],
    blocks: Sequence[Mapping[str, Vector]],
    first: int,
    keyed: Sequence[Keyed],
    rows: slice = slice(None),
) -> None:
    """Move patients `first` and on, columns of arrays whose rows are replicates, to what is known of them."""
    names, count = population.spread.names, next(iter(values.values())).shape[1] if values else 0
    width = max((len(facts) for facts in population.facts), default=0)
    if not width or not names:
        return
    errors = np.array([k.normals("own baseline", first, count, width) for k in keyed])
    centres = population.centres()[rows]
    for k in range(count):
        facts = population.facts[first + k]
        logs = np.log(np.array([values[n][:, k] for n in names]).T) - centres
        shift = np.exp(moved(population.spread, facts, logs, centres, errors[:, k, : len(facts)]))
        for j, name in enumerate(names):
            for own in (values, *blocks):
                if name in own:
                    own[name][:, k] *= shift[:, j]


def _again(
    population: Population, values: Mapping[str, Vector], blocks: Sequence[Mapping[str, Vector]], r: int, k: int
) -> None:
    """Draw one patient of one replicate again, until there is a steady baseline; the last attempt stays."""
    for attempt in range(1, ATTEMPTS + 1):
        one = _of_replicate(population, r, k, 1, attempt)
        own = {name: column[None, :].copy() for name, column in one.values.items()}
        changed = [{name: column[None, :].copy() for name, column in block.items()} for block in one.blocks]
        keyed = Keyed(population.seed, r, f"attempt {attempt} ")
        _agree(population, own, changed, k, [keyed], slice(r, r + 1))
        if _steady(population, own, changed)[0, 0]:
            break
    for whole, new in ((values, own), *zip(blocks, changed, strict=True)):
        for name in whole:
            whole[name][r, k] = new[name][0, 0]


def _steady(
    population: Population, values: Mapping[str, Vector], blocks: Sequence[Mapping[str, Vector]]
) -> NDArray[np.bool_]:
    """Whether the model has a baseline for each patient, in every block of doses; same shape."""
    shape = next(iter(values.values())).shape if values else (population.replicates, len(population.facts))
    able = np.ones(shape, dtype=bool)
    code, model = cast(NativeFunctions, functions(population.model)), outline_of(population.model)
    for block in blocks or ({},):
        columns = {n: c.ravel() for n, c in {**values, **block}.items()}
        if columns:
            own = own_matrix(model, population.parameters.over(model.defaults), columns)
            fixed = parts(code.fixed_many(own), code.code.layout.parameters, code.outline)
            able &= feasible(fixed).reshape(shape)
    return able
