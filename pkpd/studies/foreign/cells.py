"""Cells of a table typed by hand: plain characters, numbers, ranges, days, and what stands in the spread column."""

from __future__ import annotations

import math
import re

from ...errors import UnitError
from ...units import duration

_SIGNS = str.maketrans(
    {**dict.fromkeys("–—−‑‒", "-"), **dict.fromkeys("µμ", "u"), "²": "2", "³": "3", "⁶": "6", "⁹": "9", "×": "x"}
    | {"≥": ">=", "≤": "<=", "≈": "~", "·": ".", "\u00a0": " ", "\u202f": " ", "’": "'"}
)
NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_SPREADS = {
    **{"iqr": "IQR", "interquartile range": "IQR", "sd": "SD", "standard deviation": "SD", "range": "range"},
    **dict.fromkeys(("se", "sem", "standard error"), "SE"),
    **dict.fromkeys(("95% ci", "95 % ci", "ci95", "95ci", "ci", "95% confidence interval"), "CI95"),
}
_BOUNDS = {
    **dict.fromkeys(("", "=", "~", "about", "approx", "approximately"), "="),
    **dict.fromkeys((">", ">=", "at least", "more than", "above", "lower bound"), ">"),
    **dict.fromkeys(("<", "<=", "at most", "less than", "below", "under", "up to", "upper bound"), "<"),
    **{"range": "range", "qualitative": "qualitative"},
}


def plain(text: str | None) -> str:
    """A cell without outer spaces, with ordinary dashes, signs and micro; "" for a missing one."""
    return re.sub(r"\s+", " ", (text or "").translate(_SIGNS)).strip() if isinstance(text, str) else ""


def number(text: str | None) -> float | None:
    """The finite number that a cell holds, with or without commas between thousands; None for anything else.

    A single comma before three digits at the end, `70,900`, may be of thousands or a decimal one: None.
    """
    cell = plain(text)
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3}){2,}(\.\d*)?|[+-]?[1-9]\d{0,2},\d{3}\.\d*", cell, re.ASCII):
        cell = cell.replace(",", "")
    if not re.fullmatch(NUMBER, cell, re.ASCII):
        return None
    value = float(cell)
    return value if math.isfinite(value) else None


def no_number(text: str | None) -> str:
    """Why a cell is no number: empty for an empty one, and for a number or a range."""
    cell = plain(text)
    if not cell or number(cell) is not None or span(cell):
        return ""
    shown = cell[:40]
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell, re.ASCII):
        return f"'{shown}' may be {cell.replace(',', '.')} or {cell.replace(',', '')}: write one of them"
    if re.fullmatch(r"[+-]?\d+,\d+", cell, re.ASCII):
        return f"'{shown}' has a decimal comma: write {cell[:40].replace(',', '.')}"
    return f"'{shown}' is not a number"


def span(text: str | None) -> tuple[float, float] | None:
    """Both ends of a range such as `0.3 to 3`, `4-6` or `36.5 – 97.6`; None for anything else."""
    match = re.fullmatch(rf"({NUMBER})\s*(?:to|-|and|\.\.|;)\s*({NUMBER})", plain(text), re.ASCII)
    if not match:
        return None
    low, high = float(match[1]), float(match[2])
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low <= high else None


def day(text: str | None) -> float | None:
    """A day, counted from the first dose, as `28`, `day 28`, `week 4`, `4 weeks` or `12 h`; None for anything else."""
    cell = plain(text).lower()
    if (value := number(cell)) is not None:
        return value
    if match := re.fullmatch(r"(days?|d|weeks?|wk|w)\s*(\d{1,5}(?:\.\d{1,6})?)", cell, re.ASCII):
        cell = f"{match[2]} {'d' if match[1][0] == 'd' else 'wk'}"
    try:
        return float(duration(cell)) if cell else None
    except (UnitError, OverflowError):
        return None


def days(text: str | None) -> tuple[float, ...]:
    """Days set apart by `;`, commas or spaces, in order, each once; what is no day is left out."""
    found = {day(part) for part in re.split(r"[;,\s]+", plain(text))}
    return tuple(sorted(value for value in found if value is not None))


def bound(text: str | None, value: str | None) -> tuple[str, str, str]:
    """What the bound says (see `observation.BOUNDS`), the value without a sign of its own, and a note or ""."""
    said, cell = plain(text).lower(), plain(value)
    if match := re.match(r"(>=?|<=?|~|about|at least|at most|up to|more than|less than)\s*(?=[\d.])", cell, re.I):
        cell, said = cell[match.end() :], said or match[1].lower()
    if not said and span(cell):
        said = "range"
    if said in _BOUNDS:
        return _BOUNDS[said], cell, ""
    return "=", cell, f"bound '{said[:40]}' read as ="


def spread(text: str | None) -> tuple[str, float | None, tuple[float, float] | None, str]:
    """The name of a spread (or ""), its number, its two ends, and the text itself where it is none of these."""
    cell = plain(text)
    names = "|".join(sorted(map(re.escape, _SPREADS), key=len, reverse=True))
    match = re.fullmatch(rf"({names})\s*[:=(]?\s*(.*?)\)?", cell, re.I)
    if not match:
        return "", None, None, cell
    name, rest = _SPREADS[match[1].lower()], match[2].strip()
    if not rest or number(rest) is not None or span(rest):
        return name, number(rest), span(rest), ""
    return "", None, None, cell


def patients(text: str | None) -> int | None:
    """The number of patients sampled, where the cell says one number and nothing that qualifies it."""
    match = re.fullmatch(
        r"(?:n\s*=\s*)?(\d{1,7})(?:\s*(?:patients|subjects|pts|adults))?", plain(text), re.I | re.ASCII
    )
    return int(match[1]) if match and int(match[1]) else None
