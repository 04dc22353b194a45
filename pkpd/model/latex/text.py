"""Any text as LaTeX that plain pdflatex sets with its first fonts: nothing in it can act as a command."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_ASCII = {
    **{c: f"\\{c}" for c in "%#&${}"},
    "_": r"\_",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''{}",
    "`": r"\`{}",
}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    words = text.split()
    return zip(words[::2], words[1::2], strict=True)


# the sign, then the command that makes it in mathematics
_MATHS = """
α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi
π pi ρ rho ς varsigma σ sigma τ tau υ upsilon φ varphi χ chi ψ psi ω omega ϑ vartheta ϕ phi ϖ varpi
ϱ varrho ϵ epsilon Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega µ mu
∆ Delta ± pm ∓ mp × times ÷ div · cdot ⋅ cdot ∙ cdot • bullet ∘ circ ≤ le ⩽ le ≥ ge ⩾ ge ≪ ll ≫ gg
≈ approx ≃ simeq ≅ cong ≡ equiv ∼ sim ∝ propto ∞ infty ∂ partial ∇ nabla ∫ int ∑ sum ∏ prod ∈ in ∉ notin
∀ forall ∃ exists ∪ cup ∩ cap ⊂ subset ⊆ subseteq ∅ emptyset ¬ neg ∧ wedge ∨ vee → rightarrow
← leftarrow ↔ leftrightarrow ↑ uparrow ↓ downarrow ⇒ Rightarrow ⇐ Leftarrow ⇔ Leftrightarrow
⇌ rightleftharpoons ℓ ell « ll » gg
"""
# Greek capitals, and the small omicron, that look like Latin letters
_ALIKE = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
_OTHER = {
    "≠": r"\ensuremath{\ne}",
    "−": r"\ensuremath{-}",
    "°": r"\ensuremath{^{\circ}}",
    "′": r"\ensuremath{'}",
    "″": r"\ensuremath{''}",
    "√": r"\ensuremath{\surd}",
    "‰": r"\ensuremath{{}^{0}\!/_{00}}",
    "‐": "-{}",
    "‑": "-{}",
    "‒": "--{}",
    "–": "--{}",
    "—": "---{}",
    "‘": "`{}",
    "’": "'{}",
    "“": "``{}",
    "”": "''{}",
    "„": ",{},{}",
    "…": r"\ldots{}",
    "\u00a0": "~",
    "§": r"\S{}",
    "¶": r"\P{}",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "©": r"\copyright{}",
    "®": r"\textregistered{}",
    "£": r"\pounds{}",
    "€": "EUR",
    "⁄": "/",
    "¡": "!`{}",
    "¿": "?`{}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
}
_KNOWN = {
    **{sign: rf"\ensuremath{{\{name}}}" for sign, name in _pairs(_MATHS)},
    **_ALIKE,
    **_OTHER,
    **_ASCII,
}
# combining marks and the accents that set them; the first fonts have no ogonek, and a cedilla is nearest to it
_MARKS = "0300 ` 0301 ' 0302 ^ 0303 ~ 0304 = 0306 u 0307 . 0308 \" 030A r 030B H 030C v 0323 d 0327 c 0328 c"
_ACCENTS = {chr(int(code, 16)): accent for code, accent in _pairs(_MARKS)}
_JOINING = {"-": "-‐‑‒–—", "'": "'’”\""}  # before these, TeX would make one longer sign of two
_BREAKERS = "/_.:;,=?)"
_LONG = 8  # longer words may break after a sign


def escape(text: str, unbroken: int = 24) -> str:
    """The text as LaTeX in ASCII. Runs of white space become one space. Long words may break after a sign, and after
    `unbroken` characters without one; never where that is 0.

    Greek, accented Latin and the usual signs keep their look (of two marks on one letter the first); a
    character of another script becomes `[U+4E2D]`.
    """
    words = (_word(word) for word in unicodedata.normalize("NFC", text).split())
    return " ".join("".join(_broken(word, unbroken) if unbroken and len(word) > _LONG else word) for word in words)


def _word(word: str) -> list[str]:
    """The characters of a word as LaTeX, each on its own."""
    parts = []
    for k, c in enumerate(word):
        joins = word[k + 1 : k + 2] in _JOINING.get(c, ()) and k + 1 < len(word)
        parts.append(f"{c}{{}}" if joins else _character(c))
    return parts


def _broken(parts: list[str], unbroken: int) -> Iterator[str]:
    run = 0
    for k, part in enumerate(parts):
        yield part
        sign = part.removeprefix("\\") in _BREAKERS
        run = 0 if sign else run + 1
        if (sign or run >= unbroken) and k + 1 < len(parts):
            yield r"\allowbreak{}"
            run = 0


def _character(c: str) -> str:
    if c in _KNOWN:
        return _KNOWN[c]
    if " " <= c <= "~":
        return c
    if unicodedata.category(c) in ("Cc", "Cf"):  # soft hyphens, joiners and the like show nothing
        return ""
    kind, _, _ = unicodedata.decomposition(c).partition("> ")
    plain = unicodedata.normalize("NFKD", c)
    if kind in ("<super", "<sub"):
        return rf"\text{kind[1:]}script{{{_decomposed(plain)}}}"
    return _decomposed(plain)


def _decomposed(text: str) -> str:
    """Letters with combining marks, or what compatibility makes of one character."""
    shown = ""
    for c in text:
        if shown and c in _ACCENTS and (accented := re.search(r"[A-Za-z]\Z", shown)):
            shown = rf"{shown[:-1]}\{_ACCENTS[c]}{{{accented[0]}}}"
        elif shown and unicodedata.combining(c):  # a further mark, or one on a Greek letter
            continue
        elif c in _KNOWN or " " <= c <= "~":
            shown += _KNOWN.get(c, c)
        else:
            shown += f"[U+{ord(c):04X}]"
    return shown
