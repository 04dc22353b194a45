"""Expressions as LaTeX that may break over lines: before + and -, and, where it must be, between factors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter

from ..assemble import units_of
from ..declaration import Expression, Model, symbol
from .text import escape

# \by is ours: a thin space where a line may break, though it would rather break before a term
BREAK, FACTOR = r"\allowbreak ", r"\by "
BY = r"\newcommand{\by}{\,\penalty700\relax}"
_UNSEEN = "left|right|bigl|bigr|frac|mathrm|text|operatorname|ensuremath|allowbreak|by"
LINE = 62  # signs that fit on a line of 17 cm, with room for wide ones


def symbols(model: Model) -> Mapping[str, str]:
    """LaTeX of every name of a model: as declared, or the name upright where nothing usable is."""
    declared = {d.name: d.latex for d in model.parameters + model.derived + model.states + model.rates}
    return {name: symbol_text(declared.get(name, "")) or upright(name) for name in units_of(model)}


def symbol_text(latex: str) -> str:
    """A declared symbol with letters beyond ASCII as commands; empty where it would break the document."""
    shown = re.sub(r"[^\x00-\x7f]", lambda m: rf"\text{{{escape(m[0])}}}", latex.strip())
    bare = re.sub(r"\\.", "", shown, flags=re.DOTALL)
    depths = [bare[:k].count("{") - bare[:k].count("}") for k in range(len(bare) + 1)]
    broken = shown.endswith("\\") or min(depths) < 0 or depths[-1] != 0 or re.search(r"[%#&$\x00-\x1f\x7f]", bare)
    return "" if broken else shown


def upright(name: str) -> str:
    r"""A declared name as \mathrm."""
    return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"


def writer(names: Mapping[str, str]) -> Callable[[Expression], str]:
    """A function that writes an expression with the symbols of `symbols`; it holds BREAK and FACTOR where a line may
    break, so the document needs the command BY.
    """
    printer = _Breakable({"symbol_names": {symbol(name): shown for name, shown in names.items()}})
    return lambda expression: "".join(_marked(str(printer.doprint(expression))))


def terms(text: str) -> list[str]:
    """The terms of a written sum, each with its sign, without further places to break; one where it is no sum."""
    parts, bracket = [""], 0
    for piece in re.split(r"(\\allowbreak |\\by |\\bigl|\\bigr)", text):
        bracket += (piece == "\\bigl") - (piece == "\\bigr")
        if piece == BREAK and bracket == 0:
            parts.append("")
        elif piece != BREAK:
            parts[-1] += r"\, " if piece == FACTOR else piece
    return [part.strip() for part in parts]


def _marked(text: str) -> Iterator[str]:
    """The pieces of written mathematics, without places to break where none can be: in fractions and tall brackets."""
    depth = 0
    for piece in re.split(r"(\\allowbreak |\\by |\\left|\\right(?![a-z])|\\begin|\\end|(?<!\\)[{}])", text):
        depth += (piece in ("\\left", "\\begin", "{")) - (piece in ("\\right", "\\end", "}"))
        if depth > 0 and piece in (BREAK, FACTOR):
            piece = r"\, " if piece == FACTOR else ""
        yield piece


def signs(text: str) -> int:
    """About how many signs wide written mathematics is; a fraction counts with both its parts."""
    shown = re.sub(rf"\\(?:{_UNSEEN})(?![a-zA-Z])", "", text)
    shown = re.sub(r"\\(?:[a-zA-Z]+|.)", "x", shown.replace(r"\,", ""))
    return len(re.sub(r"[{}_^&\s]", "", shown)) + 2 * len(re.findall(r" [-+=] ", shown))


class _Breakable(LatexPrinter):  # type: ignore[misc]
    """sympy's LaTeX, with places to break, and with what no line can hold written along the line instead of as a
    fraction, root, high exponent or list of cases.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__({**settings, "mul_symbol": FACTOR})
        self._settings["mul_symbol_latex_numbers"] = r" \cdot "
        self._known: dict[Expression, str] = {}  # or a deep expression would be written twice at every depth

    def _print(self, expr: Expression, **kwargs: Any) -> str:
        if kwargs:
            return str(super()._print(expr, **kwargs))
        if expr not in self._known:
            text = str(super()._print(expr))
            tall = isinstance(expr, (sympy.Mul, sympy.Pow, sympy.Function, sympy.Max, sympy.Min))
            self._known[expr] = self._along(expr) if tall and signs(text) > LINE else text
        return self._known[expr]

    def _print_Add(self, expr: Expression, order: str | None = None) -> str:
        shown = ""
        for term in self._as_ordered_terms(expr, order=order):
            text = self._print(term)
            if self._needs_add_brackets(term):
                text = rf"\left({text}\right)"
            sign, text = ("-", text[1:].lstrip()) if text.startswith("-") else ("+", text)
            shown += f" {BREAK}{sign} {text}" if shown else f"- {text}" if sign == "-" else text
        return shown

    def _along(self, expr: Expression) -> str:
        over, under = sympy.fraction(expr, exact=True)
        if under != 1:
            return rf"{self._product(over)} {BREAK}\mathbin{{/}} \bigl({self._print(under)}\bigr)"
        if isinstance(expr, sympy.Mul):
            return self._product(expr)
        if isinstance(expr, sympy.Piecewise):
            cases = (self._case(value, condition) for value, condition in expr.args)
            return rf"\bigl[{f' ; {BREAK}'.join(cases)}\bigr]"
        if isinstance(expr, sympy.Pow) and signs(power := self._print(expr.exp)) < LINE / 4:
            return rf"\bigl({self._print(expr.base)}\bigr)^{{{power}}}"
        name = "pow" if isinstance(expr, sympy.Pow) else expr.func.__name__.lower()
        inner = f", {BREAK}".join(self._print(a) for a in expr.args)
        return rf"\operatorname{{{name}}}\bigl({inner}\bigr)"

    def _case(self, value: Expression, condition: Expression) -> str:
        if condition == sympy.true:
            return rf"{self._print(value)} \text{{ otherwise}}"
        return rf"{self._print(value)} \text{{ for }} {self._print(condition)}"

    def _product(self, expr: Expression) -> str:
        sign = "- " if expr.as_coeff_Mul()[0].is_negative else ""
        factors = (-expr if sign else expr).as_ordered_factors()
        texts = [self._print(f) for f in factors]
        bound = [f.is_Add or f.is_Piecewise for f in factors]
        return sign + FACTOR.join(rf"\bigl({t}\bigr)" if b else t for t, b in zip(texts, bound, strict=True))
