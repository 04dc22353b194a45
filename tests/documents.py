"""Valid documents of every kind, the readers of each kind, and what it takes to change one place in a document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tomli_w

from pkpd.dosing.library import read_schedules
from pkpd.errors import PkpdError
from pkpd.output.provenance import read_record, write_results
from pkpd.parameters import load_parameters
from pkpd.references import load_references
from pkpd.studies.study import load_study
from pkpd.trials.record import from_record, to_record
from pkpd.trials.run import Options, study_run

Place = tuple[str | int, ...]

ASSUMED = {"meaning": "of a test", "basis": "assumed", "source": "assumed"}
TREG = {
    "value": 20,
    "unit": "cells/uL",
    **ASSUMED,
    "where": "here",
    "bounds": [3, 200.5],
    "spread": 0.4,
    "note": "none",
}
BSA = {"value": 1.6, "unit": "m2", **ASSUMED, "basis": "measured", "source": ["he2020", "seelig2018"]}
# a valid document of every kind, with every key that may stand in it
VALID: dict[str, dict[str, Any]] = {
    "parameters": {"kind": "parameters", "model": "il2_minimal", "treg_baseline": TREG, "bsa": BSA},
    "schedules": {
        "kind": "schedules",
        "twice": {"text": "1 MIU daily x2", "meaning": "two", "source": ["he2020"], "where": "here", "note": "none"},
        "none_at_all": {"text": "none", "meaning": "nothing", "source": "assumed", "where": "here"},
    },
    "references": {
        "kind": "references",
        "mine": {
            **{"authors": "A", "title": "T", "journal": "J", "year": 2020, "doi": "10.1/x", "pmid": "1"},
            **{"url": "https://example.org", "note": "none"},
        },
    },
    "study": {
        **{"kind": "study", "name": "mine", "meaning": "of a test", "source": ["he2020"], "population": "none"},
        **{"days": 7.5, "visits": [0, 3.5, 7], "parameters": {"treg_baseline": TREG}},
        "arms": {
            "one": {"label": "One", "n": 10, "schedule": "1 MIU/m2 iv over 2h daily x2", "parameters": {"bsa": BSA}},
            "two": {"schedule": "placebo"},
        },
    },
}
READERS: dict[str, Callable[[Path], object]] = {
    "parameters": load_parameters,
    "schedules": read_schedules,
    "references": load_references,
    "study": load_study,
    "run": lambda path: from_record(read_record(path), path.name),
}


def valid_documents() -> dict[str, dict[str, Any]]:
    """Those documents, and the run.json of that study, made in the current folder."""
    Path("study.toml").write_text(tomli_w.dumps(VALID["study"]))
    run = study_run(load_study("study.toml"), Options(model="il2_minimal", times=(0.0, 1.0, 7.0)))
    write_results("out", {"trajectories.csv": b""}, to_record(run, "pkpd run study.toml", {}))
    return VALID | {"run": json.loads(Path("out/run.json").read_text())}


def store(document: dict[str, Any], kind: str) -> Path:
    """The document as a file."""
    path = Path("mine.json" if kind == "run" else "mine.toml")
    # references are remembered by their path, which holds many contents here
    load_references.cache_clear()
    path.write_text(json.dumps(document) if kind == "run" else tomli_w.dumps(document), "utf-8")
    return path


def reads(path: Path, kind: str) -> bool:
    """Whether a file is read; anything but a value or a PkpdError is an error of the test."""
    try:
        READERS[kind](path)
    except PkpdError as refusal:
        assert str(refusal).strip()
        return False
    return True


def places(value: object, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place in a document with what stands there."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*at, key), child
        yield from places(child, (*at, key))


def changed(document: dict[str, Any], at: Place, value: object) -> dict[str, Any]:
    """A copy with another value at a place, or nothing there for `...`."""
    made: Any = copy.deepcopy(document)
    table = made
    for key in at[:-1]:
        table = table[key]
    if value is ...:
        del table[at[-1]]
    else:
        table[at[-1]] = value
    return dict(made)


def sort(value: object) -> str:
    """What TOML and JSON tell apart."""
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    names = {str: "text", int: "number", float: "number", list: "list", dict: "table"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "time")


# of a run.json, what is needed to repeat the run; the rest tells about it
NEEDED = ("kind", "name", "model", "engine", "tolerances", "side", "visits", "sources", "arms", "times")


def fits(kind: str, at: Place, value: object) -> bool:
    """Whether another sort of value is allowed at a place."""
    if kind == "run" and (at[0] not in NEEDED or at[-1] == "fingerprint" or (at[-1] == "spread" and value is None)):
        return True
    if kind == "run" and at[-2:-1] == ("body",) and value is None:
        return True
    # one source or a list of them
    return at[-1] == "source" and sort(value) in ("text", "list")


def one_of_each(document: dict[str, Any], kind: str) -> list[tuple[Place, Any]]:
    """The places of a document; of a run.json one arm, one parameter, one dose and one time stand for the others."""
    found = [(at, old) for at, old in places(document) if not fits(kind, at, 0)]
    if kind != "run":
        return found
    others = {"two", *document["arms"]["one"]["parameters"]["tables"]} - {"treg_baseline"}
    return [(at, old) for at, old in found if not any(key in others or (isinstance(key, int) and key) for key in at)]
