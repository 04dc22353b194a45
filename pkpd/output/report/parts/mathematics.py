"""A model's expressions as MathML, which browsers show without a script or a font of ours.

The LaTeX that `pkpd.model.latex` writes is converted by latex2mathml. sympy's own MathML printer was tried beside it:
it shows interface names in place of the declared symbols, knows nothing of where a line may break, and leaves fractions
that no page can hold, so all that our LaTeX does would be done twice. No browser breaks a formula, so a piece between
those places is a formula of its own, and the line of text they stand in breaks between them.

Names go through the conversion as marks, and come back as their symbols with the name they stand for. The text that
latex2mathml returns is not escaped, so its elements are taken and written here, and only those of mathematics.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from xml.etree import ElementTree

from ....errors import ModelError
from ....model.declaration import Expression, Model
from ....model.latex.equations import BREAK, FACTOR, signs, symbol_text, symbols, writer

# how equations stand on the page: the first line hangs out, lines do not touch, and what it is about stands beside
STYLE = """
.eq { display: flex; flex-wrap: nowrap; align-items: flex-start; justify-content: space-between; gap: .1rem 2rem;
margin: .55rem 0; padding: 0; break-inside: avoid; } .eq math { text-indent: 0; }
.eq > :first-child { padding-left: 2.5em; text-indent: -2.5em; min-width: 0; line-height: 2.1; }
.eq > .of { flex: 0 1 auto; max-width: 45%; text-align: right; font-size: .86rem; padding-top: .45rem; }
@media screen and (max-width: 44rem) { .eq { display: block; border-bottom: 1px solid #ddd; padding-bottom: .3rem; }
.eq > :first-child { overflow-x: auto; overflow-y: hidden; } .eq > .of { max-width: none; text-align: left; } }
@media print { .eq { margin: .3rem 0; } .eq > .of { font-size: 7.6pt; } }
""".lstrip()

_TAGS = frozenset(
    [
        *(
            "math",
            "mrow",
            "mstyle",
            "mpadded",
            "mphantom",
            "mi",
            "mn",
            "mo",
            "mtext",
            "mspace",
            "mfrac",
            "msqrt",
            "mroot",
        ),
        *("msub", "msup", "msubsup", "mover", "munder", "munderover", "mtable", "mtr", "mtd"),
    ]
)
_ATTRIBUTES = frozenset(
    ("mathvariant", "stretchy", "fence", "form", "minsize", "maxsize", "lspace", "rspace", "width", "linethickness")
)
_MARK = re.compile(r"<mtext>@+(\d+)@</mtext>")
_BREAKS = re.compile("|".join(map(re.escape, (BREAK, FACTOR))))
_BETWEEN = frozenset("+-−=≤/")  # signs that stand between two sides, also where a piece begins or ends with one
_LONGEST = 200  # characters of a declared symbol


@dataclass(frozen=True, slots=True, eq=False)
class Notation:
    """How a model is written: LaTeX marks of its names and of its flows in order, and what each mark shows."""

    names: Mapping[str, str]
    flows: tuple[str, ...]
    shown: tuple[str, ...]
    write: Callable[[Expression], str]

    def symbol(self, name: str) -> str:
        """The symbol of a declared name, as a formula."""
        return self.formula(self.names[name])

    def value(self, expression: Expression) -> str:
        """An expression as formulas between which a line may break."""
        return self.line(self.write(expression))

    def line(self, latex: str) -> str:
        """Written mathematics as formulas between which a line may break."""
        pieces = [piece for piece in _BREAKS.split(latex) if piece.strip()]
        return " ".join(self.formula(piece, k > 0) for k, piece in enumerate(pieces))

    def formula(self, latex: str, goes_on: bool = False) -> str:
        """One formula; ModelError where the conversion fails. `goes_on` where it continues one before."""
        try:
            found = _element(latex)
        except Exception as error:  # the library raises whatever meets it
            raise ModelError(f"the mathematics {latex[:80]!r} cannot be written as MathML ({error!r:.80})") from None
        if found is None:
            raise ModelError(f"the mathematics {latex[:80]!r} holds a command that MathML has no element for")
        found.set("displaystyle", "true")
        _between(found, goes_on)
        text = ElementTree.tostring(found, encoding="unicode")
        return _MARK.sub(lambda m: self.shown[int(m[1])], text)


def notation(model: Model) -> Notation:
    """The notation of a model: declared symbols; a name upright where nothing usable is declared."""
    latex = symbols(model)
    declared = {d.name: d.latex for d in model.parameters + model.derived + model.states + model.rates}
    shown = [_symbol(name, declared.get(name, "")) for name in latex]
    names = {name: _mark(k, signs(text)) for k, (name, text) in enumerate(latex.items())}
    flows = tuple(_mark(len(shown) + k, len(f.name) + 1) for k, f in enumerate(model.flows))
    return Notation(names, flows, (*shown, *_flow_symbols([f.name for f in model.flows])), writer(names))


def _mark(number: int, width: int) -> str:
    """A mark about as wide as what it stands for, since long expressions are broken by their width."""
    return rf"\text{{{f'{number}@'.rjust(max(width, len(str(number)) + 2), '@')}}}"


def _flow_symbols(names: Sequence[str]) -> list[str]:
    """J with the name of the flow; a number beside it where several have one name."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        shown = f"{name}, {seen[name]}" if seen[name] > 1 else name
        found.append(f'<msub data-flow="{escape(shown)}"><mi>J</mi><mtext>{escape(shown)}</mtext></msub>')
    return found


def _symbol(name: str, latex: str) -> str:
    """The symbol of a name, which it carries as `data-name`."""
    return f'<mrow data-name="{escape(name)}">{_declared(latex.strip()) or f"<mtext>{escape(name)}</mtext>"}</mrow>'


def _declared(latex: str) -> str:
    """A declared symbol without the frame of a formula; empty where it cannot be shown as written."""
    if not latex or len(latex) > _LONGEST or "@" in latex or not symbol_text(latex):
        return ""
    plain = not re.search(r"\\(text|math|operator)", latex)
    grouped = re.sub(r"(?<![\\A-Za-z])[A-Za-z]{2,}", r"\\text{\g<0>}", latex) if plain else latex
    try:
        found = _element(grouped)
    except Exception:  # the library raises whatever meets it
        return ""
    if found is None or any("\\" in (part.text or "") for part in found.iter()):
        return ""
    return "".join(ElementTree.tostring(part, encoding="unicode") for part in found)


def _element(latex: str) -> ElementTree.Element | None:
    """The formula without what is no mathematics; None where it holds an element of another kind."""
    from latex2mathml.converter import convert_to_element

    found: ElementTree.Element = convert_to_element(latex)
    for part in found.iter():
        if part.tag not in _TAGS:
            return None
        for key in set(part.attrib) - _ATTRIBUTES:
            del part.attrib[key]
        part.text = unescape(part.text) if part.text else part.text
    return found


def _between(formula: ElementTree.Element, goes_on: bool) -> None:
    """Room between a sign and its own piece; on its other side there is the blank between pieces."""
    row = [part for frame in formula for part in frame]
    ends = [("rspace", part) for part in row[-1:]] + [("lspace", part) for part in row[:1] if goes_on]
    for side, end in ends:
        if end.tag == "mo" and (end.text or "") in _BETWEEN:
            end.set("form", "infix")
            end.set(side, "0")
