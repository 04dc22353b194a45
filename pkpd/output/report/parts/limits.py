"""What a result cannot tell, in sentences worked out from its own record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....dosing.given import given
from ....dosing.records import from_records
from ....errors import PkpdError
from ....model.registry import MODELS
from ....parameters import BASES, Parameters, by_hand
from ....trials.clinical.caution import BEYOND, CAUTION
from ....trials.run import PLAIN, Run, RunArm
from ....trials.summary import HIGHEST, USUAL_BSA, beyond_evidence
from ....units import miu
from ..comparison import NO_RANKING

LOWEST = 0.1  # MIU/m2 a day: the smallest dose of low-dose IL-2 behind the parameters
NO_DEVICE = "Research software: no medical device, and no advice on dosing a person."
RANGE = f"Outside about {LOWEST:g} to {HIGHEST:g} MIU/m2 of IL-2 a day the model extrapolates."
INDEX = "he2020"
PREDICTED = (
    "No Treg or NK time course of the index trial (he2020) could be read, so its curves are predicted, not fitted."
)
ONE_PATIENT = "Each curve is one typical patient; differences between patients are not in it."
NO_DRAWS = "No draws of the parameters were used, so nothing here shows how uncertain the typical values are."
_TYPICAL = ("run", "comparison", "optimisation")
_RANKING = ("comparison", "optimisation")
_WITHOUT_DRAWS = ("run", "population", "trial", "comparison", "optimisation", "vpc")

Tables = Mapping[str, Mapping[str, Any]]


def limits(record: Mapping[str, Any], more: Sequence[str] = ()) -> tuple[str, ...]:
    """Sentences on what the result behind a record does not show; `more` are cautions that a caller adds."""
    kind, model = str(record.get("kind", "")), str(_table(record.get("model")).get("name", ""))
    own = list(_sets({k: v for k, v in record.items() if k != "validation"}))
    own = list(_sets(_table(record.get("parameters")).get("fitted"))) or own
    said = [NO_DEVICE, *dict.fromkeys(s for tables in own for s in _resting(tables))]
    said += dict.fromkeys(s for tables in own for s in _changed(tables))
    said += [RANGE, *beyond(record)] if model in MODELS else []
    said += [PREDICTED] if kind != "fit" and _is_index(record) else []
    said += [ONE_PATIENT] if kind in _TYPICAL else []
    said += _uncertain(record, kind, own)
    said += [NO_RANKING] if kind in _RANKING else []
    said += [f"A clinical outcome that follows from cells by a link {CAUTION}; {BEYOND}."] if kind == "trial" else []
    return (*said, *_solved(record), *more)


def caution(record: Mapping[str, Any]) -> str:
    """The one of these sentences that a reader in haste needs most."""
    said = [text for text in limits(record) if text != RANGE]
    for part in ("the model extrapolates", "outside its plausible bounds", CAUTION, NO_RANKING, PREDICTED, ONE_PATIENT):
        if own := [text for text in said if part in text]:
            return own[0]
    return NO_DEVICE


def beyond(record: Mapping[str, Any]) -> list[str]:
    """A sentence for each arm that is given more, or less, in a day than any of the evidence."""
    arms = [arm for name, table in _arms(record).items() if (arm := _arm(name, _table(table)))]
    run = Run("", str(_table(record.get("model")).get("name", "")), tuple(arms), (), (), "", "", PLAIN.tolerances)
    said = [f"{text}." for text in beyond_evidence(run)]
    for arm in arms:
        amounts = [amount / (arm.bsa or USUAL_BSA) for amount in _days(arm).values() if amount > 0]
        if amounts and (least := min(amounts)) * (1 + 1e-9) < LOWEST:
            said.append(f"{arm.name}: {least:.3g} MIU/m2 in a day; below {LOWEST:g} MIU/m2 the model extrapolates.")
    return said


def _days(arm: RunArm) -> dict[int, float]:
    """MIU given on each day."""
    days: dict[int, float] = {}
    for dose in given(arm.schedule, arm.bsa, arm.weight):
        days[int(dose.time)] = days.get(int(dose.time), 0.0) + dose.amount * miu(dose.unit)
    return days


def _arms(record: Mapping[str, Any]) -> Mapping[str, Any]:
    arm = _table(record.get("arm"))
    return {str(arm.get("name", "arm")): arm} if arm else _table(record.get("arms"))


def _arm(name: str, table: Mapping[str, Any]) -> RunArm | None:
    """What an arm is given; None where the record does not say it."""
    body, plan = _table(table.get("body")), _table(table.get("schedule"))
    size = {key: float(v) if isinstance(v := body.get(key), int | float) else None for key in ("bsa", "weight")}
    try:
        schedule = from_records(plan["records"])
        arm = RunArm(name, name, str(plan.get("name", "")), schedule, Parameters((), ""), **size)
        given(arm.schedule, arm.bsa, arm.weight)
    except (PkpdError, KeyError, TypeError):
        return None
    return arm


def _sets(value: object) -> Iterator[Tables]:
    """Every set of parameters in a record, wherever it stands; as plain tables, since they may lie outside bounds."""
    if not isinstance(value, Mapping):
        return
    tables = value.get("tables")
    if isinstance(tables, Mapping) and any("basis" in _table(t) for t in tables.values()):
        yield {str(name): t for name, t in tables.items() if isinstance(t, Mapping)}
        return
    for inner in value.values():
        yield from _sets(inner)


def _resting(tables: Tables) -> Iterator[str]:
    """What the values rest on."""
    bases = [t.get("basis") for t in tables.values()]
    rest = ", ".join(f"{bases.count(basis)} {basis}" for basis in BASES if basis != "assumed")
    count = bases.count("assumed")
    yield (
        f"{count} of {len(bases)} parameter values {'is' if count == 1 else 'are'} assumed, with no source behind "
        + (f"{'it' if count == 1 else 'them'}; the others: {rest}.")
    )


def _changed(tables: Tables) -> Iterator[str]:
    """Values set by hand, and values outside their bounds."""
    for name, t in tables.items():
        where, bounds, value = str(t.get("where", "")), t.get("bounds"), t.get("value")
        if by_hand(where):
            yield f"{name} was {where}; no source stands behind the new value."
        if not (isinstance(bounds, list) and len(bounds) == 2):
            continue
        low, high = bounds
        if all(isinstance(v, int | float) for v in (value, low, high)) and not low <= value <= high:
            shown = f"{value:g} {t.get('unit', '')}".removesuffix(" 1")
            yield f"{name} = {shown} lies outside its plausible bounds {low:g} to {high:g}."


def _is_index(record: Mapping[str, Any]) -> bool:
    plans = {_table(_table(arm).get("schedule")).get("name") for arm in _arms(record).values()}
    sources = record.get("sources")
    return INDEX in {record.get("name"), *plans} or (isinstance(sources, list) and INDEX in sources)


def _uncertain(record: Mapping[str, Any], kind: str, own: Sequence[Tables]) -> list[str]:
    """What of the uncertainty is shown, and what is not."""
    draws = _table(record.get("uncertainty")) or _table(record.get("draws"))
    if not draws:
        return [NO_DRAWS] if kind in _WITHOUT_DRAWS else []
    names = [str(head).partition(" [")[0] for head in _table(draws.get("values"))]
    fixed = len(own[0]) - len(names) if own and names else 0
    what = f"{len(names)} parameter{'s' * (len(names) != 1)}" if names else "parameters"
    origin = f" ({draws['origin']})" if draws.get("origin") else ""
    rest = f"the other {fixed} values are held" if fixed > 0 else "all other values are held"
    return [
        f"Ranges hold what draws of {what}{origin} leave open; {rest}, and that another model "
        "might fit the same data, or another study differ, is not in them."
    ]


def _solved(record: Mapping[str, Any]) -> list[str]:
    tolerances = _table(record.get("tolerances"))
    relative, absolute = tolerances.get("relative"), tolerances.get("absolute")
    if not isinstance(relative, int | float) or not isinstance(absolute, int | float):
        return []
    engine = f"the {record['engine']} engine" if isinstance(record.get("engine"), str) else "the solver"
    return [
        f"Each step of {engine} may be off by a share of {relative:g} of a state and by {absolute:g} of its usual "
        "size; digits beyond that mean nothing."
    ]


def _table(value: object) -> Mapping[str, Any]:
    """A table of a record, empty where it is none."""
    return value if isinstance(value, Mapping) else {}
