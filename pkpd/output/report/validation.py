"""The validation page: what every built-in study observed beside what the model says, hits and misses alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..plots.style import image
from ..plots.validation import drawable, validation_figure
from . import html
from .predictions import EXPECTED, counts, numbers_of, predictions_csv, reasons_of, row_numbers

if TYPE_CHECKING:
    from ...inference.prediction import Prediction

_HEAD = (
    "output",
    "row",
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
# what stands for `Prediction.inside`, and the class of the row
_VERDICTS = {"yes": "hit", "no": "miss"}
_CAPTION = "Predicted against observed, with the 90 % interval of the prediction and the line of equality."
_FOOT = (
    "Hit: the number lies in the 90 % interval of the prediction, or the interval does not contradict the bound. The "
    "interval is that of what was sampled, without the error of its measurement. Rows of the role fit were used, or "
    "meant, to estimate parameters, so that only the others test the model. Log error: natural log of observed over "
    "predicted, for a change in percent of the two folds. Research software; no medical device."
)


def validation_files(predictions: Sequence[Prediction], about: Sequence[str]) -> dict[str, bytes]:
    """`validation.csv` and `validation.html`; `about` are the sentences that say which model, parameters and draws."""
    return {"validation.csv": predictions_csv(predictions), "validation.html": page(predictions, about).encode()}


def page(predictions: Sequence[Prediction], about: Sequence[str]) -> str:
    """The page, which needs no other file, script or network; every text is escaped."""
    title = "Predicted and observed, study by study"
    studies = list(dict.fromkeys(p.observation.study for p in predictions))
    numbers = dict(zip(map(id, predictions), row_numbers(predictions), strict=True))
    sections = "".join(_section(s, [p for p in predictions if p.observation.study == s], numbers) for s in studies)
    fitted = [p for p in predictions if p.observation.role == "fit" and p.predicted is not None]
    others = [p for p in predictions if p.observation.role != "fit" and p.predicted is not None]
    said = [
        *about,
        *(f"{name}: {counts(rows)}." for name, rows in (("Rows to fit", fitted), ("Other rows", others)) if rows),
    ]
    if any(p.inside for p in predictions):
        said.append(f"{EXPECTED[0].upper()}{EXPECTED[1:]}.")
    missing = [f"{reason}." for reason in reasons_of([p for p in predictions if p.predicted is None])]
    left = html.section("Not predicted", html.lines(missing)) if missing else ""
    return html.document(title, html.lines(said), f"{_figure(predictions)}{sections}{left}", [_FOOT])


def _section(study: str, rows: Sequence[Prediction], numbers: dict[int, int]) -> str:
    predicted = [p for p in rows if p.predicted is not None]
    if not predicted:
        return ""
    sources = sorted({p.observation.source for p in predicted if p.observation.source})
    said = html.lines([f"{counts(predicted)}.", *([f"Source: {'; '.join(sources)}."] if sources else [])])
    cells = [_cells(p, numbers[id(p)]) for p in predicted]
    return html.section(study, said + html.table(_HEAD, cells, study, [_VERDICTS.get(p.inside, "") for p in predicted]))


def _cells(p: Prediction, number: int) -> tuple[str, ...]:
    row = p.observation
    predicted, interval, observed, _, error = numbers_of(p)
    days = f"{row.day_from:g}" + (f" to {row.day_to:g}, {row.timing}" if row.day_to > row.day_from else "")
    who, verdict = " ".join(filter(None, (row.arm, row.id))), _VERDICTS.get(p.inside, "-")
    return (row.output, str(number), who, row.form, days, predicted, interval, observed, verdict, error, row.role)


def _figure(predictions: Sequence[Prediction]) -> str:
    """Nothing where no row can be drawn."""
    if not any(map(drawable, predictions)):
        return ""
    return html.figure("validation", image(validation_figure(predictions), "svg"), _CAPTION)
