"""The report of an analysis of influence, and its tables as files; every number printed is in a table."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from ..tables import aligned
from .predictions import number

if TYPE_CHECKING:
    from ...trials.influence.result import Influence, Outcome, Timed

_NUMBER = re.compile(r"-?[0-9][0-9.e+-]*")
REASONS = 3
SHOWN = 10  # parameters of a printed table; the file holds all
OVER = {"prior": "their priors", "bounds": "their bounds", "spread": "their spread between patients"}
HEADS = {"first": "first order", "total": "total", "mu": "mu", "mu_star": "mu*", "sigma": "sigma"}


def influence_csv(found: Influence, samples: bool = False) -> dict[str, bytes]:
    """The tables as files: indices.csv, quantities.csv, tornado.csv, ranges.csv, and where there is something to write
    over_time.csv, over_time_days.csv, failures.csv and (with `samples`) samples.csv.
    """
    tables = {
        "indices.csv": found.table(),
        "quantities.csv": found.summary(),
        "tornado.csv": found.tornado(),
        "ranges.csv": found.varied(),
    }
    if found.timed:
        tables |= {"over_time.csv": found.over_time(), "over_time_days.csv": found.daily()}
    if found.failures or found.end_failures:
        tables["failures.csv"] = found.failed()
    if samples:
        tables["samples.csv"] = found.samples()
    return {name: table.to_csv().encode() for name, table in tables.items()}


def influence_text(found: Influence) -> str:
    """The whole report."""
    parts = [_head(found), *(_outcome(found, o) for o in found.outcomes), *(_timed(found, t) for t in found.timed)]
    parts += [_failed(found)] * bool(found.failures or found.end_failures)
    return "\n\n".join(parts) + "\n"


def _head(found: Influence) -> str:
    d, count = found.design, len(found.names)
    what = "base samples" if d.method == "sobol" else "trajectories"
    lines = [
        f"{found.name}, arm {found.arm}, model {found.model}",
        f"{d.method.capitalize()}: {d.samples} {what} of {count} parameter{'s' * (count != 1)} "
        f"over {OVER[found.over]}, {len(d.points)} runs, seed {d.seed}",
        *(f"Note: {note}." for note in (*found.notes, *_assumed(found))),
    ]
    if d.method == "morris":
        lines.append("mu, mu* and sigma are changes for a move from the 5 to the 95 % point of a range.")
    return "\n".join(lines)


def _assumed(found: Influence) -> list[str]:
    """One note a sentence, with all the names that it is said of."""
    texts = dict.fromkeys(text for _, text in found.assumed)
    return [f"{', '.join(name for name, own in found.assumed if own == text)}: {text}" for text in texts]


def _outcome(found: Influence, o: Outcome) -> str:
    title = f"{o.name} ({o.label}{_in(o.unit)}): {number(o.reference)} at the reference values"
    if found.design.method == "sobol":
        mean, sd, low, median, high = map(number, o.spread)
        title += f"; over the ranges mean {mean}, SD {sd}, median {median}, 90 % within {low} to {high}"
    parts = [title]
    if not o.indices.still:
        parts.append(_indices(o))
    parts += [f"Doubt: {doubt}." for doubt in o.trust.doubts]
    if o.indices.pairs is not None and not o.indices.still:
        parts.append(_pairs(found, o))
    alone = _bars(found, o) if o.moves else "no parameter moves it alone"
    return "\n".join([*parts, "", alone])


def _indices(o: Outcome) -> str:
    head = ["parameter", *(cell for kind in o.indices.kinds for cell in (HEADS[kind], "+/-")), "next is apart"]
    rows = []
    for k in o.indices.order[:SHOWN]:
        pairs = zip(o.indices.values[:, k], o.indices.errors[:, k], strict=True)
        cells = [number(v) for pair in pairs for v in map(float, pair)]
        rows.append([o.indices.names[k], *cells, o.trust.apart[k] or "-"])
    text = aligned([head, *rows])
    if o.indices.method == "sobol":
        text += f"\nsum of first-order indices {number(o.indices.sum_first)} +/-{number(o.indices.sum_error)}"
    return text + _more(len(o.indices.names), "indices.csv")


def _pairs(found: Influence, o: Outcome) -> str:
    table = found.table()
    own = [
        (table["parameter"][k], table["with"][k], table["value"][k], table["error"][k])
        for k in range(len(table["index"]))
        if table["index"][k] == "second" and table["quantity"][k] == o.name
    ]
    own.sort(key=lambda row: -abs(row[2]))
    rows = [[f"{a} with {b}", number(value), number(error)] for a, b, value, error in own[:SHOWN]]
    return aligned([["pair", "second order", "+/-"], *rows]) + _more(len(own), "indices.csv", "pairs")


def _bars(found: Influence, o: Outcome) -> str:
    table, names = found.tornado(), ("parameter", "parameter_low", "parameter_high", "parameter_unit")
    places = [k for k, name in enumerate(table["quantity"]) if name == o.name]
    rows = []
    for k in places[:SHOWN]:
        name, low, high, unit = (table[column][k] for column in names)
        ends = [number(table[column][k]) for column in ("at_low", "at_high")]
        rows.append([name, number(low), number(high), unit, *ends])
    head = ["one at a time", "5 % point", "95 % point", "unit", f"{o.name} there", "and there"]
    return aligned([head, *rows]) + _more(len(places), "tornado.csv")


def _timed(found: Influence, t: Timed) -> str:
    kind = "total" if found.design.method == "sobol" else "mu_star"
    values = t.of(kind)
    moving = [k for k, one in enumerate(t.indices) if not one.still]
    title = f"{t.output} over time: {HEADS[kind]} of the leading parameters{_in(_unit(found, t))}"
    if not moving:
        return f"{title}\nit does not move on any of these days"
    leading = sorted(range(len(found.names)), key=lambda k: -float(values[k, moving].max()))[:5]
    rows = [[f"{day:g}", *(number(float(values[k, j])) for k in leading)] for j, day in enumerate(t.days)]
    parts = [title, aligned([["day", *(found.names[k] for k in leading)], *rows])]
    if doubtful := [f"{t.days[k]:g}" for k in moving if t.trusts[k].doubts]:
        parts.append(f"Doubt: on days {', '.join(doubtful)} something is not certain, as over_time_days.csv says.")
    return "\n".join([*parts, "all parameters with their errors are in over_time.csv"])


def _in(unit: str) -> str:
    return "" if unit == "1" else f", {unit}"


def _unit(found: Influence, t: Timed) -> str:
    return t.unit if found.design.method == "morris" else "1"


def _failed(found: Influence) -> str:
    """How many runs failed, and each reason once, whatever numbers it tells."""
    both = [*found.failures, *found.end_failures]
    reasons: dict[str, list[str]] = {}
    for f in both:
        reasons.setdefault(_NUMBER.sub("#", f.reason), []).append(f.reason)
    counts = f"{len(found.failures)} of {len(found.design.points)} runs of the design failed"
    counts += f", and {len(found.end_failures)} of {2 * len(found.names)} runs of one parameter at a time"
    shown = [f"  {len(some)} as: {textwrap.shorten(some[0], 240)}" for some in list(reasons.values())[:REASONS]]
    more = [f"  and {len(reasons) - REASONS} other reasons"] if len(reasons) > REASONS else []
    return "\n".join([counts, *shown, *more, "all are in failures.csv"])


def _more(count: int, file: str, what: str = "parameters") -> str:
    return f"\n{count - SHOWN} more {what} are in {file}" if count > SHOWN else ""
