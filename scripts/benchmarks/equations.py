"""The right-hand side of a model as flat assignments and as Python source, so that no peer's equations are typed.

What depends on parameters only is a constant, computed once a patient; what is used twice is computed once a call.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.printing.pycode import PythonCodePrinter

from pkpd.model.assemble import expanded
from pkpd.model.declaration import Model, symbol

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Equations:
    """Symbols `y0, y1, ...` of the states and `k0, k1, ...` of constants; `slopes` hold these only, `time` aside.

    `steps` are the assignments of common parts in order, after which `ends` are the slopes. `constants` takes a
    patient's vector p to the values of the constants.
    """

    states: tuple[sympy.Symbol, ...]
    names: tuple[sympy.Symbol, ...]
    slopes: tuple[Any, ...]
    steps: tuple[tuple[sympy.Symbol, Any], ...]
    ends: tuple[Any, ...]
    constants: Callable[[Sequence[float]], Vector] = field(repr=False)


@lru_cache(maxsize=8)
def equations(model: Model) -> Equations:
    """The equations of a model."""
    n = len(model.states)
    p = [symbol(d.name) for d in (*model.parameters, *model.derived)]
    plain = {q: sympy.Symbol(f"p{k}", positive=True) for k, q in enumerate(p)}
    y = tuple(sympy.Symbol(f"y{k}", real=True) for k in range(n))
    plain |= dict(zip([symbol(s.name) for s in model.states], y, strict=True))
    raw = [expanded(model, e).xreplace(plain) for e in model.derivatives.values()]
    found: dict[Any, sympy.Symbol] = {}
    moving = {*y, symbol("time")}
    slopes = tuple(_hoisted(e, moving, found) for e in raw)
    steps, ends = sympy.cse(slopes, symbols=sympy.numbered_symbols("c"))
    fixed = sympy.lambdify([[plain[q] for q in p]], list(found), modules="math", cse=True)
    return Equations(
        y,
        tuple(found.values()),
        slopes,
        tuple(steps),
        tuple(ends),
        lambda values: np.array(fixed(list(values)), dtype=float),
    )


def _hoisted(e: Any, moving: set[Any], found: dict[Any, sympy.Symbol]) -> Any:
    """The expression with every part that holds parameters only replaced by a constant, added to `found`."""
    if e.is_number or e in moving:
        return e
    if not e.free_symbols & moving:
        return found.setdefault(e, sympy.Symbol(f"k{len(found)}", positive=True))
    if not isinstance(e, (sympy.Add, sympy.Mul)):
        return e.func(*(_hoisted(a, moving, found) for a in e.args))
    still = [a for a in e.args if not a.free_symbols & moving]
    rest = [_hoisted(a, moving, found) for a in e.args if a.free_symbols & moving]
    return e.func(_hoisted(e.func(*still), moving, found), *rest) if still else e.func(*rest)


def body(model: Model, indent: str = "    ") -> str:
    """The assignments and slopes as lines of Python: `c0 = ...` then `d0 = ...`, functions written `math.`."""
    made = equations(model)
    lines = [(s.name, e) for s, e in made.steps] + [(f"d{k}", e) for k, e in enumerate(made.ends)]
    printer = PythonCodePrinter({"fully_qualified_modules": True})
    return "".join(f"{indent}{name} = {printer.doprint(e.rewrite(sympy.Piecewise))}\n" for name, e in lines)


def load(source: str, name: str) -> ModuleType:
    """A module from generated source, by way of a temporary file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(source, "utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def joined(letter: str, count: int) -> str:
    """`y0, y1, ...` with a comma at the end."""
    return "".join(f"{letter}{k}, " for k in range(count))
