"""A predictive check as tables and as text."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np

from ...inference.rows.noise import from_link
from ...trials.predictive.check import OUTSIDE, SHARES, Numeric
from ...trials.predictive.panels import Panel
from ...trials.predictive.vpc import Vpc
from ..tables import Table, aligned

PERCENTILES = tuple(round(100 * share) for share in SHARES)
SHOWN_FAILURES = 3


def vpc_tables(found: Vpc) -> dict[str, bytes]:
    """The tables of a check by file name: vpc.csv, points.csv, check.csv, and limits.csv where rows have bounds."""
    tables = {
        "vpc.csv": percentiles_table(found),
        "points.csv": points_table(found),
        "check.csv": numeric_table(found),
    }
    if found.beyond:
        tables["limits.csv"] = limits_table(found)
    return {name: table.to_csv().encode() for name, table in tables.items()}


def unit_of(found: Vpc, panel: Panel) -> str:
    """The unit of the numbers of a panel."""
    own = {"percent": "%", "percent_change": "%", "fold": "1", "ratio": "1"}.get(panel.form, found.units[panel.output])
    return own if panel.timing != "area" else "d" if own == "1" else f"{own}*d"


def number(form: str, link: float) -> float | None:
    """The number behind a link, None for what is not known or lies beyond every number."""
    return from_link(form, link) if np.isfinite(link) and abs(link) < 1e3 else None


def percentiles_table(found: Vpc) -> Table:
    """One row a percentile of a bin: observed, and the 95 % interval and median of the simulated one."""
    rows = []
    for own in found.percentiles:
        p = own.panel
        for b, one in enumerate(p.bins):
            for s, percentile in enumerate(PERCENTILES):
                ends = [number(p.form, link) for link in own.simulated[:, b, s].tolist()]
                inside = own.inside[b, s]
                rows.append(
                    {
                        **_named(found, p),
                        "bin": b + 1,
                        "day_from": one.first,
                        "day_to": one.last,
                        "day": one.middle,
                        "observations": len(one.rows),
                        "percentile": percentile,
                        "observed": number(p.form, own.observed[b, s]),
                        "low": ends[0],
                        "median": ends[1],
                        "high": ends[2],
                        "inside": None if np.isnan(inside) else "yes" if inside else "no",
                    }
                )
    return _table(rows)


def points_table(found: Vpc) -> Table:
    """One row an observation, with its typical prediction and the 90 % interval of its own simulated values."""
    places = {int(n): (p, b + 1) for p in found.panels for b, one in enumerate(p.bins) for n in one.rows}
    rows = []
    for n, row in enumerate(found.data.rows):
        o, (panel, place) = row.observation, places[n]
        low, median, high = (number(o.form, link) for link in found.ranges[:, n].tolist())
        rows.append(
            {
                "study": o.study,
                "arm": o.arm,
                "id": o.id,
                "regimen": o.regimen,
                **_named(found, panel),
                "bin": place,
                "day_from": o.day_from,
                "day_to": o.day_to,
                "bound": o.bound,
                "value": number(o.form, row.link),
                "predicted": number(o.form, float(found.predicted[n])),
                "shown": number(o.form, row.link + float(found.corrections[n])),
                "low": low,
                "median": median,
                "high": high,
                "verdict": verdict(found, n),
                "where": o.origin,
            }
        )
    return _table(rows)


def verdict(found: Vpc, n: int) -> str:
    """Whether an observation lies below, inside or above the 90 % interval of its own simulated values; a bound is not
    judged.
    """
    row = found.data.rows[n]
    if row.observation.bound != "=":
        return "a bound"
    link = row.link + found.corrections[n]
    return "below" if link < found.ranges[0, n] else "above" if link > found.ranges[2, n] else "inside"


def numeric_table(found: Vpc) -> Table:
    """One row a panel and one for all: observations outside their own 90 % interval."""
    rows = []
    for one in found.numeric:
        low, high = one.interval
        rows.append(
            {
                **(_named(found, one.panel) if one.panel else dict.fromkeys(_NAMED, "all")),
                "observations": one.count,
                "below": one.below,
                "above": one.above,
                "share_outside": _known(one.share),
                "binomial_low": _known(low),
                "binomial_high": _known(high),
                "expected": OUTSIDE,
                "simulated_low": _known(one.simulated[0]),
                "simulated_high": _known(one.simulated[1]),
                "below_low": _known(one.lower[0]),
                "below_high": _known(one.lower[1]),
                "above_low": _known(one.upper[0]),
                "above_high": _known(one.upper[1]),
                "as_expected": "" if not one.count else "yes" if one.fits else "no",
                "bounds_left_out": one.beyond,
            }
        )
    return _table(rows)


def limits_table(found: Vpc) -> Table:
    """One row a bin with bounds: the share of its rows beyond the outermost limit, observed and simulated."""
    rows = []
    for one in found.beyond:
        b = one.panel.bins[one.place]
        rows.append(
            {
                **_named(found, one.panel),
                "bin": one.place + 1,
                "day": b.middle,
                "observations": len(b.rows),
                "bound": one.bound,
                "limit": number(one.panel.form, one.limit),
                "bounds": one.bounded,
                "observed_share": one.observed,
                "low": one.simulated[0],
                "median": one.simulated[1],
                "high": one.simulated[2],
            }
        )
    return _table(rows)


_NAMED = ("output", "form", "timing", "stratum", "unit")


def _named(found: Vpc, panel: Panel) -> dict[str, str]:
    own = (panel.output, panel.form, panel.timing, panel.stratum or "all", unit_of(found, panel))
    return dict(zip(_NAMED, own, strict=True))


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    return Table(tuple((name, [row[name] for row in rows]) for name in rows[0]))


def vpc_text(found: Vpc, model: str, origin: str) -> str:
    """What was done, what was found, and what to mind."""
    hits, known = found.inside
    said = [
        f"Visual predictive check of {len(found.data.rows)} rows of {len(found.data.patients)} patients, "
        f"{found.settings.replicates} replicates, seed {found.settings.seed}",
        f"Model {model}, {origin}",
        "",
        aligned([_HEAD, *(_cells(found, one) for one in found.numeric)]),
        "",
        f"{hits} of {known} observed percentiles ({', '.join(str(p) for p in PERCENTILES)} %) lie inside the 95 % "
        "interval of the simulated ones; about 95 % would.",
        _overall(found.numeric[-1]),
        *(f"{sentence}." for sentence in method(found)),
        *(f"{note[0].upper()}{note[1:]}." for note in found.notes),
        *_failures(found),
    ]
    # sentences are folded, tables are not
    return "\n".join(line if "  " in line or "\n" in line else fill(line, 120) for line in said)


_HEAD = ("output", "form", "of", "n", "below", "above", "outside", "binomial 95 %", "simulated 95 %", "as expected")


def _cells(found: Vpc, one: Numeric) -> tuple[str, ...]:
    panel = one.panel
    names = ("all", "", "")
    if panel:
        form = panel.form if panel.timing == "point" else f"{panel.form}, {panel.timing}"
        names = (panel.output, form, _short(panel.stratum or "all"))
    if not one.count:
        return (*names, "0", "", "", "", "", "", "")
    ends = ("{:.0f}-{:.0f} %".format(*(100 * v for v in pair)) for pair in (one.interval, one.simulated))
    fits = "yes" if one.fits else "no"
    return (*names, str(one.count), str(one.below), str(one.above), f"{100 * one.share:.0f} %", *ends, fits)


def _short(text: str, most: int = 32) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _overall(whole: Numeric) -> str:
    if not whole.count:
        return "No row has a number of its own, so none can be counted outside an interval."
    ends = "{:.0f} to {:.0f} %".format(*(100 * v for v in whole.simulated))
    sides = ["{:.0f} to {:.0f} %".format(*(100 * v for v in pair)) for pair in (whole.lower, whole.upper)]
    word = "as" if whole.fits else "not as"
    return (
        f"{whole.outside} of {whole.count} observations lie outside the 90 % interval of their own simulated values; "
        f"10 % are expected, and the model's own data show {ends}. {whole.below} lie below and {whole.above} above, "
        f"where its own data show {sides[0]} and {sides[1]} (97.5 % ranges): {word} expected."
    )


def method(found: Vpc) -> list[str]:
    """How the numbers came about, in sentences without a full stop."""
    s, panels = found.settings, found.panels
    kinds = {p.by_visit for p in panels}
    bins = "one a visit day" if kinds == {True} else "quantiles of the days" if kinds == {False} else ""
    said = [f"Bins: {bins or 'one a visit day where visits coincide, else quantiles of the days'}"]
    typical = "all replicates are at the typical values of the set"
    if found.draws:
        typical = f"each replicate takes one of {found.draws} drawn sets of typical values"
    said.append(
        f"Patients differ by the spread of the set, rows by the errors that a fit takes, and {typical}; a shift "
        "between studies is not among them"
    )
    if s.corrected:
        said.append(
            "Corrected for predictions: each number is multiplied by the median prediction of its bin over its own "
            "(percentages: shifted by the difference on the logit scale), observed and simulated alike"
        )
    return said


def _failures(found: Vpc) -> list[str]:
    said = []
    if found.redrawn:
        said.append(f"{found.redrawn} of {found.simulated} simulated patients had no steady baseline: drawn again.")
    if found.failed:
        said.append(f"{len(found.failed)} of {found.simulated} simulated patients failed and have no numbers:")
        for replicate, who, day, reason in found.failed[:SHOWN_FAILURES]:
            name = found.data.patients[who][2]
            when = "before the first day" if np.isnan(day) else f"day {day:g}"
            said.append(f"  replicate {replicate}, id {name}, {when}: {' '.join(reason.split())[:160]}")
    return said
