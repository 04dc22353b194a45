"""The page: every result, from what was asked to how it is repeated; what several share is told once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import html
from ..parts import mathematics
from . import frame
from .asked import asked, title
from .chapters import limits, literature, models, parameters, validation
from .kinds import FITS, files, result_figures, result_tables, schedule_figure
from .known import Known
from .repeat import commands, version_table
from .result import Result
from .schedules import schedules
from .sets import Given, schedules_of
from .summary import summary

Chapter = tuple[str, str, str, bool]
ALONE = "One page that needs no other file, no network and no script; it was put together from the results named here."
FOOT = "Research software; no medical device, no advice on dosing a person."


def page(results: Sequence[Result], known: Known, name: str = "") -> str:
    """The whole page; the same results give the same bytes. FileError where a record is damaged."""
    own = name or (title(results[0]) if len(results) == 1 else f"Report of {len(results)} results")
    told = _each(results, lambda r: frame.pairs(asked(r), f"What was asked for {r.label}"))
    listed: set[Given] = set()
    found: list[Chapter] = [
        ("asked", "What was asked", told, False),
        ("model", "Model", models(results, known), True),
        ("parameters", "Parameters and their sources", parameters(results, known), True),
        ("schedules", "Schedules", _each(results, lambda r: _given(r, listed)), False),
        ("results", "Results", _each([r for r in results if r.kind not in FITS], lambda r: _shown(r, known)), False),
        ("fit", "Fit diagnostics", _each([r for r in results if r.kind in FITS], lambda r: _shown(r, known)), True),
        ("validation", "Validation against evidence", validation(known), True),
        ("limits", "Limits", limits(results, known), False),
        ("repeat", "How to repeat it", _repeat(results), False),
        ("references", "References", literature(results, known), False),
    ]
    kept = [one for one in found if one[2]]
    inner = "".join(frame.chapter(k, key, head, body, new) for k, (key, head, body, new) in enumerate(kept, 1))
    warnings = [*(said for r in results for said in r.warnings), *known.warnings]
    head = html.lines([_about(results), ALONE]) + frame.warning(warnings)
    nav = summary(results, known) + frame.contents([(key, title) for key, title, _, _ in kept])
    return html.document(own, head, nav + inner, [FOOT], frame.STYLE + mathematics.STYLE)


def _about(results: Sequence[Result]) -> str:
    if len(results) == 1:
        return "This page says what was asked, with which model and parameters, what came out, and what it is worth."
    return f"This page reports {', '.join(title(r) for r in results)}. What they share is told once."


def _each(results: Sequence[Result], tell: Callable[[Result], str]) -> str:
    """What there is to tell of each result, under its own heading where there are several."""
    told = [(result, tell(result)) for result in results]
    return "".join(frame.part(title(r) if len(results) > 1 else "", inner) for r, inner in told if inner)


def _given(result: Result, listed: set[Given]) -> str:
    found = schedules_of(result)
    return schedules(found, listed) + schedule_figure(result) if found else ""


def _shown(result: Result, known: Known) -> str:
    """Figures and tables; of a fit its verdict and warnings come first."""
    again = known.again.get(result.key)
    told = (result_figures(result, again), result_tables(result, again))
    return "".join(told[::-1] if result.kind in FITS else told)


def _repeat(results: Sequence[Result]) -> str:
    told = _each(results, lambda r: commands(r) + files(r))
    return told + version_table(results)
