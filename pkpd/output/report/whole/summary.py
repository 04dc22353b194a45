"""The first thing on the page: of each result what was given, its main numbers, what they rest on, and one caution."""

from __future__ import annotations

from collections.abc import Sequence

from ....dosing.sentence import sentence
from .. import html
from ..parts.evidence import hits
from ..parts.limits import caution
from . import frame
from .asked import KINDS, title
from .kinds import FITS, verdict
from .known import Known
from .numbers import main_numbers
from .result import Result
from .sets import equal, schedules_of, sets_of, validated_set

FEW = 3  # regimens told one by one


def summary(results: Sequence[Result], known: Known) -> str:
    """A part for each result."""
    told = "".join(frame.part(title(r) if len(results) > 1 else "", _one(r, known)) for r in results)
    return f'<section class="short" aria-labelledby="short">\n<h2 id="short">In short</h2>\n{told}</section>\n'


def _one(result: Result, known: Known) -> str:
    what = KINDS.get(result.kind, result.kind) + f", with model {result.model}" * bool(result.model)
    rows = [("What", what), ("Given", _given(result)), ("Verdict", verdict(result) if result.kind in FITS else "")]
    rows += [("Rests on", _assumed(result)), ("Evidence", _evidence(result, known))]
    rows.append(("Caution", caution(result.record)))
    numbers = main_numbers(result, known.again.get(result.key))
    table = html.table(numbers.head, numbers.rows, f"Main numbers of {result.label}") if numbers.rows else ""
    return frame.pairs([row for row in rows if row[1]], f"{result.label} in short") + table + html.lines(numbers.said)


def _given(result: Result) -> str:
    """The sentence of each regimen; how many there are where they are more than a few."""
    found = schedules_of(result)
    told = list(dict.fromkeys(f"{one.arm}: {sentence(one.schedule)}" for one in found))
    if len(told) > FEW:
        return f"{len(told)} regimens, which stand under Schedules."
    return sentence(found[0].schedule) if len(told) == 1 else " ".join(told)


def _assumed(result: Result) -> str:
    """How many values are assumed, of the set that counts: of a fit the fitted one."""
    own = sets_of(result)[: 1 if result.kind in FITS else None]
    told = dict.fromkeys(f"{one.values.count().get('assumed', 0)} of {len(one.values)}" for one in own)
    return f"{' or '.join(told)} parameter values assumed, with no source behind them." if told else ""


def _evidence(result: Result, known: Known) -> str:
    """Hits and misses of its own set, in all and of rows that were not fitted."""
    own = validated_set(result)
    rows = [v.predictions for v in known.validated if own is not None and equal(v.own, own)]
    return hits(rows[0]) if rows else ""
