"""The functions of a model in machine code (see `code`), called with arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..model.outline import Outline
from ..model.registry import MODELS, get_model
from .code.library import Code, code_of
from .code.memory import WIDTH
from .functions import Fixed, Vector, parts

if TYPE_CHECKING:
    from ..model.declaration import Model

_POINTER = ctypes.c_void_p


@dataclass(frozen=True, slots=True, eq=False)
class NativeFunctions:
    """Functions of a compiled model; `p` is the vector of parameters followed by what the program derives from them."""

    code: Code

    @property
    def outline(self) -> Outline:
        """The model without its equations."""
        return self.code.outline

    def fixed(self, own: Sequence[float]) -> Fixed:
        """What the model's own parameters fix (see `Functions`)."""
        found = self.fixed_many(np.array([own], dtype=float))
        return parts(found[0], self.code.layout.parameters, self.outline)

    def fixed_many(self, own: Vector) -> Vector:
        """What the parameters of many patients fix, shape (patients, values); each row as `fixed` says."""
        code, (count, size) = self.code, own.shape
        blocks = -(-count // WIDTH)
        padded = np.concatenate([own, np.repeat(own[-1:], blocks * WIDTH - count, axis=0)])
        lanes = np.ascontiguousarray(padded.reshape(blocks, WIDTH, size).transpose(0, 2, 1))
        found = np.empty((blocks, code.fixed, WIDTH))
        function = _function(code.address("fixed", WIDTH), 2)
        for block in range(blocks):
            function(lanes[block].ctypes.data, found[block].ctypes.data)
        return found.transpose(0, 2, 1).reshape(blocks * WIDTH, code.fixed)[:count]

    def rhs(self, t: float, y: Sequence[float], p: Vector) -> Vector:
        """Rates of change without infusions."""
        layout = self.code.layout
        ws = np.zeros(layout.size)
        for name, values in (("t", t), ("y", y), ("p", p)):
            ws[layout.offset(name) : layout.offset(name) + layout.sections[name]] = values
        _function(self.code.address("slopes", 1), 1)(ws.ctypes.data)
        return ws[layout.offset("slope") :]

    def output(self, k: int, times: Vector, states: Vector, p: Vector) -> Vector:
        """Output k in its own unit (see `Functions`)."""
        rows, padded = len(times), -(-len(times) // WIDTH) * WIDTH
        clock, y = np.zeros(padded), np.zeros((1, states.shape[1], padded))
        clock[:rows], y[0, :, :rows] = times, states.T
        return self.outputs(k, clock, y, p[None])[0, :rows]

    def outputs(self, k: int, clock: Vector, y: Vector, p: Vector) -> Vector:
        """Output k of many patients, shape (patients, rows), at model times `clock` for states of shape (patients,
        states, rows); rows fill whole vectors.
        """
        clock, y, p = (np.ascontiguousarray(a) for a in (clock, y, p))
        patients, states, rows = y.shape
        found = np.empty((patients, rows))
        function = _function(self.code.address(f"output{k}", WIDTH), 8)
        pointers = [a.ctypes.data for a in (clock, y, p, found)]
        function(*pointers, rows, patients, states * rows, p.shape[1])
        return found


def _function(address: int, pointers: int) -> Callable[..., Any]:
    return ctypes.CFUNCTYPE(None, *[_POINTER] * pointers)(address)


def native_functions(model: Model | str) -> NativeFunctions:
    """The compiled functions of a model, or of one by its name; a file edited since is read again."""
    return _known(get_model(model) if isinstance(model, str) and model not in MODELS else model)


@lru_cache(maxsize=32)
def _known(model: Model | str) -> NativeFunctions:
    return NativeFunctions(code_of(model))
