"""Every fitted row beside its prediction: how far off, in its own errors, and whether that is within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...inference.fitted import Fitted
from ...inference.rows.noise import covariance, from_link, observed_link, standard_error
from ...studies.observation import Observation
from ..tables import Table

# How many SDs of a normal number hold 95 % of it.
WITHIN = 1.959963984540054
# Rows to print; a cohort of single patients can have thousands, and predictions.csv holds all.
SHOWN = 60
_WIDEST = 26
HEAD = ("study, arm", "line", "output", "form", "days", "observed", "predicted", "log SE", "residual", "verdict")


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with its prediction in the row's own unit, the standard error of its link (`se`, from `se_origin`), the SD
    of the link with the shifts it shares (`sd`), and the residual, observed less predicted, in those SDs. `verdict` is
    hit or miss (within 95 %) of a value, met or not met of a bound, which is met where the prediction lies beyond it.
    """

    row: Observation
    predicted: float
    se: float
    se_origin: str
    sd: float
    residual: float
    verdict: str

    @property
    def fits(self) -> bool:
        """Whether it is hit or met."""
        return self.verdict in ("hit", "met")


def judged(fitted: Fitted) -> tuple[Judged, ...]:
    """Every row of a fit, in the order of the predictions."""
    target = fitted.objective
    whole = covariance(target.sampled, fitted.noise, dict(target.observations.count_scale))
    sds = np.sqrt(np.diag(whole))
    rows = zip(target.rows, fitted.links.tolist(), sds.tolist(), strict=True)
    return tuple(_judge(row, link, sd, fitted) for row, link, sd in rows)


def _judge(row: Observation, link: float, sd: float, fitted: Fitted) -> Judged:
    away = (observed_link(row.form, row.value) - link) / sd
    se, origin = standard_error(row, fitted.noise)
    if row.bound == "=":
        verdict = "hit" if abs(away) <= WITHIN else "miss"
    else:
        verdict = "met" if (away < 0) == (row.bound == ">") else "not met"
    return Judged(row, from_link(row.form, link), se, origin, sd, away, verdict)


def rows_table(rows: Sequence[Judged]) -> tuple[tuple[str, ...], ...]:
    """Head and cells of the first rows, study after study."""
    studies = list(dict.fromkeys(j.row.study for j in rows))
    ordered = sorted(rows, key=lambda j: studies.index(j.row.study))
    return (HEAD, *(_cells(j) for j in ordered[:SHOWN]))


def by_study(rows: Sequence[Judged]) -> tuple[str, ...]:
    """One line a study: how many of its values are hit, and bounds met."""
    lines = []
    for study in dict.fromkeys(j.row.study for j in rows):
        own = [j for j in rows if j.row.study == study]
        counts = [
            f"{sum(j.fits for j in some)} of {len(some)} {what}"
            for what, some in (
                ("values hit", [j for j in own if j.row.bound == "="]),
                ("bounds met", [j for j in own if j.row.bound != "="]),
            )
            if some
        ]
        lines.append(f"{study}: {', '.join(counts)}")
    return tuple(lines)


def predictions_table(rows: Sequence[Judged]) -> Table:
    """Every row of the fit as columns: numbers in the row's own unit, the residual in SDs of its own marginal error."""
    texts = ("study", "arm", "id", "output", "form", "unit", "bound")
    columns: list[tuple[str, Sequence[object]]] = [(name, [getattr(j.row, name) for j in rows]) for name in texts]
    columns.insert(3, ("row", [j.row.origin for j in rows]))
    columns += [(name, [getattr(j.row, name) for j in rows]) for name in ("day_from", "day_to", "timing")]
    columns += [("observed", [j.row.value for j in rows])]
    columns += [(name, [getattr(j, name) for j in rows]) for name in ("predicted", "se", "se_origin", "sd")]
    return Table((*columns, *((name, [getattr(j, name) for j in rows]) for name in ("residual", "verdict"))))


def _cells(judge: Judged) -> tuple[str, ...]:
    row = judge.row
    return (
        short("/".join(part for part in (row.study, row.arm, row.id) if part)),
        row.origin.rpartition(" ")[2] if row.origin else "-",
        short(row.output),
        row.form,
        window(row),
        observed(row),
        number(judge.predicted),
        f"{judge.se:.2g} {judge.se_origin}",
        fixed(judge.residual, 2),
        judge.verdict,
    )


def window(row: Observation) -> str:
    """The days of a row in words: `0`, `42-56 maximum`, `1 post`."""
    days = f"{row.day_from:g}" + (f"-{row.day_to:g}" if row.day_to > row.day_from else "")
    timing = "" if row.timing == "point" else row.timing
    return " ".join(filter(None, (days, timing, "" if row.side == "pre" else row.side)))


def observed(row: Observation) -> str:
    """The number as printed, with its bound and unit."""
    if row.value is None:
        return "none"
    unit = row.unit or ("%" if row.form in ("percent", "percent_change") else "")
    bound = f"{row.bound} " if row.bound in ("<", ">") else ""
    return short(f"{bound}{row.value:g} {unit}".removesuffix(" 1").rstrip())


def number(value: float) -> str:
    """Three significant digits, a dash for what is not known."""
    if np.isnan(value):
        return "-"
    return f"{float(f'{value:.3g}') + 0.0:g}"


def fixed(value: float, digits: int) -> str:
    """So many digits after the point, without the sign of a rounded zero."""
    if np.isnan(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def short(text: str) -> str:
    """A name that fits into a column."""
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def counted(n: int, one: str, many: str = "") -> str:
    """`1 row`, `2 rows`."""
    return f"{n} {one if n == 1 else many or one + 's'}"
