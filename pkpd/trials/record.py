"""A run written down: tables as CSV, and the record from which it is repeated without any other file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..dosing.dose import SIDES
from ..dosing.records import from_records, to_records
from ..engine import check_engine
from ..engine.code.library import outline_of
from ..engine.tolerances import Tolerances
from ..errors import FileError, PkpdError
from ..inference.uncertainty.draws import write_draws
from ..model.registry import MODELS
from ..output.provenance import digest
from ..output.tables import stack
from ..output.trajectory import Trajectory
from ..parameters import Parameters, read_tables
from ..references import bibliography
from .run import Run, RunArm

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..model.declaration import Model


def csv_files(trajectories: Sequence[Trajectory], wide: bool = False) -> dict[str, bytes]:
    """The tables of a run as files: every output of every arm, and the doses (none for a placebo arm)."""
    tables = [t.wide() if wide else t.table() for t in trajectories]
    doses = stack([t.dose_table() for t in trajectories])
    return {"trajectories.csv": stack(tables).to_csv().encode(), "doses.csv": doses.to_csv().encode()}


def head(
    kind: str, name: str, command: str, model: Model | str, seed: int | None = None, solver: Tolerances | None = None
) -> dict[str, Any]:
    """What every record begins with; `solver` are the tolerances of the compiled engine, where they can be chosen."""
    shape = outline_of(model)
    found = {
        "kind": kind,
        "name": name,
        "command": command,
        "model": {"name": model if isinstance(model, str) else shape.name, "fingerprint": shape.fingerprint},
    }
    if solver is not None:
        found |= {"engine": "compiled", "tolerances": tolerances_table(solver)}
    return found | {"seed": seed}


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """The digest of each table, by the name of its file."""
    return {name: digest(data) for name, data in files.items()}


def tolerances_table(tolerances: Tolerances) -> dict[str, float]:
    """The solver's tolerances."""
    return {"relative": tolerances.relative, "absolute": tolerances.absolute}


def set_table(parameters: Parameters) -> dict[str, Any]:
    """A set of parameters, whole, with where it comes from."""
    return {"origin": parameters.origin, "tables": parameters.to_tables()}


def draws_table(draws: Draws | None) -> dict[str, Any] | None:
    """Which draws were used, None for none; `uncertainty.to_tables` holds their values too."""
    if draws is None:
        return None
    return {"origin": draws.origin, "count": len(draws.values), "digest": digest(write_draws(draws))}


def schedule_table(arm: RunArm) -> dict[str, Any]:
    """The schedule of an arm, as its name and as records."""
    return {"name": arm.schedule_name, "records": to_records(arm.schedule)}


def arm_table(arm: RunArm) -> dict[str, Any]:
    """Who an arm simulates, and what they are given."""
    return {
        "schedule": schedule_table(arm),
        "body": {"bsa": arm.bsa, "weight": arm.weight},
        "parameters": set_table(arm.parameters),
    }


def to_record(run: Run, command: str, tables: Mapping[str, bytes]) -> dict[str, Any]:
    """The run as plain tables for `run.json`: enough to repeat it without any other file, except a user's own model.

    `tables` are the run's own CSV files, whose digests a replay is held against.
    """
    return head("run", run.name, command, run.model, None, run.tolerances) | {
        "engine": run.engine,
        "side": run.side,
        "visits": list(run.visits),
        "sources": list(run.sources),
        "arms": {a.name: {"label": a.label} | arm_table(a) for a in run.arms},
        "times": list(run.times),
        "tables": digests(tables),
    }


def from_record(record: Mapping[str, Any], where: str, model: str = "") -> Run:
    """The run of a `run.json`; FileError when the record is damaged.

    A user's model is a Python file, so it is used only when `model` names it again; whether it is still the same shows
    in the tables it gives.
    """
    try:
        return _run(Reader(record, where), where, model)
    except PkpdError as error:
        said = str(error)
        raise FileError(said if said.startswith(where) else f"{where}: {said}") from None


def _run(read: Reader, where: str, model: str) -> Run:
    asked, tolerances = read.table("model").text("name"), read.table("tolerances")
    if asked not in MODELS and (not model or model in MODELS):
        raise FileError(
            f"{where} was made with the model '{asked}', which is a Python file: name it again with --model to run it"
        )
    if asked in MODELS and model not in ("", asked):
        raise FileError(f"{where} was made with the model {asked}, so it goes with no other --model")
    read.table("model").text("fingerprint")
    run = Run(
        name=read.text("name"),
        model=asked if asked in MODELS else model,
        arms=tuple(_arm(name, read.table("arms").table(name)) for name in read.table("arms").names()),
        times=read.numbers("times"),
        visits=read.numbers("visits"),
        side=read.text("side"),
        engine=read.text("engine"),
        tolerances=Tolerances(tolerances.number("relative"), tolerances.number("absolute")),
        sources=read.texts("sources"),
    )
    check_engine(run.engine)
    bibliography(run.sources)
    if run.side not in SIDES or not run.times or not run.arms:
        raise FileError(f"{where} is damaged: it needs an arm, a time, and a side of {', '.join(SIDES)}")
    return run


class Reader:
    """One table of a record; every value that is not of the sort asked for is refused with its place."""

    def __init__(self, table: object, where: str) -> None:
        if not isinstance(table, Mapping):
            raise FileError(f"{where} is damaged: {table!r:.40} is not a table")
        self._table, self._where = table, where

    def names(self) -> tuple[str, ...]:
        """The keys."""
        return tuple(self._table)

    def value(self, key: str, usable: Callable[[Any], bool], sort: str) -> Any:
        """What stands at a key, if `usable`."""
        if key not in self._table:
            raise FileError(f"{self._where} is damaged: it lacks '{key}'")
        if not usable(value := self._table[key]):
            raise FileError(f"{self._where} is damaged: '{key}' is {value!r:.40}, not {sort}")
        return value

    def table(self, key: str) -> Reader:
        """The table at a key."""
        return Reader(self.value(key, lambda v: isinstance(v, Mapping), "a table"), f"{self._where} [{key}]")

    def text(self, key: str) -> str:
        """The text at a key."""
        return str(self.value(key, lambda v: isinstance(v, str), "a text"))

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts at a key."""
        usable = lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v)  # noqa: E731
        return tuple(self.value(key, usable, "a list of texts"))

    def number(self, key: str) -> float:
        """The finite number at a key."""
        return float(self.value(key, _is_number, "a finite number"))

    def numbers(self, key: str) -> tuple[float, ...]:
        """The list of finite numbers at a key."""
        usable = lambda v: isinstance(v, list) and all(_is_number(x) for x in v)  # noqa: E731
        return tuple(float(x) for x in self.value(key, usable, "a list of finite numbers"))

    def size(self, key: str) -> float | None:
        """The body size at a key, or None."""
        value = self.value(key, lambda v: v is None or (_is_number(v) and v > 0), "a size above 0")
        return None if value is None else float(value)


def _is_number(value: object) -> bool:
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return usable and -1e300 < value < 1e300 and math.isfinite(value)  # type: ignore[operator, arg-type]


def _arm(name: str, table: Reader) -> RunArm:
    plan, body, parameters = table.table("schedule"), table.table("body"), table.table("parameters")
    records = plan.value("records", lambda v: isinstance(v, Mapping), "a table")
    tables = parameters.value("tables", lambda v: isinstance(v, Mapping), "a table")
    return RunArm(
        name,
        table.text("label"),
        plan.text("name"),
        from_records(records),
        read_tables(tables, parameters.text("origin"), bounded=False),
        body.size("bsa"),
        body.size("weight"),
    )
