"""What a comparison of regimens says in words and tables."""

from __future__ import annotations

import math
import string
import textwrap
from collections.abc import Sequence
from itertools import pairwise

from ...dosing.sentence import sentence
from ...trials.comparison.compare import Comparison, Told
from ..tables import aligned

LETTERS = string.ascii_uppercase
WIDTH = 118
FLAG = " *"
NO_RANKING = "These are numbers of the model's cells and drug; none says how patients would fare."
INTERVALS = "Intervals hold the uncertainty of the parameters drawn, not the spread between patients."
DEFINED = ("trough", "gain", "selectivity", "linked")  # sorts of quantity whose name does not say what they are


def comparison_text(c: Comparison, patient: str, cautions: Sequence[str] = ()) -> str:
    """The whole report, ready to print; `patient` says who is simulated, `cautions` what must be said besides."""
    parts = [_head(c, patient), _regimens(c), _values(c)]
    parts += [_differences(c, k) for k in range(1, len(c.found))]
    return "\n\n".join([*parts, "\n".join(_folded(line) for line in (*_notes(c), *cautions))])


def regimen_names(c: Comparison) -> list[str]:
    """A letter a regimen, with its name or text."""
    return [f"{letter}: {arm.label}" for letter, arm in zip(LETTERS, c.run.arms, strict=False)]


def _head(c: Comparison, patient: str) -> str:
    said = f"{len(c.found)} regimens, model {c.run.model}, all over the same {c.horizon:g} days. Patient: {patient}."
    if c.draws:
        said += f" 90 % intervals from {c.draws} draws ({c.origin}), the same for every regimen."
    else:
        said += " No draws of the parameters, so no intervals."
    return _folded(said)


def _regimens(c: Comparison) -> str:
    named = zip(regimen_names(c), c.run.arms, strict=True)
    lines = []
    for name, arm in named:
        told = sentence(arm.schedule)
        lines.append(_folded(name if told in name else f"{name}. {told}", indent="   "))
    ends = [float(arm.schedule.end) for arm in c.run.arms]
    if any(abs(a - b) > 1e-9 for a, b in pairwise(ends)):
        each = ", ".join(f"{letter} {end:g}" for letter, end in zip(LETTERS, ends, strict=False))
        lines.append(_folded(f"They differ in length (days: {each}); what follows the end of one counts as well."))
    return "\n".join(lines)


def _values(c: Comparison) -> str:
    rows = [["", "unit", *LETTERS[: len(c.found)]]]
    for q in range(len(c.quantities)):
        told = [_ranged(c.told(r, q)) for r in range(len(c.found))]
        rows.append([_name(c, q), _unit(c, q), *told])
    return f"Each regimen{', with its 90 % interval' * bool(c.draws)}\n{aligned(rows)}"


def _differences(c: Comparison, regimen: int) -> str:
    letter = LETTERS[regimen]
    rows = [["", "unit", f"{letter} - A", "90 % interval", f"{letter} higher in"]]
    for q in range(len(c.quantities)):
        t = c.difference(regimen, q)
        span = "" if t.low is None or t.high is None else f"{short(t.low)} to {short(t.high)}"
        rows.append([_name(c, q), _unit(c, q), short(t.value), span, _share(t)])
    if not c.draws:
        rows = [row[:3] for row in rows]
    return f"{letter} against A{', draw by draw' * bool(c.draws)}\n{aligned(rows)}"


def _notes(c: Comparison) -> list[str]:
    said = [f"{q.name}: {q.label}." for q in c.quantities if getattr(q, "sort", "") in DEFINED]
    said += [f"* {text}." for text in dict.fromkeys(c.unsupported.values())]
    for q, quantity in enumerate(c.quantities):
        missing = [len(own.values) - c.told(r, q).draws - len(own.failures) for r, own in enumerate(c.found)]
        told = ", ".join(f"{count} draws of {LETTERS[r]}" for r, count in enumerate(missing) if count > 0)
        if told:
            said.append(f"{quantity.name} cannot be told in {told}, which its intervals leave out.")
    for letter, own in zip(LETTERS, c.found, strict=False):
        if own.failures:
            first = own.failures[0]
            said.append(
                f"{letter}: {len(own.failures)} of {c.draws} draws could not be simulated and are left out (the first: "
                f"draw {first.patient + 1}, day {first.day:g}, {first.reason[:120]})."
            )
    if c.held:
        said.append(f"The draws leave {', '.join(c.held)} at the patient's own values.")
    return [*said, f"{NO_RANKING} {INTERVALS}" if c.draws else NO_RANKING]


def _name(c: Comparison, q: int) -> str:
    name = c.quantities[q].name
    return name + FLAG * (name in c.unsupported)


def _unit(c: Comparison, q: int) -> str:
    unit = c.found[0].units[q]
    return "" if unit == "1" else unit


def _ranged(t: Told) -> str:
    if t.low is None or t.high is None or t.low == t.high or t.value is None:
        return short(t.value)
    return f"{short(t.value)} ({short(t.low)} to {short(t.high)})"


def _share(t: Told) -> str:
    if t.higher is None:
        return "-"
    equal = f", equal in {100 * t.equal:.0f} %" if t.equal else ""
    return f"{100 * t.higher:.0f} %{equal}"


def short(value: float | None) -> str:
    """Three significant digits, a dash for what cannot be told."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def _folded(text: str, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent)
