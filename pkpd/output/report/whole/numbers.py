"""The few numbers of each kind of result that its readers look for first, as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .known import Again
from .result import Result
from .sets import sets_of
from .tables import ranged, rows_of, short

MOST = 4  # quantities, outputs or regimens; the rest stands under Results
DRUG = "il2"  # before a dose it lies at the limit of its assay
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A table and sentences below it; all empty where there is nothing to tell."""

    head: Row = ()
    rows: tuple[Row, ...] = ()
    said: tuple[str, ...] = ()


def main_numbers(result: Result, again: Again | None) -> Numbers:
    """The main numbers of a result, from its unchanged files or, of a run, from `again`."""
    if again is not None:
        return Numbers(RUN, tuple(again.numbers))
    tell = _OWN.get(result.kind)
    return tell(result) if tell else Numbers()


RUN = ("arm", "what", "value", "90 % range", "day")


def _table(result: Result, name: str, *needed: str) -> list[dict[str, str]]:
    """The rows of a table as one dictionary each; none where the file is no longer the one written."""
    head, *body = rows_of(result.data(name) or b"") or [[]]
    return [dict(zip(head, row, strict=False)) for row in body] if set(needed) <= set(head) else []


def _fitted(result: Result) -> Numbers:
    sets = {one.whose: one.values for one in sets_of(result)}
    fitted, start = sets.get("fitted values"), sets.get("start values")
    own = result.record.get("settings") or {}
    if fitted is None or start is None:
        return Numbers()
    names = [n for n in own.get("vary") or () if n in fitted and n in start]
    rows = [(n, start[n].text, f"{fitted[n].value:.4g} {fitted[n].unit}".removesuffix(" 1")) for n in names]
    return Numbers(("parameter", "start", "fitted"), tuple(rows), ("The intervals stand under Fit diagnostics.",))


def _compared(result: Result) -> Numbers:
    found = _table(result, "comparison.csv", "regimen", "quantity", "unit", "value", "low", "high")
    cells = [(r["regimen"], r["quantity"], ranged(r)) for r in found]
    return _pivoted(cells, "regimen", "In brackets: 90 % intervals, where there are draws of the parameters.")


def _population(result: Result) -> Numbers:
    """Median patient, and where nine in ten of them lie."""
    label = _labels(result)
    own: dict[tuple[str, str], dict[str, str]] = {}
    for row in _table(result, "summary.csv", "arm", "quantity", "statistic", "value", "unit"):
        own.setdefault((label(row["arm"]), row["quantity"]), {})[row["statistic"]] = row["value"]
    ends = [
        (key, {"value": v.get("p50", "-"), "low": v.get("p05", ""), "high": v.get("p95", "")}) for key, v in own.items()
    ]
    cells = [(arm, quantity, ranged(row)) for (arm, quantity), row in ends]
    return _pivoted(cells, "arm", "The median patient, and in brackets where 90 % of the patients lie.")


def _trial(result: Result) -> Numbers:
    """The fold of each output at the visit where some arm has its highest, in every arm."""
    label = _labels(result)
    said = (
        "Geometric mean of each patient's own fold of baseline, at the visit where an arm is highest: the median of "
        "the replicates, and in brackets where 90 % of them lie."
    )
    needed = ("arm", "day", "output", "statistic", "value", "low", "high")
    folds = [r for r in _table(result, "visits.csv", *needed) if r["statistic"] == "fold" and r["output"] != DRUG]
    told: dict[str, dict[str, str]] = {}
    best = {r["output"]: r["day"] for r in sorted((r for r in folds if r["value"]), key=lambda r: float(r["value"]))}
    for r in folds:
        if best.get(r["output"]) == r["day"]:
            told.setdefault(r["output"], {})[label(r["arm"])] = ranged(r)
    arms = list(dict.fromkeys(label(r["arm"]) for r in folds))
    rows = tuple((output, best[output], *(own.get(arm, "-") for arm in arms)) for output, own in told.items())
    return Numbers(("output", "day", *(f"{arm}, fold" for arm in arms)), rows, (said,) * bool(rows))


def _labels(result: Result) -> Callable[[str], str]:
    """What an arm is called, by its name."""
    arms = result.record.get("arms")
    own = {name: str(arm.get("label", name)) for name, arm in arms.items()} if isinstance(arms, dict) else {}
    return lambda name: own.get(name, name)


def _found(result: Result) -> Numbers:
    """Regimens from one end of the front to the other, with every goal."""
    listed = [row for row in _table(result, "front.csv", "listed", "schedule") if row["listed"]]
    goals = [key for key in (listed[0] if listed else ()) if "[" in key]
    last = len(listed) - 1
    shown = [listed[k] for k in sorted({round(n * last / (MOST - 1)) for n in range(MOST)})] if listed else []
    rows = tuple((row["schedule"], *(short(row[key]) for key in goals)) for row in shown)
    return Numbers(("regimen", *goals), rows, ("All regimens found stand under Results.",) * bool(rows))


def _indices(result: Result) -> Numbers:
    """The two parameters that matter most for each quantity."""
    named = ("quantity", "parameter", "index", "value", "low", "high", "rank")
    found = [r for r in _table(result, "indices.csv", *named) if r["rank"] in ("1", "2")]
    total = [r for r in found if r["index"] == "total"]
    told: dict[tuple[str, str], Row] = {}
    for r in total or found:
        told.setdefault((r["quantity"], r["rank"]), (r["quantity"], r["rank"], r["parameter"], r["index"], ranged(r)))
    rows = tuple(row for _, row in sorted(told.items()))
    return Numbers(("quantity", "rank", "parameter", "index", "value, 95 % interval"), rows)


def _hits(result: Result) -> Numbers:
    counts: dict[str, list[int]] = {}
    for row in _table(result, "predictions.csv", "study", "inside"):
        one = counts.setdefault(row["study"], [0, 0, 0])
        one[("yes", "no", "").index(row["inside"])] += 1
    return Numbers(("study", "hits", "misses", "not judged"), tuple((s, *map(str, n)) for s, n in counts.items()))


def _checked(result: Result) -> Numbers:
    found = _table(result, "check.csv", "output", "observations", "share_outside", "as_expected", "stratum", "form")
    head = ("output", "form", "stratum", "observations", "share outside the 90 % interval", "as expected")
    keys = ("output", "form", "stratum", "observations", "share_outside", "as_expected")
    shown = [r for r in found if r["output"] == "all"] or found[:MOST]
    return Numbers(head, tuple(tuple(short(r[k]) for k in keys) for r in shown))


def _pivoted(cells: Sequence[Row], first: str, said: str) -> Numbers:
    """One row a regimen or arm, one column a quantity, of the first quantities."""
    names = list(dict.fromkeys(quantity for _, quantity, _ in cells))[:MOST]
    told: dict[str, dict[str, str]] = {}
    for who, quantity, value in cells:
        told.setdefault(who, {})[quantity] = value
    rows = tuple((who, *(own.get(n, "-") for n in names)) for who, own in told.items())
    return Numbers((first, *names), rows, (said,) * bool(rows))


_OWN: Mapping[str, Callable[[Result], Numbers]] = {
    "fit": _fitted,
    "profile": _fitted,
    "comparison": _compared,
    "population": _population,
    "trial": _trial,
    "optimisation": _found,
    "sensitivity": _indices,
    "prediction": _hits,
    "vpc": _checked,
}
