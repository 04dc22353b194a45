"""A number with unit, meaning, source and bounds; a frozen set of them; file in, file out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .data import find, only_keys, read_toml
from .errors import FileError, ParameterError, UnitError, nearest
from .references import load_references
from .units import amount, factor, same_dimension, unit

_OURS = {"name", "origin"}  # what a table does not say itself
AVERAGES = ("median", "mean")
BASES = ("measured", "derived", "fitted", "assumed")
_SET = re.compile(r"set to \S.* by \S.*; was ")  # how `Parameter.changed` begins the `where` of a new value
FIT = "fit of "  # how the source of a fitted value begins that names a fit and its data instead of a reference


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value in its source's own unit.

    `source` holds keys of references.toml, or the one word "assumed", or of a fitted value also "fit of MODEL to DATA";
    `bounds` are in the same unit as `value`;
    `spread` is the between-patient SD of the log, dimensionless; `prior` is what is known apart from the rows of a fit:
    the median, in the same unit, and the SD of the log (mean and SD where the lower bound is not above 0).
    `correlation` is that of the logs between patients, with other parameters by name; `occasion` the SD of the log
    between the blocks of doses of one patient. `average` says what of patients the value is, their "median" or their
    "mean"; `origin` is the file and table, or who changed it.
    """

    name: str
    value: float
    unit: str
    meaning: str
    basis: str
    source: tuple[str, ...]
    where: str = ""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    spread: float | None = None
    prior: tuple[float, float] | None = None
    note: str = ""
    origin: str = field(default="", compare=False)
    correlation: tuple[tuple[str, float], ...] = ()
    occasion: float | None = None
    average: str = "median"

    def in_unit(self, target: str) -> float:
        """The value in another unit; ParameterError when it does not convert."""
        try:
            return self.value * factor(self.unit, target)
        except UnitError as error:
            raise ParameterError(f"{self.origin or self.name}: {self.name} = {self.text}, but {error}") from None

    def changed(self, text: str | float, by: str) -> Parameter:
        """A copy with another value (`"12 pM"`, or a number in this unit), saying who changed it and from what."""
        where = f"{by} {self.name}"
        try:
            value, given = amount(text) if isinstance(text, str) else (_finite(text), "1")
            value *= factor(self.unit if given == "1" else given, self.unit)
        except UnitError as error:
            raise ParameterError(f"{where}: '{text}' is not in a unit like {self.unit} ({error})") from None
        if not math.isfinite(value):
            raise ParameterError(f"{where}: {text!r:.40} is not a finite number")
        origin = f"set to {value:g} {self.unit} by {by}; was {self.text} ({', '.join(self.source)})"
        return replace(self, value=value, basis="assumed", source=("assumed",), where=origin, origin=where)

    @property
    def text(self) -> str:
        """The value with its unit, as `changed` reads it: `10 pM`, or `0.4` for a plain number."""
        return f"{self.value:g} {self.unit}".removesuffix(" 1")

    def centre(self, spread: float) -> float:
        """The median of patients whose logs have this SD, in this unit: below the value where that is their mean."""
        return self.value * math.exp(-(spread**2) / 2) if self.average == "mean" else self.value

    @property
    def outside(self) -> bool:
        """Whether the value lies outside its plausible bounds."""
        return not self.bounds[0] <= self.value <= self.bounds[1]


@dataclass(frozen=True, slots=True)
class Parameters(Mapping[str, Parameter]):
    """Parameters by name, with the file or call they come from."""

    tables: tuple[Parameter, ...]
    origin: str
    model: str = ""

    def __getitem__(self, name: str) -> Parameter:
        for table in self.tables:
            if table.name == name:
                return table
        raise ParameterError(f"there is no parameter '{name}' in {self.origin}{nearest(name, self)}")

    def __contains__(self, name: object) -> bool:
        return any(table.name == name for table in self.tables)

    def __iter__(self) -> Iterator[str]:
        return (table.name for table in self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def set(self, by: str = "set", /, **values: str | float) -> Parameters:
        """A copy with some values changed: `parameters.set(treg_ec50="12 pM")`; ParameterError for an unknown name
        or unit.
        """
        for name, value in values.items():
            changed = self[name].changed(value, by)
            self = replace(self, tables=tuple(changed if t.name == name else t for t in self.tables))
        return self

    def over(self, other: Parameters) -> Parameters:
        """This set, completed from `other`: parameters it lacks, bounds and variation that its tables do not say."""
        own = tuple(_completed(t, other[t.name]) if t.name in other else t for t in self.tables)
        extra = tuple(t for t in other.tables if t.name not in self)
        order = {name: i for i, name in enumerate(other)}
        merged = sorted(own + extra, key=lambda t: order.get(t.name, len(order)))
        return Parameters(tuple(merged), self.origin, self.model or other.model)

    def sources(self) -> tuple[str, ...]:
        """Every reference key in use, sorted, without "assumed" and without fits."""
        keys = {key for t in self.tables for key in t.source if not key.startswith(FIT)}
        return tuple(sorted(keys - {"assumed"}))

    def count(self) -> dict[str, int]:
        """How many values are measured, derived, fitted and assumed."""
        return {basis: sum(t.basis == basis for t in self.tables) for basis in BASES}

    def to_tables(self) -> dict[str, dict[str, Any]]:
        """Plain tables, as a parameter file or `run.json` holds them."""
        return {
            t.name: {k: _plain(k, v) for k, v in asdict(t).items() if k not in _OURS and _said(v)} for t in self.tables
        }

    def write(self, path: str | Path) -> None:
        """Write a parameter file that `load_parameters` reads back to the same values."""
        import tomli_w

        head = {"kind": "parameters"} | ({"model": self.model} if self.model else {})
        try:
            Path(path).write_text(tomli_w.dumps(head | self.to_tables()), encoding="utf-8")
        except OSError as error:
            raise FileError(f"{path} cannot be written: {error.strerror or error}") from None


def _completed(table: Parameter, other: Parameter) -> Parameter:
    own = _with_bounds(table, other)
    spread = other.spread if own.spread is None else own.spread
    occasion = other.occasion if own.occasion is None else own.occasion
    return replace(own, spread=spread, occasion=occasion, correlation=own.correlation or other.correlation)


def _with_bounds(table: Parameter, other: Parameter) -> Parameter:
    if table.bounds != (-math.inf, math.inf) or not same_dimension(other.unit, table.unit):
        return table
    low, high = (bound * factor(other.unit, table.unit) for bound in other.bounds)
    return replace(table, bounds=(low, high))


def _said(value: object) -> bool:
    return value not in (None, "", (), "median", (-math.inf, math.inf))


def _plain(key: str, value: object) -> object:
    if key == "correlation" and isinstance(value, tuple):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def load_parameters(name_or_path: str | Path) -> Parameters:
    """A parameter file by its built-in name (`"il2"`) or path; errors name the file, the table and the nearest
    valid name.
    """
    path = find(name_or_path, "parameters")
    document = dict(read_toml(path, "parameters"))
    model = document.pop("model", "")
    if not isinstance(model, str):
        raise ParameterError(f"{path.name}: model is the name of a model, not {model!r}")
    return read_tables(document, path.name, model)


def by_hand(where: str) -> bool:
    """Whether a user set a value for a run, by what its `where` says."""
    return _SET.match(where) is not None


def read_tables(tables: Mapping[str, Any], origin: str, model: str = "", *, bounded: bool = True) -> Parameters:
    """Parameters from plain tables; every error names `origin`. `bounded` refuses values outside their bounds, which a
    record may hold, since a user may set them.
    """
    read = (_read_table(name, table, f"{origin} [{name}]", bounded) for name, table in tables.items())
    return Parameters(tuple(read), origin, model)


def _read_table(name: str, table: Any, where: str, bounded: bool) -> Parameter:
    if not isinstance(table, Mapping):
        raise ParameterError(f"{where}: a parameter is a table with value, unit and meaning, not {table!r}")
    allowed = {f.name for f in fields(Parameter)} - _OURS
    only_keys(table, allowed, ("value", "unit", "meaning", "basis", "source"), where)
    if (average := table.get("average", "median")) not in AVERAGES:
        raise ParameterError(f"{where}: average is {' or '.join(AVERAGES)}, not {average!r:.40}")
    for key in ("unit", "meaning", "basis", "where", "note"):
        if not isinstance(table.get(key, ""), str):
            raise ParameterError(f"{where}: {key} is text, not {table[key]!r}")
    try:
        unit(table["unit"])
    except UnitError as error:
        raise ParameterError(f"{where}: {error}") from None
    value = _number(table["value"], "value", where)
    read = dict(table) | {"value": value, "bounds": _bounds(table, value, where, bounded)}
    read |= {key: _deviation(table, key, where) for key in ("spread", "occasion")}
    read |= {"prior": _prior(table, read["bounds"], where), "correlation": _correlation(name, table, where)}
    return Parameter(**read | {"name": name, "source": _source(table, where), "origin": where})


def _number(value: Any, key: str, where: str) -> float:
    if math.isnan(number := _finite(value)):
        raise ParameterError(f"{where}: {key} must be a finite number, found {value!r:.40}")
    return number


def _finite(value: object) -> float:
    """The number, or NaN for what is no finite number (a truth value is none)."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300
    return float(value) if usable else math.nan  # type: ignore[arg-type]


def _bounds(table: Mapping[str, Any], value: float, where: str, bounded: bool) -> tuple[float, float]:
    if "bounds" not in table:
        return (-math.inf, math.inf)
    pair = table["bounds"]
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ParameterError(f"{where}: bounds are two numbers [low, high], found {pair!r}")
    low, high = (_number(v, "each bound", where) for v in pair)
    if low > high or (bounded and not low <= value <= high):
        problem = "are the wrong way round" if low > high else f"leave out the value {value:g}"
        raise ParameterError(f"{where}: bounds [{low:g}, {high:g}] {problem}")
    return (low, high)


def _prior(table: Mapping[str, Any], bounds: tuple[float, float], where: str) -> tuple[float, float] | None:
    if "prior" not in table:
        return None
    pair = table["prior"]
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ParameterError(f"{where}: prior is two numbers, [median, SD of the log], found {pair!r}")
    centre, sd = (_number(v, "each number of prior", where) for v in pair)
    if not sd > 0 or not bounds[0] <= centre <= bounds[1]:
        raise ParameterError(f"{where}: prior [{centre:g}, {sd:g}] needs a median inside the bounds and an SD above 0")
    return (centre, sd)


def _deviation(table: Mapping[str, Any], key: str, where: str) -> float | None:
    if key not in table:
        return None
    if (sd := _number(table[key], key, where)) < 0:
        raise ParameterError(f"{where}: {key} is a standard deviation and cannot be negative, found {sd:g}")
    return sd


def _correlation(name: str, table: Mapping[str, Any], where: str) -> tuple[tuple[str, float], ...]:
    found = table.get("correlation", {})
    if not isinstance(found, Mapping):
        raise ParameterError(f"{where}: correlation is a table such as {{ treg_baseline = 0.5 }}, found {found!r:.40}")
    pairs = tuple((other, _number(value, "each correlation", where)) for other, value in found.items())
    for other, value in pairs:
        if other == name or not -1 < value < 1:
            raise ParameterError(
                f"{where}: a correlation is with another parameter, above -1 and below 1, found {other} = {value:g}"
            )
    return pairs


def _source(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    basis, source = table["basis"], table["source"]
    if basis not in BASES:
        raise ParameterError(f"{where}: basis '{basis}' is none of {', '.join(BASES)}{nearest(basis, BASES)}")
    keys = (source,) if isinstance(source, str) else tuple(source) if isinstance(source, list | tuple) else ()
    if not keys or not all(isinstance(k, str) for k in keys):
        raise ParameterError(
            f"{where}: source is a key of references.toml, a list of keys, or 'assumed', found {source!r}"
        )
    if ("assumed" in keys) != (basis == "assumed") or ("assumed" in keys and len(keys) > 1):
        raise ParameterError(
            f"{where}: basis '{basis}' and source '{', '.join(keys)}' disagree: assumed stands in both or neither"
        )
    known = load_references()
    for key in keys:
        if key != "assumed" and key not in known and not (basis == "fitted" and key.startswith(FIT)):
            raise ParameterError(f"{where}: source '{key}' is not in references.toml{nearest(key, known)}")
    return keys
