"""From a graph to LLVM's textual code, several patients side by side in one vector register.

The text is written here, not left to numba, because the vectors run across patients (a compiler sees one patient's
straight-line code and finds few), because every operation must be the one the graph says, and because LLVM takes a
fifth of a second for it where numba takes many. numba translates only the loop around the steps, ordinary code.

Every operation is the IEEE one, fused only where the graph says so, so a patient's bits depend neither on the width nor
on who else is in the vector; exp, log and powers are such operations too (see `elementary`), so they do not depend on
the C library either.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from .elementary import EXPONENT, HALF_POWER, MANTISSA, REST_POWER
from .graph import Graph, Node
from .lowering import lowered, ordered

_BINARY = {"add": "fadd", "mul": "fmul", "div": "fdiv"}
_COMPARED = {"lt": "olt", "le": "ole", "eq": "oeq"}
_LIBRARY = ("sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
# Steps on the bits x of a number, which end in r. A double holds its exponent plus 1023 from bit 52 on; added to a
# number, _FROM_ROOT makes the exponent change at sqrt(1/2) and not at 1.
_ONE, _ROOT, _FRACTION = 1023 << 52, 0x3FE6A09E667F3BCD, (1 << 52) - 1
_FROM_ROOT = _ONE - _ROOT
_HALF = f"a = shl x 51; b = and a {-(1 << 52)}"  # half of the whole number in the lowest bits, as an exponent
_BITS = {
    HALF_POWER: f"{_HALF}; r = add b {_ONE}",
    REST_POWER: f"{_HALF}; c = shl x 52; d = sub c b; r = add d {_ONE}",
    EXPONENT: f"a = add x {_FROM_ROOT}; b = lshr a 52; r = or b {0x433 << 52 | 1 << 51}",
    MANTISSA: f"a = add x {_FROM_ROOT}; b = and a {_FRACTION}; r = add b {_ROOT}",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an array lies: element k of a lane is at `pointer[offset + k * stride + lane]`, or, where the array is
    `shared` by all lanes, at `pointer[offset + k]`. Without a stride the lanes of an element lie side by side.
    """

    pointer: str
    offset: int = 0
    stride: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Store:
    """A node to be written to element `index` of an array."""

    array: str
    index: int
    node: Node


@dataclass(slots=True)
class Constants:
    """Numbers that functions read from the pointer `%constants`: shorter code than numbers written into it."""

    known: dict[bytes, int] = field(default_factory=dict)

    def index(self, value: float) -> int:
        """Where a number stands, the same bits each time."""
        return self.known.setdefault(struct.pack(">d", value), len(self.known))

    def text(self, name: str) -> str:
        """The table itself."""
        return table(name, [float(struct.unpack(">d", bits)[0]) for bits in self.known])


def function(
    g: Graph,
    name: str,
    arguments: Sequence[str],
    places: Mapping[str, Place],
    stores: Sequence[Store],
    width: int,
    given: Mapping[Node, tuple[str, int]] = MappingProxyType({}),
    constants: Constants | None = None,
    turns: int = 1,
) -> str:
    """The text of `void name(arguments)`: everything that is stored is computed from what the places hold.

    Nodes that are `given`, as an array and an index, are read instead of computed. With several `turns`, the same is
    done for one vector after another from each of the arguments, which are all pointers then.
    """
    g, ends = lowered(g, [s.node for s in stores], given)
    writer = _Writer(g, places, width, constants)
    nodes = ordered(g, ends) if turns == 1 else g.reached(ends)
    first = [line for k in nodes for line in writer.constant(k)]
    lines = [line for k in nodes for line in writer.lines(k)]
    lines += [line for s, k in zip(stores, ends, strict=True) for line in writer.stored(Store(s.array, s.index, k))]
    if turns > 1:
        lines = _repeated(arguments, lines, width, turns)
    arguments = [*arguments, "ptr noalias %constants"] if constants else arguments
    body = "\n".join(f"  {line}" for line in first + lines)
    return f"define void @{name}({', '.join(arguments)}) {{\n{body}\n  ret void\n}}\n"


def prelude(width: int) -> str:
    """Declarations of what functions of one width call."""
    suffix = f"v{width}f64" if width > 1 else "f64"
    real = f"<{width} x double>" if width > 1 else "double"
    named = [f"declare {real} @llvm.{f}.{suffix}({real})" for f in (*_LIBRARY, "fabs")]
    return "\n".join([*named, f"declare {real} @llvm.fma.{suffix}({real}, {real}, {real})"]) + "\n"


def number(value: float, width: int) -> str:
    """A floating-point constant, the same in every lane, exactly."""
    bits = "0x" + struct.pack(">d", value).hex().upper()
    return f"splat (double {bits})" if width > 1 else bits


def table(name: str, values: Sequence[float]) -> str:
    """Numbers in memory."""
    written = ", ".join(f"double {number(x, 1)}" for x in values)
    return f"@{name} = internal constant [{len(values)} x double] [{written}], align 64\n"


def _repeated(arguments: Sequence[str], lines: Sequence[str], width: int, turns: int) -> list[str]:
    """A loop around lines, in which the pointer `%x.at` moves on from each argument %x."""
    names = [a.split()[-1] for a in arguments]
    return [
        "br label %turn",
        "turn:",
        "%at = phi i64 [ 0, %0 ], [ %next, %turn ]",
        *(f"{name}.at = getelementptr double, ptr {name}, i64 %at" for name in names),
        *lines,
        f"%next = add i64 %at, {width}",
        f"%more = icmp ult i64 %next, {width * turns}",
        "br i1 %more, label %turn, label %end",
        "end:",
    ]


@dataclass(slots=True)
class _Writer:
    graph: Graph
    places: Mapping[str, Place]
    width: int
    constants: Constants | None
    addresses: int = 0

    def constant(self, k: Node) -> list[str]:
        """The instructions that read node k from the table of constants, if it is one and there is a table."""
        value = self.graph.value(k)
        if value is None or self.constants is None:
            return []
        return self._loaded(k, Place("%constants", shared=True), self.constants.index(value))

    def lines(self, k: Node) -> list[str]:
        """The instructions that compute node k as %n{k}, if it is no constant."""
        op, *args = self.graph.terms[k]
        if op == "const":
            return []
        if op == "load":
            return self._loaded(k, self.places[str(args[0])], int(str(args[1])))
        names = [self._name(a) for a in self.graph.arguments(k)]
        if op in _BITS:
            return self._on_bits(k, _BITS[op], names[0])
        return [f"%n{k} = {self._computed(op, names)}"]

    def stored(self, store: Store) -> list[str]:
        """The instructions that write a node to its place."""
        address, lines = self._address(self.places[store.array], store.index)
        return [*lines, f"store {self._of('double')} {self._name(store.node)}, ptr {address}, align 8"]

    def _of(self, kind: str) -> str:
        return f"<{self.width} x {kind}>" if self.width > 1 else kind

    def _computed(self, op: str, names: list[str]) -> str:
        real, bits = self._of("double"), self._of("i1")
        suffix = f"v{self.width}f64" if self.width > 1 else "f64"
        if op in _BINARY:
            return f"{_BINARY[op]} {real} {names[0]}, {names[1]}"
        if op == "neg":
            return f"fneg {real} {names[0]}"
        if op == "inv":
            return f"fdiv {real} {number(1.0, self.width)}, {names[0]}"
        if op in _COMPARED:
            return f"fcmp {_COMPARED[op]} {real} {names[0]}, {names[1]}"
        if op == "select":
            return f"select {bits} {names[0]}, {real} {names[1]}, {real} {names[2]}"
        if op in ("and", "or"):
            return f"{op} {bits} {names[0]}, {names[1]}"
        if op in ("not", "true", "false"):
            flipped = names[0] if op == "not" else self._truth(False)
            return f"xor {bits} {flipped}, {self._truth(op != 'false')}"
        called = f"@llvm.{'fabs' if op == 'abs' else op}.{suffix}"
        return f"call {real} {called}({', '.join(f'{real} {n}' for n in names)})"

    def _on_bits(self, k: Node, steps: str, name: str) -> list[str]:
        """Whole-number operations on the bits, always in a vector: a single number would leave its register."""
        width = max(self.width, 2)
        whole, real = f"<{width} x i64>", f"<{width} x double>"
        single = [f"%v{k} = insertelement {real} poison, double {name}, i32 0"] if self.width == 1 else []
        lines = [*single, f"%x{k} = bitcast {real} {f'%v{k}' if single else name} to {whole}"]
        for step in steps.split("; "):
            made, _, op, left, right = step.split()
            other = f"%{right}{k}" if right.isalpha() else f"splat (i64 {right})"
            lines.append(f"%{made}{k} = {op} {whole} %{left}{k}, {other}")
        if not single:
            return [*lines, f"%n{k} = bitcast {whole} %r{k} to {real}"]
        return [*lines, f"%w{k} = bitcast {whole} %r{k} to {real}", f"%n{k} = extractelement {real} %w{k}, i32 0"]

    def _truth(self, value: bool) -> str:
        one = "true" if value else "false"
        return f"splat (i1 {one})" if self.width > 1 else one

    def _name(self, node: Node) -> str:
        value = self.graph.value(node) if self.constants is None else None
        return f"%n{node}" if value is None else number(value, self.width)

    def _loaded(self, k: Node, place: Place, index: int) -> list[str]:
        address, lines = self._address(place, index)
        real = self._of("double")
        if not place.shared or self.width == 1:
            return [*lines, f"%n{k} = load {real}, ptr {address}, align 8"]
        return [
            *lines,
            f"%s{k} = load double, ptr {address}, align 8",
            f"%i{k} = insertelement {real} poison, double %s{k}, i32 0",
            f"%n{k} = shufflevector {real} %i{k}, {real} poison, <{self.width} x i32> zeroinitializer",
        ]

    def _address(self, place: Place, index: int) -> tuple[str, list[str]]:
        self.addresses += 1
        name = f"%p{self.addresses}"
        if place.stride:
            return name, [
                f"%m{self.addresses} = mul i64 {place.stride}, {index}",
                f"{name} = getelementptr double, ptr {place.pointer}, i64 %m{self.addresses}",
            ]
        element = place.offset + index * (1 if place.shared else self.width)
        return name, [f"{name} = getelementptr double, ptr {place.pointer}, i64 {element}"]
