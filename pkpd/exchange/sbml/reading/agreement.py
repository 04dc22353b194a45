"""Whether a model with units computes what the plain numbers of its file do: SBML converts nothing by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping

import sympy

from ....errors import ModelError
from ....model.declaration import Definition, Expression, Model, symbol
from ....units import coherent_factor
from .beginning import as_number

# Where states are looked at, as parts of their size: no two alike, so that errors cannot cancel.
_POINTS = ((1.0, 0.0), (0.61, 0.37), (1.43, 0.91))
_CLOCK = 0.73


def check_agreement(plain: Model, united: Model) -> None:
    """ModelError unless both give the same rates of change and outputs, in the units of the file, at some points."""
    scales = {s.name: float(s.scale) for s in plain.states}
    for part, offset in _POINTS:
        values = [_computed(m, scales, part, offset) for m in (plain, united)]
        for name, value in values[0].items():
            if not math.isclose(value, values[1][name], rel_tol=1e-9, abs_tol=1e-300):
                raise ModelError(f"with them {name} would be {values[1][name]:g} instead of {value:g}")


def _computed(m: Model, scales: Mapping[str, float], part: float, offset: float) -> Mapping[str, float]:
    """Rates of change and outputs by name, as numbers of the file."""
    known: dict[Expression, Expression] = {symbol("time"): sympy.Float(_CLOCK)}
    for p in m.parameters:
        known[symbol(p.name)] = sympy.Float(m.defaults[p.name].in_unit(p.unit) * coherent_factor(p.unit, m.time))
    for d in m.derived:
        known[symbol(d.name)] = sympy.Float(_defined(m, d, known))
    for k, s in enumerate(m.states):
        size = coherent_factor(s.unit, m.time)
        begin = _in_numbers(s.initial, s.unit, m, known)
        # states begin apart from each other
        known[symbol(s.name)] = sympy.Float(part * begin + offset * scales[s.name] * size * (1 + 0.1 * (k % 7)))
    for d in m.rates:
        known[symbol(d.name)] = sympy.Float(_defined(m, d, known))
    slopes = {n: as_number(e, known, n) for n, e in m.derivatives.items()}
    found = {f"d({s.name})/dt": slopes[s.name] / coherent_factor(f"{s.unit}/{m.time}", m.time) for s in m.states}
    outputs = {o.name: as_number(o.expression, known, o.name) / coherent_factor(o.unit, m.time) for o in m.outputs}
    return found | outputs


def _defined(m: Model, d: Definition, known: Mapping[Expression, Expression]) -> float:
    return _in_numbers(d.expression, d.unit, m, known)


def _in_numbers(e: Expression, unit: str, m: Model, known: Mapping[Expression, Expression]) -> float:
    """A bare number is in its unit; an expression is coherent already."""
    found = as_number(e, known, "a formula")
    return found * coherent_factor(unit, m.time) if e.is_number else found
