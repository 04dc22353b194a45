"""What each kind of result shows of itself, and in which chapter."""

from __future__ import annotations

from html import escape

from .. import html
from .figures import drawn_figure, figure_names, figures
from .known import Again
from .result import Result
from .tables import REPORT, csv_tables, file_table, regimens
from .text import laid_out

FITS = ("fit", "profile")
# tables shown of a kind that writes no report
_TABLES = {"comparison": ("differences.csv",)}
# and kinds whose tables are all that there is
_WHOLE = ("prediction", "events")
_SCHEDULE = "schedule"
_TOP = ("VALID", "NOT VALID")


def schedule_figure(result: Result) -> str:
    """The figure of the doses, where there is one."""
    return figures(result, [_SCHEDULE] if _SCHEDULE in figure_names(result) else [])


def result_figures(result: Result, again: Again | None) -> str:
    """The figures of a result but that of its doses; those drawn for the page where it has none of its own."""
    own = figures(result, [name for name in figure_names(result) if name != _SCHEDULE])
    if own or again is None:
        return own
    drawn = again.figures.items()
    said = "drawn for this page from the record, whose tables came out the same."
    return "".join(
        drawn_figure(f"{result.key}-{n}", svg, f"{n.capitalize()} of {result.label}, {said}") for n, svg in drawn
    )


def result_tables(result: Result, again: Again | None) -> str:
    """What the command printed, or the short tables it wrote."""
    if (data := result.data(REPORT)) is not None:
        return report_text(result, data)
    if again is not None and again.text:
        return laid_out(again.text, result.label) + html.lines([again.said])
    found = regimens(result) if result.kind == "comparison" else ""
    own = [file.name for file in result.files if file.data is not None]
    wanted = own if result.kind in _WHOLE else _TABLES.get(result.kind, ())
    return found + csv_tables(result, [name for name in wanted if name in own and name.endswith(".csv")])


def report_text(result: Result, data: bytes) -> str:
    """The written report; of a fit, its verdict stands out."""
    text = data.decode("utf-8", "replace")
    first = verdict(result)
    if not first:
        return laid_out(text, result.label)
    kind = "valid" if first.startswith("VALID") else "invalid"
    return f'<p class="verdict {kind}">{escape(first)}</p>\n' + laid_out(text.removeprefix(first), result.label)


def verdict(result: Result) -> str:
    """The first line of the report of a fit, which says whether it is valid; "" where there is none."""
    first = (result.data(REPORT) or b"").decode("utf-8", "replace").partition("\n")[0]
    return first if result.kind in FITS and first.startswith(_TOP) else ""


def files(result: Result) -> str:
    """Every file with its digest."""
    return f'<div class="files">\n{html.lines([f"Files of {result.label}:"])}{file_table(result)}</div>\n'
