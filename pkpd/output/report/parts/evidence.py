"""How a set of parameters fares against published numbers: counts, a figure, misses first and then hits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import html
from ..predictions import EXPECTED, counts, numbers_of, reasons_of, row_numbers

if TYPE_CHECKING:
    from ....inference.prediction import Prediction

_HEAD = (
    "study",
    "output",
    "arm",
    "form",
    "days",
    "predicted",
    "90 % interval",
    "observed",
    "verdict",
    "log error",
    "role",
)
_VERDICTS = {"yes": "hit", "no": "MISS", "": "not judged"}
_KINDS = {"yes": "hit", "no": "miss", "": ""}
_ORDER = {"no": 0, "yes": 1, "": 2}
_CAPTION = (
    "Predicted against observed, with the 90 % interval of the prediction and the line of equality. Blue: inside the "
    "interval; orange: outside."
)
_READING = (
    "Hit: the number lies in the 90 % interval of the prediction, or the interval does not contradict the bound. Rows "
    "of the role fit were used, or meant, to estimate parameters, so that only the others test the model. Log error: "
    "natural log of observed over predicted, for a change in percent of the two folds."
)


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
    fitted = [p for p in told if p.observation.role == "fit"]
    others = [p for p in told if p.observation.role != "fit"]
    said = [
        first,
        *(f"{who}: {counts(rows)}." for who, rows in (("Rows to fit", fitted), ("Other rows", others)) if rows),
    ]
    if any(p.inside for p in told):
        said.append(f"{EXPECTED[0].upper()}{EXPECTED[1:]}.")
    return said


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
    predicted, interval, observed, _, error = numbers_of(p)
    days = f"{row.day_from:g}" + (f" to {row.day_to:g}, {row.timing}" if row.day_to > row.day_from else "")
    study, who = f"{row.study}, row {number}", " ".join(filter(None, (row.arm, row.id)))
    return (study, row.output, who, row.form, days, predicted, interval, observed, _VERDICTS[p.inside], error, row.role)


def _missing(predictions: Sequence[Prediction]) -> list[str]:
    """Why rows have no prediction."""
    return [f"Not predicted, {reason}." for reason in reasons_of([p for p in predictions if p.predicted is None])]


def _figure(rows: Sequence[Prediction], name: str) -> str:
    from ...plots.style import image
    from ...plots.validation import drawable, validation_figure

    if not any(map(drawable, rows)):
        return ""
    return html.figure(name, image(validation_figure(rows), "svg"), _CAPTION)
