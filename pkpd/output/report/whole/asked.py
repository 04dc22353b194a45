"""What a result was asked for, in sentences, from its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .result import Result

KINDS = {
    "run": "A simulated study or schedule",
    "events": "A simulated event table",
    "fit": "A fit of parameters to observations",
    "profile": "Profiles of fitted parameters",
    "prediction": "Predictions of observations, without fitting",
    "population": "A study in virtual patients",
    "trial": "A virtual trial, repeated",
    "comparison": "Regimens side by side",
    "optimisation": "A search for regimens",
    "sensitivity": "A sensitivity analysis",
    "vpc": "A visual predictive check of individual data",
    "export": "Files for another program",
}
SHOWN = 12  # days of visits, and names, in one sentence


def title(result: Result) -> str:
    """`he2020: a simulated study or schedule`."""
    what = KINDS.get(result.kind, result.kind)
    return f"{result.label}: {what[0].lower()}{what[1:]}"


def asked(result: Result) -> list[tuple[str, str]]:
    """Rows of a small table: what, and how it was asked."""
    record = result.record
    rows = [("Kind", KINDS.get(result.kind, result.kind)), ("Named", str(record.get("name", "")))]
    rows.append(("Command", str(record["command"])))
    rows += [("Model", _model(record))] if result.model else []
    rows += [(head, said) for head, said in _common(record) if said]
    rows += [(head, said) for head, said in _OWN.get(result.kind, _nothing)(record) if said]
    return [row for row in rows if row[1]]


def _model(record: Mapping[str, Any]) -> str:
    model = record["model"]
    return f"{model.get('name', '')}, equations with the fingerprint {model.get('fingerprint', '')}"


def _common(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    times, side = record.get("times") or [], record.get("side", "")
    found = [("Patient", str(record.get("patient", "")) or _patients(record))]
    if isinstance(times, list) and len(times) > 1:
        found.append(("Times", f"{len(times)} from day {times[0]:g} to day {times[-1]:g}"))
    found.append(("Visits", _days(record.get("visits"))))
    sides = {"pre": "before a dose at the same time", "post": "after a dose at the same time"}
    found.append(("Samples", sides.get(str(side), "")))
    found.append(("Seed", "" if record.get("seed") is None else str(record["seed"])))
    found.append(("Draws of the parameters", _draws(record)))
    tolerances = record.get("tolerances")
    if isinstance(tolerances, dict):
        both = ", ".join(f"{name} {value:g}" for name, value in tolerances.items())
        found.append(("Solver", f"{record.get('engine', '')}, tolerances: {both}"))
    return found


def _patients(record: Mapping[str, Any]) -> str:
    """The size of who is simulated, arm by arm."""
    arms = record.get("arms")
    if isinstance(record.get("arm"), dict):
        arms = {record["arm"].get("name", ""): record["arm"]}
    if not isinstance(arms, dict):
        return _size(record.get("body"))
    said = {name: _size(arm.get("body")) for name, arm in arms.items()}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {size}" for name, size in said.items() if size)


def _size(body: object) -> str:
    if not isinstance(body, dict):
        return ""
    told = [(body.get("bsa"), "m2"), (body.get("weight"), "kg")]
    return ", ".join(f"{value:g} {unit}" for value, unit in told if isinstance(value, int | float))


def _days(visits: object) -> str:
    if not isinstance(visits, list) or not visits:
        return ""
    shown = ", ".join(f"{day:g}" for day in visits[:SHOWN])
    return f"days {shown}{f' and {len(visits) - SHOWN} more' if len(visits) > SHOWN else ''}"


def _draws(record: Mapping[str, Any]) -> str:
    own, drawn = record.get("uncertainty"), record.get("draws")
    if isinstance(own, dict) and isinstance(values := own.get("values"), dict) and values:
        count = len(next(iter(values.values())))
        return f"{count} of {len(values)} parameters ({own.get('origin', '')})"
    if isinstance(drawn, dict):
        return f"{drawn.get('count', '')} ({drawn.get('origin') or drawn.get('kind', '')})"
    return ""


def _settings(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a fit was asked."""
    own = record.get("settings") or {}
    return [
        ("Data", _names(own.get("studies"))),
        ("Parameters fitted", _names(own.get("vary"))),
        ("Priors", "used" if own.get("priors") else "not used"),
        ("Search", f"{own.get('method', '')}, {own.get('starts') or 1} starts, lmfit {own.get('lmfit', '')}"),
        ("Log SD between studies", f"{own['between_studies']:g}, assumed" if "between_studies" in own else ""),
    ]


def _replicates(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    sizes = [f"{a.get('label', n)}: {a.get('patients')}" for n, a in record.get("arms", {}).items()]
    return [("Replicates", str(record.get("replicates", ""))), ("Patients in an arm", "; ".join(sizes))]


def _searched(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Goals", _names(record.get("goals"))),
        ("Limits", _names(record.get("constraints"))),
        ("Ranges", _names(record.get("ranges"))),
        ("Days", f"{record['days']:g}" if "days" in record else ""),
        ("Candidates tried", str((record.get("result") or {}).get("candidates", ""))),
    ]


def _varied(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Method", f"{record.get('method', '')}, {record.get('samples', '')} base samples"),
        ("Parameters varied", f"{len(record.get('varied', []))}, over {record.get('over', '')}"),
        ("Quantities", _names(record.get("quantities"))),
    ]


def _checked(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    own = record.get("settings") or {}
    return [("Data", _names(list(record.get("observations", {})))), ("Replicates", str(own.get("replicates", "")))]


def _nothing(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def _names(found: object) -> str:
    if not isinstance(found, list | tuple):
        return ""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(map(str, found[:SHOWN])) + more


_OWN: dict[str, Callable[[Mapping[str, Any]], list[tuple[str, str]]]] = {
    "fit": _settings,
    "profile": _settings,
    "trial": _replicates,
    "population": lambda r: [("Virtual patients in an arm", str(r.get("patients", "")))],
    "comparison": lambda r: [("Days compared", f"{r['horizon']:g}"), ("Quantities", _names(list(r["quantities"])))],
    "optimisation": _searched,
    "sensitivity": _varied,
    "prediction": lambda r: [("Data", _names(list(r.get("observations", {}))))],
    "vpc": _checked,
}
