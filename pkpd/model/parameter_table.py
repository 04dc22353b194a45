"""Parameters as a table for others: CSV that holds all a parameter file does, and LaTeX with its sources."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..errors import ParameterError, nearest
from ..parameters import FIT, Parameter, Parameters, read_tables
from ..references import Reference, load_references
from .declaration import ParameterDeclaration
from .latex.document import page, table
from .latex.equations import symbol_text
from .latex.text import escape

# `symbol` and `covariate` are the model's and `reference` is for readers; the others say what a parameter file says.
COLUMNS = (
    *("name", "symbol", "value", "unit", "meaning", "basis", "source", "where", "low", "high", "prior", "prior_sd"),
    *("spread", "occasion", "average", "correlation", "covariate", "note", "reference"),
)
_OF_MODEL = {"symbol", "covariate", "reference"}
_TITLES = ("Symbol", "Name", "Value", "Unit", "Meaning", "Basis", "Source")
_WIDTHS = (0.075, 0.175, 0.09, 0.095, 0.265, 0.085, 0.15)


def parameter_csv(
    parameters: Parameters,
    declared: Sequence[ParameterDeclaration] = (),
    references: Mapping[str, Reference] | None = None,
) -> str:
    """Every field of every parameter as CSV text, numbers to the last bit; `parameters_from_csv` reads it back.

    `declared` are the model's declarations, which add symbols and say what is a covariate; `references` the sources by
    key (built in when left out), whose printed text stands in the last column. Several sources are parted by `; `.
    ParameterError for a source that is not among them.
    """
    known = load_references() if references is None else references
    models = {d.name: d for d in declared}
    rows = []
    for p in parameters.tables:
        row = _row(p) | {"reference": " | ".join(str(r) for r in _printed(p, known))}
        if of_model := models.get(p.name):
            row |= {"symbol": of_model.latex, "covariate": str(of_model.covariate).lower()}
        rows.append(row)
    text = io.StringIO()
    # a lone carriage return would be left unquoted, and read back as the end of a line
    returns = any("\r" in cell for row in rows for cell in row.values())
    quoting: Literal[0, 1] = csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def parameters_from_csv(text: str, origin: str, model: str = "") -> Parameters:
    """The parameters of a table that `parameter_csv` wrote, checked as a parameter file is; `origin` is named in every
    error.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    tables: dict[str, dict[str, Any]] = {}
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ParameterError(f"{origin} line {reader.line_num} cannot be read as CSV: {error}") from None
    _check_columns(list(reader.fieldnames or ("",)), origin)
    for line, row in rows:
        where = f"{origin} line {line}"
        if None in row or None in row.values():
            count = "more" if None in row else "fewer"
            raise ParameterError(f"{where}: a row of a parameter table has {count} cells than columns")
        if row["name"] in tables:
            raise ParameterError(f"{where}: parameter '{row['name']}' is given twice")
        tables[row["name"]] = _table(row, where)
    return read_tables(tables, origin, model)


def parameter_latex(
    parameters: Parameters,
    declared: Sequence[ParameterDeclaration] = (),
    references: Mapping[str, Reference] | None = None,
    *,
    fragment: bool = False,
) -> str:
    r"""Symbol, name, value, unit, meaning, basis and source of every parameter, and the printed sources, as LaTeX.

    A document of its own that pdflatex compiles, or, as a `fragment`, what a document with amsmath, array and longtable
    takes in with \input. `declared` and `references` as for `parameter_csv`; a declared parameter without a value says
    so.
    """
    body = parameter_rows(parameters, declared) + "\n" + source_list(parameters, references)
    return body if fragment else page(f"Parameters of {parameters.model or parameters.origin}", body)


def parameter_rows(parameters: Parameters, declared: Sequence[ParameterDeclaration] = ()) -> str:
    """The parameters as a longtable: declared ones in the order of the model, then others."""
    names = list(dict.fromkeys([*(d.name for d in declared), *parameters]))
    models = {d.name: d for d in declared}
    rows = []
    for name in names:
        of_model = models.get(name)
        symbol = symbol_text(of_model.latex) if of_model else ""
        head = (f"${symbol}$" if symbol else "", escape(name, 18))
        if name in parameters:
            rows.append((*head, *_shown(parameters[name], bool(of_model and of_model.covariate))))
        else:
            rows.append((*head, "no value", escape(models[name].unit, 8), "", "", ""))
    return table(_TITLES, _WIDTHS, rows)


def source_list(parameters: Parameters, references: Mapping[str, Reference] | None = None) -> str:
    """The printed sources behind the parameters, in order of key; empty when every value is assumed."""
    known = load_references() if references is None else references
    used = {r.key: r for p in parameters.tables for r in _printed(p, known)}
    if not used:
        return ""
    lines = [f"\\item[{escape(key)}] {escape(_without_key(used[key]))}" for key in sorted(used)]
    return "\n".join((r"\section*{Sources}", r"\begin{description}\raggedright", *lines, r"\end{description}", ""))


def _shown(p: Parameter, covariate: bool) -> tuple[str, ...]:
    meaning = f"{escape(p.meaning)} (covariate)" if covariate else escape(p.meaning)
    sources = "" if p.source == ("assumed",) else ", ".join(escape(s, 15) for s in p.source)
    return _value(p.value), "" if p.unit == "1" else escape(p.unit, 8), meaning, escape(p.basis), sources


def _value(value: float) -> str:
    digits, _, power = f"{value:g}".partition("e")
    return f"${digits} \\cdot\\allowbreak 10^{{{int(power)}}}$" if power else f"${digits}$"


def _without_key(reference: Reference) -> str:
    return str(reference).removeprefix(f"[{reference.key}] ")


def _printed(p: Parameter, known: Mapping[str, Reference]) -> list[Reference]:
    keys = [key for key in p.source if key != "assumed" and not key.startswith(FIT)]
    for key in keys:
        if key not in known:
            where = p.origin or f"parameter '{p.name}'"
            raise ParameterError(f"{where}: source '{key}' is not in references.toml{nearest(key, known)}")
    return [known[key] for key in keys]


def _row(p: Parameter) -> dict[str, str]:
    low, high = (repr(b) if math.isfinite(b) else "" for b in p.bounds)
    prior, prior_sd = (repr(v) for v in p.prior) if p.prior else ("", "")
    texts = {key: getattr(p, key) for key in ("name", "unit", "meaning", "basis", "where", "average", "note")}
    plain = not any(";" in key or key.startswith("[") or key != key.strip() or not key for key in p.source)
    return texts | {
        "value": repr(p.value),
        "source": "; ".join(p.source) if plain else json.dumps(p.source),
        "low": low,
        "high": high,
        "prior": prior,
        "prior_sd": prior_sd,
        "spread": "" if p.spread is None else repr(p.spread),
        "occasion": "" if p.occasion is None else repr(p.occasion),
        "correlation": json.dumps(dict(p.correlation)) if p.correlation else "",
    }


def _table(row: Mapping[str, str], where: str) -> dict[str, Any]:
    """A row as the table of a parameter file."""
    required = ("value", "unit", "meaning", "basis", "source")
    said: dict[str, Any] = {
        key: cell for key, cell in row.items() if key not in _OF_MODEL and (cell or key in required)
    }
    said.pop("name", None)
    for key in ("value", "low", "high", "prior", "prior_sd", "spread", "occasion"):
        if key in said:
            said[key] = _number(said[key], f"{where}, {key}")
    if keys := said.get("source"):
        said["source"] = _json(keys, where) if keys.startswith("[") else keys.split("; ")
    if "correlation" in said:
        said["correlation"] = _json(said["correlation"], where)
    for key, first, second in (("bounds", "low", "high"), ("prior", "prior", "prior_sd")):
        pair = [said.pop(part) for part in (first, second) if part in said]
        if pair:
            said[key] = pair
    return said


def _check_columns(columns: Sequence[str], origin: str) -> None:
    for column in columns:
        if column not in COLUMNS:
            raise ParameterError(f"{origin}: '{column}' is no column of a parameter table{nearest(column, COLUMNS)}")
        if columns.count(column) > 1:
            raise ParameterError(f"{origin}: the column '{column}' is there twice")
    if "name" not in columns:
        raise ParameterError(f"{origin}: a parameter table has no column 'name'")


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"{where}: '{text[:40]}' is not a number") from None


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ParameterError(f"{where}: '{text[:40]}' is not a list or table as JSON") from None
