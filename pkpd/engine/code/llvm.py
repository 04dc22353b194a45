"""From a graph to LLVM's textual code, several patients side by side in one vector register.

Every operation is the IEEE one, fused only where the graph says so, and exp, log and powers are written out below, so a
patient's bits depend neither on the width, nor on who else is in the vector, nor on the C library.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .graph import Graph, Node

_BINARY = {"add": "fadd", "mul": "fmul"}
_COMPARED = {"lt": "olt", "le": "ole", "eq": "oeq"}
_LIBRARY = ("sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")


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


def function(
    g: Graph,
    name: str,
    arguments: Sequence[str],
    places: Mapping[str, Place],
    stores: Sequence[Store],
    width: int,
    given: Mapping[Node, tuple[str, int]] = MappingProxyType({}),
) -> str:
    """The text of `void name(arguments)`: everything that is stored is computed from what the places hold.

    Nodes that are `given`, as an array and an index, are read instead of computed.
    """
    writer = _Writer(g, places, width, given)
    lines = [line for k in g.reached((s.node for s in stores), given) for line in writer.lines(k)]
    lines += [line for s in stores for line in writer.stored(s)]
    body = "\n".join(f"  {line}" for line in lines)
    return f"define void @{name}({', '.join(arguments)}) {{\n{body}\n  ret void\n}}\n"


def prelude(width: int) -> str:
    """Declarations and the functions exp, log and pow, for one width."""
    suffix = f"v{width}f64" if width > 1 else "f64"
    real, whole = (f"<{width} x {t}>" if width > 1 else t for t in ("double", "i64"))
    text = _FUNCTIONS
    for old, new in (
        ("REAL", real),
        ("WHOLE", whole),
        ("SUFFIX", suffix),
        ("BITS", f"<{width} x i1>" if width > 1 else "i1"),
    ):
        text = text.replace(old, new)
    named = [f"declare {real} @llvm.{f}.{suffix}({real})" for f in _LIBRARY]
    return "\n".join(named) + "\n" + _with_constants(text, width)


def number(value: float, width: int) -> str:
    """A floating-point constant, the same in every lane, exactly."""
    bits = "0x" + struct.pack(">d", value).hex().upper()
    return f"splat (double {bits})" if width > 1 else bits


@dataclass(slots=True)
class _Writer:
    graph: Graph
    places: Mapping[str, Place]
    width: int
    given: Mapping[Node, tuple[str, int]]
    addresses: int = 0

    def lines(self, k: Node) -> list[str]:
        """The instructions that compute node k as %n{k}."""
        if k in self.given:
            return self._loaded(k, *self.given[k])
        op, *args = self.graph.terms[k]
        if op == "const":
            return []
        if op == "load":
            return self._loaded(k, str(args[0]), int(args[1]))  # type: ignore[call-overload]
        names = [self._name(a) for a in self.graph.arguments(k)]
        return [f"%n{k} = {self._computed(str(op), names)}"]

    def stored(self, store: Store) -> list[str]:
        """The instructions that write a node to its place."""
        address, lines = self._address(self.places[store.array], store.index)
        return [*lines, f"store {self._real} {self._name(store.node)}, ptr {address}, align 8"]

    @property
    def _real(self) -> str:
        return f"<{self.width} x double>" if self.width > 1 else "double"

    @property
    def _bits(self) -> str:
        return f"<{self.width} x i1>" if self.width > 1 else "i1"

    def _computed(self, op: str, names: list[str]) -> str:
        real, bits = self._real, self._bits
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
        if op == "abs":
            return f"call {real} @llvm.fabs.{suffix}({real} {names[0]})"
        called = f"@llvm.{op}.{suffix}" if op in (*_LIBRARY, "fma") else f"@pkpd_{op}"
        return f"call {real} {called}({', '.join(f'{real} {n}' for n in names)})"

    def _truth(self, value: bool) -> str:
        one = "true" if value else "false"
        return f"splat (i1 {one})" if self.width > 1 else one

    def _name(self, node: Node) -> str:
        value = self.graph.value(node)
        return f"%n{node}" if value is None else number(value, self.width)

    def _loaded(self, k: Node, array: str, index: int) -> list[str]:
        place = self.places[array]
        address, lines = self._address(place, index)
        if not place.shared or self.width == 1:
            return [*lines, f"%n{k} = load {self._real}, ptr {address}, align 8"]
        vector = f"<{self.width} x double>"
        return [
            *lines,
            f"%s{k} = load double, ptr {address}, align 8",
            f"%i{k} = insertelement {vector} poison, double %s{k}, i32 0",
            f"%n{k} = shufflevector {vector} %i{k}, {vector} poison, <{self.width} x i32> zeroinitializer",
        ]

    def _address(self, place: Place, index: int) -> tuple[str, list[str]]:
        self.addresses += 1
        name = f"%a{self.addresses}"
        if place.stride:
            return name, [
                f"%m{self.addresses} = mul i64 {place.stride}, {index}",
                f"{name} = getelementptr double, ptr {place.pointer}, i64 %m{self.addresses}",
            ]
        element = place.offset + index * (1 if place.shared else self.width)
        return name, [f"{name} = getelementptr double, ptr {place.pointer}, i64 {element}"]


def _with_constants(text: str, width: int) -> str:
    """`{0.5}` becomes the constant in every lane, `{i:52}` the whole one."""
    parts = text.split("{=")
    found = [parts[0]]
    for part in parts[1:]:
        written, rest = part.split("}", 1)
        if written.startswith("i:"):
            found.append((f"splat (i64 {written[2:]})" if width > 1 else written[2:]) + rest)
        else:
            found.append(number(float.fromhex(written) if "x" in written else float(written), width) + rest)
    return "".join(found)


def _horner(variable: str, result: str, coefficients: Sequence[float], start: str) -> str:
    """The polynomial with these coefficients, highest power first, by fused steps."""
    lines, last = [], f"{{={coefficients[0]!r}}}"
    for k, c in enumerate(coefficients[1:]):
        name = result if k == len(coefficients) - 2 else f"{start}{k}"
        lines.append(f"  {name} = call REAL @llvm.fma.SUFFIX(REAL {last}, REAL {variable}, REAL {{={c!r}}})")
        last = name
    return "\n".join(lines)


def _taylor() -> list[float]:
    """1/13!, 1/12! ... 1/0!."""
    found = [1.0]
    for k in range(1, 14):
        found.append(found[-1] / k)
    return found[::-1]


# exp: x = n ln 2 + r, exp(r) by Taylor (the first term left out is below 1e-17 for |r| <= ln(2)/2), times 2^n in two
# factors, so that results near the largest and smallest numbers come out. Adding 1.5 * 2^52 leaves n in the low bits.
# log: x = 2^k m with m between sqrt(1/2) and sqrt(2), then the polynomial of fdlibm's e_log.c (error below 1 ulp).
# Both are checked against the C library in the tests. pow's error grows with |y log x|, by one rounding each.
_FUNCTIONS = (
    """
declare REAL @llvm.fma.SUFFIX(REAL, REAL, REAL)
declare REAL @llvm.fabs.SUFFIX(REAL)

define internal REAL @pkpd_exp(REAL %x) noinline {
  %over = fcmp ogt REAL %x, {=750.0}
  %x1 = select BITS %over, REAL {=750.0}, REAL %x
  %under = fcmp olt REAL %x1, {=-750.0}
  %x2 = select BITS %under, REAL {=-750.0}, REAL %x1
  %big = call REAL @llvm.fma.SUFFIX(REAL %x2, REAL {=0x1.71547652b82fep+0}, REAL {=0x1.8p+52})
  %n = fsub REAL %big, {=0x1.8p+52}
  %m = fneg REAL %n
  %r0 = call REAL @llvm.fma.SUFFIX(REAL %m, REAL {=0x1.62e42fefa39efp-1}, REAL %x2)
  %r = call REAL @llvm.fma.SUFFIX(REAL %m, REAL {=0x1.abc9e3b39803fp-56}, REAL %r0)
"""
    + _horner("%r", "%p", _taylor(), "%t")
    + """
  %halfbig = call REAL @llvm.fma.SUFFIX(REAL %n, REAL {=0.5}, REAL {=0x1.8p+52})
  %n1 = fsub REAL %halfbig, {=0x1.8p+52}
  %n2 = fsub REAL %n, %n1
  %restbig = fadd REAL %n2, {=0x1.8p+52}
  %i1 = bitcast REAL %halfbig to WHOLE
  %i2 = bitcast REAL %restbig to WHOLE
  %b1 = add WHOLE %i1, {=i:1023}
  %b2 = add WHOLE %i2, {=i:1023}
  %c1 = shl WHOLE %b1, {=i:52}
  %c2 = shl WHOLE %b2, {=i:52}
  %s1 = bitcast WHOLE %c1 to REAL
  %s2 = bitcast WHOLE %c2 to REAL
  %q = fmul REAL %p, %s1
  %y = fmul REAL %q, %s2
  ret REAL %y
}

define internal REAL @pkpd_log(REAL %x) noinline {
  %small = fcmp olt REAL %x, {=0x1p-1022}
  %up = fmul REAL %x, {=0x1p+54}
  %x1 = select BITS %small, REAL %up, REAL %x
  %shift = select BITS %small, REAL {=54.0}, REAL {=0.0}
  %bits = bitcast REAL %x1 to WHOLE
  %above = sub WHOLE %bits, {=i:4604544271217802189}
  %k0 = ashr WHOLE %above, {=i:52}
  %k1 = shl WHOLE %k0, {=i:52}
  %mbits = sub WHOLE %bits, %k1
  %m = bitcast WHOLE %mbits to REAL
  %k2 = add WHOLE %k0, {=i:4843621399236968448}
  %k3 = bitcast WHOLE %k2 to REAL
  %k4 = fsub REAL %k3, {=0x1.8p+52}
  %k = fsub REAL %k4, %shift
  %f = fsub REAL %m, {=1.0}
  %below = fadd REAL %f, {=2.0}
  %s = fdiv REAL %f, %below
  %z = fmul REAL %s, %s
"""
    + _horner(
        "%z",
        "%p",
        (
            1.479819860511658591e-01,
            1.531383769920937332e-01,
            1.818357216161805012e-01,
            2.222219843214978396e-01,
            2.857142874366239149e-01,
            3.999999999940941908e-01,
            6.666666666666735130e-01,
        ),
        "%t",
    )
    + """
  %rest = fmul REAL %z, %p
  %ff = fmul REAL %f, %f
  %half = fmul REAL %ff, {=0.5}
  %sum = fadd REAL %half, %rest
  %low = fmul REAL %k, {=0x1.a39ef35793c76p-33}
  %inner = call REAL @llvm.fma.SUFFIX(REAL %s, REAL %sum, REAL %low)
  %outer = fsub REAL %half, %inner
  %last = fsub REAL %outer, %f
  %high = fmul REAL %k, {=0x1.62e42feep-1}
  %y = fsub REAL %high, %last
  %finite = fcmp olt REAL %x, {=inf}
  %y1 = select BITS %finite, REAL %y, REAL %x
  %positive = fcmp ogt REAL %x, {=0.0}
  %zero = fcmp oeq REAL %x, {=0.0}
  %edge = select BITS %zero, REAL {=-inf}, REAL {=nan}
  %y2 = select BITS %positive, REAL %y1, REAL %edge
  ret REAL %y2
}

define internal REAL @pkpd_pow(REAL %x, REAL %y) noinline {
  %l = call REAL @pkpd_log(REAL %x)
  %m = fmul REAL %y, %l
  %e = call REAL @pkpd_exp(REAL %m)
  %none = fcmp oeq REAL %y, {=0.0}
  %z = select BITS %none, REAL {=1.0}, REAL %e
  ret REAL %z
}
"""
)
