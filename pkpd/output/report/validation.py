"""The validation page: what every built-in study observed beside what the model says, hits and misses alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ..plots.style import image
from ..plots.validation import drawable, validation_figure
from .predictions import counts, numbers_of, predictions_csv, reasons_of, row_numbers

if TYPE_CHECKING:
    from ...inference.predict import Prediction

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; border-bottom: 1px solid #bbb; margin-top: 1.8rem; }
p { margin: .35rem 0; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; margin: .5rem 0; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }
th:first-child, td:first-child { text-align: left; } tbody th { font-weight: normal; }
.hit { border-left: .3rem solid #0072B2; } .miss { border-left: .3rem solid #D55E00; background: #fdf1e9; }
figure { margin: 1rem 0; break-inside: avoid; } figure svg { max-width: 100%; height: auto; }
figcaption { font-size: .86rem; color: #444; } footer { margin-top: 2rem; border-top: 1px solid #bbb; }
@media print { body { max-width: none; margin: 0; font-size: 11px; } .scroll { overflow: visible; }
tr, figure { break-inside: avoid; } h2 { break-after: avoid; } }
""".strip()
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
    missing = [f"{reason}." for reason in reasons_of([p for p in predictions if p.predicted is None])]
    left = f"<section>\n<h2>Not predicted</h2>\n{_lines(missing)}</section>\n" if missing else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n{_lines(said)}</header>\n<main>\n"
        f"{_figure(predictions)}{sections}{left}</main>\n<footer>{_lines([_FOOT])}</footer>\n</body>\n</html>\n"
    )


def _lines(sentences: Sequence[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>\n" for text in sentences)


def _section(study: str, rows: Sequence[Prediction], numbers: dict[int, int]) -> str:
    predicted = [p for p in rows if p.predicted is not None]
    if not predicted:
        return ""
    sources = sorted({p.observation.source for p in predicted if p.observation.source})
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in _HEAD)
    body = "".join(_row(p, numbers[id(p)]) for p in predicted)
    said = _lines([f"{counts(predicted)}.", *([f"Source: {'; '.join(sources)}."] if sources else [])])
    label = escape(study, quote=True)
    return (
        f"<section>\n<h2>{escape(study)}</h2>\n{said}"
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n</section>\n"
    )


def _row(p: Prediction, number: int) -> str:
    row = p.observation
    predicted, interval, observed, _, error = numbers_of(p)
    verdict = {"yes": "hit", "no": "miss"}.get(p.inside, "")
    days = f"{row.day_from:g}" + (f" to {row.day_to:g}, {row.timing}" if row.day_to > row.day_from else "")
    who = " ".join(filter(None, (row.arm, row.id)))
    cells = (str(number), who, row.form, days, predicted, interval, observed, verdict or "-", error, row.role)
    own = f' class="{verdict}"' if verdict else ""
    return (
        f'<tr{own}><th scope="row">{escape(row.output)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>\n"
    )


def _figure(predictions: Sequence[Prediction]) -> str:
    """The figure as part of the page, without the head of its own file."""
    if not any(map(drawable, predictions)):
        return ""
    text = image(validation_figure(predictions), "svg").decode("utf-8")
    text = text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{_CAPTION}"', 1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return f"<figure>\n{text}<figcaption>{_CAPTION}</figcaption>\n</figure>\n"
