"""Running graphs as machine code in tests."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

import numpy as np

from pkpd.engine.code.graph import Graph, Node
from pkpd.engine.code.llvm import Constants, Place, Store, function, prelude
from pkpd.engine.code.machine import Machine, compile_text

# Widths of all kinds: one number, part of a register, a whole one, and more than one.
WIDTHS = (1, 2, 8, 16)


def compiled(g: Graph, ends: Sequence[Node], width: int, *, tabled: bool = False) -> Callable[..., np.ndarray]:
    """A function from columns of the input array "x", each as long as the width, to the values of the ends.

    The array "p" stands behind three columns of x. `tabled`: constants are read from memory, as they are in a step.
    """
    places = {"x": Place("%x"), "p": Place("%x", 3 * width), "out": Place("%out")}
    stores = [Store("out", i, node) for i, node in enumerate(ends)]
    constants = Constants() if tabled else None
    parts = [
        prelude(width),
        function(g, "inner", ["ptr %x", "ptr %out"], places, stores, width, constants=constants),
        constants.text("constants") if constants else "",
        "define void @ends(ptr %x, ptr %out) {",
        f"  call void @inner(ptr %x, ptr %out{', ptr @constants' if constants else ''})",
        "  ret void\n}",
    ]
    machine = Machine(compile_text("\n".join(parts)))
    code = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(machine.address("ends"))

    def run(*columns: float | np.ndarray) -> np.ndarray:
        x = np.array([np.broadcast_to(c, width) for c in columns] or [np.zeros(width)], dtype=float)
        out = np.empty((len(ends), width))
        code(x.ctypes.data, out.ctypes.data)
        return out

    run.machine = machine  # type: ignore[attr-defined]  # the code lives as long as this does
    return run


def values(g: Graph, ends: Sequence[Node], *columns: np.ndarray) -> np.ndarray:
    """The ends for every row of equally long columns; an AssertionError where bits depend on width or constants."""
    count = len(columns[0])
    found = []
    for width in WIDTHS:
        run = compiled(g, ends, width, tabled=width == WIDTHS[1])
        padded = [np.resize(c, -(-count // width) * width) for c in columns]
        blocks = [run(*(c[k : k + width] for c in padded)) for k in range(0, len(padded[0]), width)]
        found.append(np.concatenate(blocks, axis=1)[:, :count])
    for other in found[1:]:
        nan = np.isnan(found[0])
        assert (np.isnan(other) == nan).all()
        assert (other[~nan].view(np.int64) == found[0][~nan].view(np.int64)).all()
    return found[0]
