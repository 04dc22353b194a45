"""Regimens side by side: each quantity with its interval, and paired differences against the first regimen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...errors import SimulationError
from ...output.tables import Table
from ...quantities import Measured, quantity
from ..clinical.caution import LINKED
from ..evidence import without_data
from ..regimen.evaluate import Evaluated, evaluate_regimen
from ..run import Run

if TYPE_CHECKING:
    from ..uncertainty import Uncertainty

ENDS = (0.05, 0.95)
SAME = 1e-9  # share of a number that draws without an effect differ by, from rounding


@dataclass(frozen=True, slots=True)
class Told:
    """A number with the 5 and 95 % quantiles of its draws, None where there are none; `draws` counts those in which
    it can be told. Of a difference, `higher` and `equal` are shares of those draws.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    draws: int = 0
    higher: float | None = None
    equal: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """`found` holds one result a regimen, in the order of the run's arms; `unsupported` says of a quantity that no data
    stand behind it; `held` names drawn parameters that the patient has from elsewhere; `draws` counts draws.
    """

    run: Run
    quantities: tuple[Measured, ...]
    found: tuple[Evaluated, ...]
    unsupported: Mapping[str, str]
    draws: int = 0
    origin: str = ""
    held: tuple[str, ...] = ()

    @property
    def horizon(self) -> float:
        """The last day compared."""
        return self.run.times[-1]

    def told(self, regimen: int, quantity: int) -> Told:
        """A quantity (by number) of a regimen (by number). An outcome through an assumed link has no interval: draws
        move its exposure along one curve, while the curve itself is what is uncertain.
        """
        own = self.found[regimen]
        return self._known(quantity, _told(float(own.typical[quantity]), own.values[:, quantity]))

    def _known(self, quantity: int, told: Told) -> Told:
        linked = getattr(self.quantities[quantity], "sort", "") == LINKED
        return replace(told, low=None, high=None) if linked else told

    def difference(self, regimen: int, quantity: int) -> Told:
        """A quantity of a regimen less that of the first, each draw with itself."""
        own, first = self.found[regimen], self.found[0]
        close = self.run.tolerances.relative
        apart = _apart(own.values[:, quantity], first.values[:, quantity], close)
        found = _told(float(_apart(own.typical, first.typical, close)[quantity]), apart)
        known = apart[np.isfinite(apart)]
        if len(known):
            found = replace(found, higher=float((known > 0).mean()), equal=float((known == 0).mean()))
        return self._known(quantity, found)

    def table(self) -> Table:
        """One row a regimen and quantity: value, its 90 % interval, draws behind it, and `data`: "none" where no data
        stand behind the number, "assumed" where a link is assumed.
        """
        cells = [(r, q) for r in range(len(self.found)) for q in range(len(self.quantities))]
        return _table(self, cells, [self.told(r, q) for r, q in cells], "value", {})

    def differences(self) -> Table:
        """One row a regimen after the first and quantity: the paired difference, its 90 % interval, and the shares of
        draws in which the regimen is higher or equal.
        """
        cells = [(r, q) for r in range(1, len(self.found)) for q in range(len(self.quantities))]
        found = [self.difference(r, q) for r, q in cells]
        more = {"higher": [t.higher for t in found], "equal": [t.equal for t in found]}
        return _table(self, cells, found, "difference", more, self.run.arms[0].name)


def compare(
    run: Run,
    quantities: Sequence[Measured | str],
    uncertainty: Uncertainty | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Every arm of a run evaluated over the run's days, with the same draws for each; `quantities` are names such as
    `treg_peak_fold`, or quantities. `progress` is told how many arms are done. SimulationError for an unknown name, or
    where an arm cannot be simulated with the parameters as they are.
    """
    names = [o.name for o in outline_of(run.model).outputs]
    wanted = [quantity(one, names) if isinstance(one, str) else one for one in quantities]
    return _compared(run, wanted, uncertainty, progress)


def _compared(
    run: Run,
    quantities: Sequence[Measured],
    uncertainty: Uncertainty | None,
    progress: Callable[[int, int], None] | None,
) -> Comparison:
    found = []
    for k, arm in enumerate(run.arms):
        own = evaluate_regimen(
            arm.schedule,
            quantities,
            run.model,
            arm.parameters,
            uncertainty.draws if uncertainty else None,
            horizon=run.times[-1],
            bsa=arm.bsa,
            weight=arm.weight,
            held=uncertainty.held[k] if uncertainty else (),
            tolerances=run.tolerances,
        )
        if own.stopped:
            raise SimulationError(f"'{arm.label[:60]}' cannot be simulated with these parameters: {own.stopped}")
        found.append(own)
        if progress:
            progress(k + 1, len(run.arms))
    draws = uncertainty.draws if uncertainty else None
    flags = without_data(quantities, run.arms[0].parameters, run.model, draws.names if draws else None)
    told = (len(draws.values), draws.origin) if draws else (0, "")
    held = uncertainty.held[0] if uncertainty else ()
    return Comparison(run, tuple(quantities), tuple(found), flags, *told, held)


def _apart(own: Vector, first: Vector, close: float) -> Vector:
    """The difference, 0 where the solver's tolerance is all that parts them."""
    with np.errstate(invalid="ignore"):
        near = np.abs(own - first) <= close * np.maximum(np.abs(own), np.abs(first))
    return np.where(near, 0.0, own - first)


def _told(value: float, draws: Vector) -> Told:
    known = draws[np.isfinite(draws)]
    own = value if np.isfinite(value) else None
    if not len(known):
        return Told(own)
    low, high = (float(v) for v in np.quantile(known, ENDS))
    if own is not None and max(abs(low - own), abs(high - own)) <= SAME * abs(own):
        low = high = own
    return Told(own, low, high, len(known))


def _data(c: Comparison, quantity: Measured) -> str:
    return "none" if quantity.name in c.unsupported else "assumed" * (getattr(quantity, "sort", "") == LINKED)


def _table(
    c: Comparison,
    cells: Sequence[tuple[int, int]],
    found: Sequence[Told],
    value: str,
    more: Mapping[str, Sequence[float | None]],
    against: str = "",
) -> Table:
    own = [c.quantities[q] for _, q in cells]
    head = {"regimen": [c.run.arms[r].name for r, _ in cells]}
    if against:
        head["against"] = [against for _ in cells]
    columns: dict[str, Sequence[object]] = {
        **head,
        "quantity": [q.name for q in own],
        "unit": [c.found[0].units[q] for _, q in cells],
        value: [t.value for t in found],
        "low": [t.low for t in found],
        "high": [t.high for t in found],
        **more,
        "draws": [t.draws for t in found],
        "data": [_data(c, q) for q in own],
    }
    return Table(tuple(columns.items()))
