"""A model's right-hand side over pointers, for numba to compile, and the doses as arrays for a compiled loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from pkpd.model.declaration import Model

from .cases import Case, Vector
from .equations import body, equations, load


def source(model: Model, arguments: str, scale: Vector | None = None) -> Any:
    """A module with the function `slopes` of arguments `time`, `y`, `dy` and constants `k` in the order given; with a
    scale, y and dy are divided by it.
    """
    sizes = [""] * len(model.states) if scale is None else [repr(s) for s in scale.tolist()]
    lines = [f"y{i} = y[{i}]" + (f" * {s}" if s else "") for i, s in enumerate(sizes)]
    lines += [f"k{i} = k[{i}]" for i in range(len(equations(model).names))]
    ends = [f"dy[{i}] = d{i}" + (f" / {s}" if s else "") for i, s in enumerate(sizes)]
    text = f"import math\n\n\ndef slopes({arguments}):\n"
    text += "".join(f"    {line}\n" for line in lines) + body(model) + "".join(f"    {line}\n" for line in ends)
    return load(text, "pointer_right_hand_side")


def marks(case: Case) -> tuple[Any, ...]:
    """Begin, end, first row, row after the last, state and amount of each stretch."""
    s = case.stretches
    return (
        np.array([part.begin for part in s]),
        np.array([part.end for part in s]),
        np.array([part.rows.start for part in s]),
        np.array([part.rows.stop for part in s]),
        np.array([part.state for part in s]),
        np.array([part.amount for part in s]),
    )
