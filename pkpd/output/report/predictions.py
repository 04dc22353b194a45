"""Predictions beside observations as a table: the CSV file, the lines that are printed, and how many are right."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..tables import Table, aligned

if TYPE_CHECKING:
    from ...inference.prediction import Prediction

# Rows to print; a cohort of single patients can have thousands.
SHOWN = 100
NAMED = 20  # rows named with a reason
EXPECTED = "the interval leaves out the row's own error, so fewer than nine in ten are expected inside"
HIT = "Hit: the number lies in the 90 % interval of the prediction, or the interval does not contradict the bound."
ROLES = (
    "Rows of the role fit were used, or meant, to estimate parameters, so that only the others test the model. Log "
    "error: natural log of observed over predicted, for a change in percent of the two folds."
)
# of a row on a page, after what names it
COLUMNS = ("arm", "form", "days", "predicted", "90 % interval", "observed", "verdict", "log error", "role")
_LINE = re.compile(r" line ([0-9]+)$")


def predictions_csv(predictions: Sequence[Prediction]) -> bytes:
    """One line a row of the data: numbers in the row's own unit, `row` its line in the file, else its number here."""
    columns: dict[str, Sequence[object]] = {
        "study": [p.observation.study for p in predictions],
        "row": row_numbers(predictions),
        "output": [p.observation.output for p in predictions],
        "form": [p.observation.form for p in predictions],
        "predicted": [p.predicted for p in predictions],
        "low90": [p.low90 for p in predictions],
        "high90": [p.high90 for p in predictions],
        "observed": [p.observation.value for p in predictions],
        "bound": [p.observation.bound for p in predictions],
        "inside": [p.inside for p in predictions],
        "log_error": [p.log_error for p in predictions],
        "reason": [p.reason for p in predictions],
    }
    return Table(tuple(columns.items())).to_csv().encode()


def cells_of(p: Prediction, verdict: str) -> tuple[str, ...]:
    """The cells of `COLUMNS`; `verdict` is what the page calls `Prediction.inside`."""
    row = p.observation
    predicted, interval, observed, _, error = numbers_of(p)
    days = f"{row.day_from:g}" + (f" to {row.day_to:g}, {row.timing}" if row.day_to > row.day_from else "")
    return (
        " ".join(filter(None, (row.arm, row.id))),
        row.form,
        days,
        predicted,
        interval,
        observed,
        verdict,
        error,
        row.role,
    )


def counts_by_role(predictions: Sequence[Prediction]) -> list[str]:
    """The counts of rows to fit and of the others, and how many may be expected inside, a sentence each."""
    told = [p for p in predictions if p.predicted is not None]
    fitted = [p for p in told if p.observation.role == "fit"]
    others = [p for p in told if p.observation.role != "fit"]
    said = [f"{name}: {counts(rows)}." for name, rows in (("Rows to fit", fitted), ("Other rows", others)) if rows]
    return said + [f"{EXPECTED[0].upper()}{EXPECTED[1:]}."] * any(p.inside for p in predictions)


def row_numbers(predictions: Sequence[Prediction]) -> list[int]:
    """The line of each row in its file, or where it stands among the predictions, from 1."""
    found = [_LINE.search(p.observation.origin) for p in predictions]
    return [int(match[1]) if match else number for number, match in enumerate(found, 1)]


def predictions_text(predictions: Sequence[Prediction]) -> str:
    """An aligned table to three digits, the reasons why something is missing, and the counts."""
    head = ("study", "row", "output", "form", "predicted", "90 % interval", "observed", "inside", "log error")
    numbers = row_numbers(predictions)
    pairs = list(zip(numbers, predictions, strict=True))
    cells = [
        (p.observation.study, str(n), p.observation.output, p.observation.form, *numbers_of(p))
        for n, p in pairs[:SHOWN]
    ]
    parts = [aligned([head, *cells])]
    if len(pairs) > SHOWN:
        parts.append(f"... and {len(pairs) - SHOWN} more rows; the file holds all of them")
    if reasons := reasons_of(predictions):
        parts.append("\n".join(reasons))
    expected = f"\n{EXPECTED}" if any(p.inside for p in predictions) else ""
    return "\n\n".join([*parts, f"{counts(predictions)}{expected}"])


def numbers_of(prediction: Prediction) -> tuple[str, str, str, str, str]:
    """Predicted, 90 % interval, observed, inside and log error, to three digits; a dash for what there is none of."""
    p = prediction
    interval = "-" if p.low90 is None or p.high90 is None else f"{number(p.low90)} to {number(p.high90)}"
    error = "-" if p.log_error is None else f"{p.log_error:+.2f}"
    return number(p.predicted), interval, observed(p), p.inside or "-", error


def observed(prediction: Prediction) -> str:
    """The observed number as its row says it: `50 %`, `>5`, `4-6`; a dash where there is none."""
    row = prediction.observation
    unit = row.unit or ("%" if row.form in ("percent", "percent_change") else "")
    if row.value is not None:
        sign = row.bound if row.bound in ("<", ">") else ""
        return f"{sign}{number(row.value)} {unit}".removesuffix(" 1").rstrip()
    if row.low is not None and row.high is not None:
        return f"{number(row.low)}-{number(row.high)} {unit}".removesuffix(" 1").rstrip()
    return "-"


def reasons_of(predictions: Sequence[Prediction]) -> list[str]:
    """Each reason once, with the rows it holds for."""
    found: dict[str, dict[str, list[str]]] = {}
    for n, p in zip(row_numbers(predictions), predictions, strict=True):
        if p.reason:
            found.setdefault(p.reason, {}).setdefault(p.observation.study, []).append(str(n))
    return [
        f"{reason}: " + "; ".join(f"{study} row {_some(rows)}" for study, rows in where.items())
        for reason, where in found.items()
    ]


def _some(rows: Sequence[str]) -> str:
    """The first rows of a list, and how many more; the table names them all."""
    return ", ".join(rows[:NAMED]) + f" and {len(rows) - NAMED} more" * (len(rows) > NAMED)


def counts(predictions: Sequence[Prediction]) -> str:
    """How many rows lie inside their interval, how large errors are, and how many rows have no prediction."""
    values = [p for p in predictions if p.inside and p.observation.bound == "="]
    bounds = [p for p in predictions if p.inside and p.observation.bound != "="]
    errors = [abs(p.log_error) for p in predictions if p.log_error is not None]
    missing = sum(p.predicted is None for p in predictions)
    said = []
    if values:
        right = sum(p.inside == "yes" for p in values)
        said.append(f"of {_rows(len(values))} with a value {right} lie{'s' * (right == 1)} inside the 90 % interval")
    if bounds:
        right = sum(p.inside == "yes" for p in bounds)
        said.append(f"of {len(bounds)} bound{'s' * (len(bounds) != 1)} {right} agree{'s' * (right == 1)} with it")
    if errors:
        said.append(f"median |log error| {statistics.median(errors):.2g}")
    if missing:
        said.append(f"{_rows(missing)} cannot be predicted (reasons above)")
    return "; ".join(said) or "there is nothing to compare"


def number(value: float | None) -> str:
    """Three significant digits, without an exponent where that is readable; a dash for None."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{float(f'{value:.3g}'):g}"


def _rows(n: int) -> str:
    return f"{n} row{'s' * (n != 1)}"
