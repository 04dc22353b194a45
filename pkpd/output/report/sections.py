"""What the report of a fit says, section by section, before it is laid out as text or as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...inference.fitted import SAME, Fitted
from ...inference.uncertainty.draws import Draws
from ...inference.uncertainty.left_out import LeftOut, rms
from ...inference.uncertainty.profiles import Profile
from .draws import draws_lines
from .fit_rows import SHOWN, by_study, counted, fixed, judged, number, rows_table, short
from .starts import moved_starts

Vector = NDArray[np.float64]

# Two parameters more correlated than this are one combination, for any use of their intervals.
TOO_CLOSE = 0.95
PAIRS = 12  # to print
STARTS = 40
REASONS = 12
MEANING = "Valid: the search converged to one optimum with finite intervals; what the rows determine stands below."
CUT = (
    "The prior is cut at the bounds; draws follow the cut, these intervals and shares do not, so they are a little "
    "wide."
)
DISCLAIMER = "Research software; intervals hold only under the errors and priors above."

Cells = tuple[tuple[str, ...], ...]
# coordinates fitted under another log SD between studies, and whether that search converged
Other = tuple[Vector, bool]


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences, a table with its head as first row, and sentences below it; `key` names the section."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    table: Cells = ()
    notes: tuple[str, ...] = ()


def sections(
    fitted: Fitted,
    left_out: Sequence[LeftOut],
    profiles: Sequence[Profile],
    others: Mapping[float, Other],
    draws: Draws | None = None,
) -> tuple[Section, ...]:
    """All sections in their order."""
    return (
        _verdict(fitted),
        _warnings(fitted, draws),
        _told(fitted),
        _parameters(fitted),
        _correlations(fitted),
        *([profile_section(fitted, profiles)] if profiles else []),
        *([Section("draws", "Draws", draws_lines(draws))] if draws else []),
        _predictions(fitted),
        _between(fitted, others),
        _criteria(fitted),
        _left_out(left_out),
        _starts(fitted),
        Section("disclaimer", "", (DISCLAIMER,)),
    )


def verdict(fitted: Fitted) -> str:
    """`VALID`, or `NOT VALID: ` and why."""
    return f"NOT VALID: {'; '.join(fitted.trouble)}" if fitted.trouble else "VALID"


def _verdict(fitted: Fitted) -> Section:
    found = len(fitted.search.found)
    how = "maximum a posteriori" if np.isfinite(fitted.coordinates.sd).any() else "maximum likelihood within the bounds"
    lines = (
        verdict(fitted),
        *(() if fitted.trouble else (MEANING,)),
        f"Model {fitted.model_name}, data {', '.join(fitted.data)}: {_rows_said(fitted)}.",
        f"Searched by {how}: {counted(found, 'start')}, {fitted.agreeing} of {found} within {SAME:g} of the best.",
    )
    return Section("verdict", "", lines)


def _rows_said(fitted: Fitted) -> str:
    likelihood = fitted.objective.likelihood
    values, bounds = len(likelihood.equal), len(likelihood.bounded)
    studies = counted(len(fitted.objective.observations.studies), "study", "studies")
    return f"{counted(values + bounds, 'row')} ({counted(values, 'value')}, {counted(bounds, 'bound')}) of {studies}"


def _warnings(fitted: Fitted, draws: Draws | None) -> Section:
    failed = fitted.objective.failed
    lines = [*fitted.warnings, *moved_starts(fitted.coordinates.tables)]
    if draws and draws.doubtful:
        lines.append(f"The draws are not to be trusted. {draws.said}")
    if fitted.left_out:
        lines.append(f"{counted(len(fitted.left_out), 'row')} left out:")
        said = [f"- {row.origin or row.study}: {_why_left(row)}" for row in fitted.left_out]
        lines += said[:REASONS] + _more(said, REASONS, "rows")
    if failed.count:
        times = f"{failed.count} of the parameter values tried could not be simulated"
        lines.append(f"{times}, for example: {min(failed.reasons)}")
    return Section("warnings", "Before you use it", tuple(lines) or ("no warning, no row left out, no failed solve",))


def _why_left(row: object) -> str:
    reason, value = getattr(row, "reason", ""), getattr(row, "value", None)
    return str(reason) or ("no number" if value is None else f"a {getattr(row, 'bound', '')} row is not fitted")


def _told(fitted: Fitted) -> Section:
    i, count = fitted.information, len(fitted.names)
    has = int(np.isfinite(fitted.coordinates.sd).sum())
    rest = "the rest is prior" if has == count else f"the rest is prior or unknown ({has} of {count} have a prior)"
    if not has:
        rest = "no parameter has a prior"
    return Section(
        "told",
        "What the rows can tell",
        (
            f"{_rows_said(fitted)}; {counted(count, 'parameter')} varied.",
            f"The rows speak about {counted(i.rank, 'direction')} (rank of the information matrix) and pin down "
            f"{i.learned} of them to less than a quarter of the width between the bounds.",
            f"They are worth {fixed(i.effective, 1)} of {counted(count, 'parameter')}; {rest}.",
        ),
    )


def _parameters(fitted: Fitted) -> Section:
    head = ("parameter", "unit", "start", "value", "95 % interval", "bound hit", "prior (log SD)", "share of prior")
    i, c = fitted.information, fitted.coordinates
    notes = []
    hit = [f"{n} ({_bound(fitted, k)})" for k, n in enumerate(fitted.names) if i.low[k] or i.high[k]]
    if hit:
        notes.append(
            f"At a bound: {', '.join(hit)}. The rows pull beyond what the file calls plausible; there is no interval."
        )
    taught = [n for n, s in zip(fitted.names, i.prior_share.tolist(), strict=True) if np.isfinite(s) and s > TOO_CLOSE]
    if taught:
        notes.append(f"The rows taught next to nothing about {', '.join(taught)}: value and interval are the prior's.")
    cells = _parameter_cells(fitted)
    if any("*" in cell for row in cells for cell in row):
        notes.append("*: the interval would reach beyond the bound, where it is cut.")
    linear = [n for n, is_log, sd in zip(c.names, c.logs, c.sd, strict=True) if np.isfinite(sd) and not is_log]
    if linear:
        notes.append(f"The SD of the prior is that of the value itself, not of its log, for {', '.join(linear)}.")
    if np.isfinite(c.sd).any():
        notes.append(CUT)
    notes.append("Share of prior: variance with the rows over variance without them; 100 % = the rows taught nothing.")
    return Section("parameters", "Parameters", (), (head, *cells), tuple(notes))


def _parameter_cells(fitted: Fitted) -> Cells:
    c, i = fitted.coordinates, fitted.information
    low, high = fitted.interval
    centre = c.to_values(c.centre)
    cells = []
    for k, (table, value, share) in enumerate(zip(c.tables, fitted.values.tolist(), i.prior_share, strict=True)):
        held = ["*" if np.isclose(v, b) else "" for v, b in zip((low[k], high[k]), table.bounds, strict=True)]
        interval = f"{number(low[k])}{held[0]} to {number(high[k])}{held[1]}"
        if np.isinf(i.se[k]):
            interval = "nothing known"
        elif np.isnan(i.se[k]):
            interval = "-"
        prior = f"{number(centre[k])} ({number(c.sd[k])})" if np.isfinite(c.sd[k]) else "-"
        shown = f"{fixed(100 * share, 0)} %" if np.isfinite(share) else "-"
        start = number(table.value)
        value = _on_bound(value, table.bounds)
        cells.append((table.name, table.unit, start, number(value), interval, _bound(fitted, k), prior, shown))
    return tuple(cells)


def _on_bound(value: float, bounds: tuple[float, float]) -> float:
    """The bound itself for a value that only rounding tells from it."""
    near = [b for b in bounds if abs(value - b) < 1e-9 * (bounds[1] - bounds[0])]
    return near[0] if near else value


def _bound(fitted: Fitted, k: int) -> str:
    i = fitted.information
    return "low" if i.low[k] else "high" if i.high[k] else "-"


def _correlations(fitted: Fitted) -> Section:
    whole = fitted.information.correlation
    pairs = [
        (float(whole[j, k]), fitted.names[j], fitted.names[k])
        for j in range(len(whole))
        for k in range(j + 1, len(whole))
        if np.isfinite(whole[j, k]) and abs(whole[j, k]) > TOO_CLOSE
    ]
    pairs.sort(key=lambda pair: (-round(abs(pair[0]), 3), pair[1], pair[2]))
    said = [
        f"{a} and {b} {r:.2f}: the rows determine only a combination; hold one fixed, add a dose level, or give one "
        "a tighter prior"
        for r, a, b in pairs
    ]
    lines = said[:PAIRS] + _more(said, PAIRS, "pairs")
    return Section("correlations", "Correlations", tuple(lines) or (f"no correlation above {TOO_CLOSE}",))


def profile_section(fitted: Fitted, profiles: Sequence[Profile]) -> Section:
    """Profile intervals with their verdicts."""
    values = dict(zip(fitted.names, fitted.values.tolist(), strict=True))
    head = ("parameter", "unit", "value", "95 % profile interval", "verdict")
    cells = [(p.name, p.unit, number(values[p.name]), f"{_end(p.low)} to {_end(p.high)}", p.verdict) for p in profiles]
    rank = f"Rank of the information matrix of the rows: {fitted.information.rank} of {len(fitted.names)}."
    note = "A profile leaves out the prior of its own parameter; open: the rows do not exclude values up to the bound."
    return Section("profiles", "Profiles", (rank,), (head, *cells), (note,))


def _end(value: float | None) -> str:
    return "open" if value is None else number(value)


def _predictions(fitted: Fitted) -> Section:
    rows = judged(fitted)
    notes = list(by_study(rows))
    if len(rows) > SHOWN:
        notes.insert(0, f"... and {len(rows) - SHOWN} more rows; predictions.csv holds all of them")
    notes.append(
        "Residual: observed less predicted, in SDs of the row's own marginal error (its log SE with the shifts that "
        "its study shares). hit: within 1.96 of them; met: the prediction lies beyond the bound."
    )
    return Section("predictions", "Predicted against observed", (), rows_table(rows), tuple(notes))


def _between(fitted: Fitted, others: Mapping[float, Other]) -> Section:
    noise = fitted.noise
    lines = [f"Log SD between studies {noise.between_studies:g} (of IL-2 levels {noise.between_assays:g}), assumed."]
    if not others:
        return Section("between", "Between studies", (*lines, "The fit was not repeated under other values of it."))
    columns = {noise.between_studies: fitted.values}
    columns |= {sd: fitted.coordinates.to_values(x) for sd, (x, _) in others.items()}
    head = ("parameter", "unit", *(f"at {sd:g}" for sd in sorted(columns)))
    cells = [
        (t.name, t.unit, *(number(columns[sd][k]) for sd in sorted(columns)))
        for k, t in enumerate(fitted.coordinates.tables)
    ]
    off = [f"{sd:g}" for sd, (_, converged) in sorted(others.items()) if not converged]
    notes = [f"The search at {' and at '.join(off)} did not converge."] if off else []
    return Section("between", "Between studies", tuple(lines), (head, *cells), tuple(notes))


def _criteria(fitted: Fitted) -> Section:
    n, k = fitted.objective.likelihood.count, len(fitted.names)
    aicc = fitted.aicc
    said = (
        f"AICc {number(aicc)}, on the likelihood alone."
        if aicc is not None
        else f"AICc is not defined: {counted(n, 'row')} less {counted(k, 'parameter')} less 1 is {n - k - 1}, "
        "and it divides by that."
    )
    return Section("criteria", "Likelihood", (f"-2 log likelihood of the rows {number(fitted.deviance)}.", said))


def _left_out(left_out: Sequence[LeftOut]) -> Section:
    title = "One study left out"
    if not left_out:
        return Section("left_out", title, ("Not done: no study was predicted from a fit to the others.",))
    cells = [("study", "values", "RMS log error", "bounds met"), *(_left_cells(o.study, [o]) for o in left_out)]
    if len(left_out) > 1:
        cells.append(_left_cells("all", left_out))
    notes = tuple(f"{one.study}: {one.reason}" for one in left_out if one.reason)
    lines = ("Errors in the rows of each study of a fit to the others, on the log scale (logit of a percentage).",)
    return Section("left_out", title, lines, tuple(cells), notes)


def _left_cells(name: str, some: Sequence[LeftOut]) -> tuple[str, ...]:
    error, bounded = rms(some), sum(one.bounded for one in some)
    met = f"{sum(one.met for one in some)} of {bounded}" if bounded else "-"
    return short(name), str(sum(one.rows for one in some)), "-" if error is None else number(error), met


def _starts(fitted: Fitted) -> Section:
    costs = [f"{fixed(one.cost, 2)}" if one.cost < 1e5 else number(one.cost) for one in fitted.search.found]
    more = f" and {len(costs) - STARTS} more" if len(costs) > STARTS else ""
    return Section("starts", "Starts", (f"Costs from the best to the worst: {' '.join(costs[:STARTS])}{more}",))


def _more(said: Sequence[str], shown: int, what: str) -> list[str]:
    return [f"... and {len(said) - shown} more {what}"] if len(said) > shown else []
