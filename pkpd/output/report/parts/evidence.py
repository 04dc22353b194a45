"""How a set of parameters fares against published numbers: counts, a figure, misses first and then hits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import html
from ..predictions import COLUMNS, HIT, ROLES, cells_of, counts_by_role, reasons_of, row_numbers

if TYPE_CHECKING:
    from ....inference.prediction import Prediction

_HEAD = ("study", "output", *COLUMNS)
_VERDICTS = {"yes": "hit", "no": "MISS", "": "not judged"}
_KINDS = {"yes": "hit", "no": "miss", "": ""}
_ORDER = {"no": 0, "yes": 1, "": 2}
_CAPTION = (
    "Predicted against observed, with the 90 % interval of the prediction and the line of equality. Blue: inside the "
    "interval; orange: outside."
)
_READING = f"{HIT} {ROLES}"


def evidence(predictions: Sequence[Prediction], name: str = "validation") -> str:
    """Published rows beside predictions as HTML; `name` keeps the ids of the figure apart from those of other ones."""
    told = [p for p in predictions if p.predicted is not None]
    said = html.lines(sentences(predictions))
    if not told:
        return said + html.lines(_missing(predictions))
    return said + _figure(told, name) + _table(predictions) + html.lines([_READING, *_missing(predictions)])


def sentences(predictions: Sequence[Prediction]) -> list[str]:
    """How many rows are hits and misses, in all, of those to fit and of the others, and how many one may expect."""
    told = [p for p in predictions if p.predicted is not None]
    if not told:
        return ["No published number can be predicted with this set."]
    first = f"Of {len(told)} published rows with a prediction {_judged(told)}."
    return [first, *counts_by_role(predictions)]


def hits(predictions: Sequence[Prediction]) -> str:
    """The same in short: hits and misses in all, and of the rows that were not for fitting."""
    others = [p for p in predictions if p.predicted is not None and p.observation.role != "fit"]
    return sentences(predictions)[0] + f" Of the {len(others)} that were not for fitting {_judged(others)}." * bool(
        others
    )


def _judged(rows: Sequence[Prediction]) -> str:
    """How many are hits and misses."""
    hits, misses, untold = (sum(p.inside == key for p in rows) for key in ("yes", "no", ""))
    left = f", and {untold} cannot be judged" if untold else ""
    hit, miss = "is a hit" if hits == 1 else "are hits", "is a miss" if misses == 1 else "are misses"
    return f"{hits} {hit}, {misses} {miss}{left}"


def _table(rows: Sequence[Prediction]) -> str:
    """Misses first, in each kind study by study."""
    numbered = [(p, n) for p, n in zip(rows, row_numbers(rows), strict=True) if p.predicted is not None]
    ordered = sorted(numbered, key=lambda own: _ORDER[own[0].inside])
    kinds = [_KINDS[p.inside] for p, _ in ordered]
    return html.table(_HEAD, [_cells(p, n) for p, n in ordered], "Published rows and predictions, misses first", kinds)


def _cells(p: Prediction, number: int) -> tuple[str, ...]:
    row = p.observation
    return (f"{row.study}, row {number}", row.output, *cells_of(p, _VERDICTS[p.inside]))


def _missing(predictions: Sequence[Prediction]) -> list[str]:
    """Why rows have no prediction."""
    return [f"Not predicted, {reason}." for reason in reasons_of([p for p in predictions if p.predicted is None])]


def _figure(rows: Sequence[Prediction], name: str) -> str:
    from ...plots.style import image
    from ...plots.validation import drawable, validation_figure

    if not any(map(drawable, rows)):
        return ""
    return html.figure(name, image(validation_figure(rows), "svg"), _CAPTION)
