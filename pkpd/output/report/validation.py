"""The validation page: what every built-in study observed beside what the model says, hits and misses alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..plots.style import image
from ..plots.validation import drawable, validation_figure
from . import html
from .predictions import COLUMNS, HIT, ROLES, cells_of, counts, counts_by_role, predictions_csv, reasons_of, row_numbers

if TYPE_CHECKING:
    from ...inference.prediction import Prediction

_HEAD = ("output", "row", *COLUMNS)
# what stands for `Prediction.inside`, and the class of the row
_VERDICTS = {"yes": "hit", "no": "miss"}
_CAPTION = "Predicted against observed, with the 90 % interval of the prediction and the line of equality."
_FOOT = (
    f"{HIT} The interval is that of what was sampled, without the error of its measurement. {ROLES} Research software; "
    "no medical device."
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
    said = [*about, *counts_by_role(predictions)]
    missing = [f"{reason}." for reason in reasons_of([p for p in predictions if p.predicted is None])]
    left = html.section("Not predicted", html.lines(missing)) if missing else ""
    return html.document(title, html.lines(said), f"{_figure(predictions)}{sections}{left}", [_FOOT])


def _section(study: str, rows: Sequence[Prediction], numbers: dict[int, int]) -> str:
    predicted = [p for p in rows if p.predicted is not None]
    if not predicted:
        return ""
    sources = sorted({p.observation.source for p in predicted if p.observation.source})
    said = html.lines([f"{counts(predicted)}.", *([f"Source: {'; '.join(sources)}."] if sources else [])])
    cells = [(p.observation.output, str(numbers[id(p)]), *cells_of(p, _VERDICTS.get(p.inside, "-"))) for p in predicted]
    return html.section(study, said + html.table(_HEAD, cells, study, [_VERDICTS.get(p.inside, "") for p in predicted]))


def _figure(predictions: Sequence[Prediction]) -> str:
    """Nothing where no row can be drawn."""
    if not any(map(drawable, predictions)):
        return ""
    return html.figure("validation", image(validation_figure(predictions), "svg"), _CAPTION)
