"""What `pkpd check` says of observations: each row as understood, how many there are, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..studies.observation import Observation, Observations

# Rows to print; a cohort of single patients can have thousands.
SHOWN = 40
_WIDEST, _STUDIES = 26, 5
_HEAD = ("line", "who", "regimen", "output", "form", "days", "value", "log SE", "role")


def table_report(path: str | Path, model: str) -> str:
    """Rows, counts and gaps of a CSV file of observations, against a model; PkpdError names file and line."""
    from ..engine.code.library import outline_of
    from ..studies.against import check_against
    from ..studies.library import load_observations

    found = load_observations(path)
    against = outline_of(model)
    gaps = check_against(found, against)
    lines = [f"{summary(found)}; fits model {against.name}", "", *rows_as_read(found.rows)]
    if gaps:
        lines += ["", "missing or to be known:", *(f"  {gap}" for gap in gaps)]
    return "\n".join(lines)


def of_ours(path: str | Path) -> str:
    """What a table written by pkpd is, told by its header; an empty string for any other. PkpdError for wrong draws."""
    from ..inference.uncertainty.draws import read_draws
    from ..output.report.predictions import predictions_csv

    try:
        with Path(path).open("rb") as file:
            header, count = file.readline().decode("utf-8-sig").strip(), sum(bool(line.strip()) for line in file)
    except (OSError, ValueError):
        return ""  # for the reader of observations to say
    if header == predictions_csv(()).decode().strip():
        return f"{_count(count, 'prediction')} of rows, written by pkpd predict or fit; not observations"
    if header.split(",", 1)[0] != "draw" or "[" not in header:
        return ""
    draws = read_draws(path)
    return (
        f"draws of a fit: {_count(len(draws.values), 'draw')} of {', '.join(draws.names)}; --uncertainty takes them, "
        "and they are not observations"
    )


def study_report(path: str | Path, model: str) -> str:
    """How many observations a study has, or an empty string; PkpdError when the model cannot answer one."""
    from ..engine.code.library import outline_of
    from ..studies.against import check_against
    from ..studies.library import load_observations

    found = load_observations(path)
    if not found.rows:
        return ""
    check_against(found, outline_of(model))
    kinds = {f"to {role}": len(found.only(role).rows) for role in ("fit", "check")}
    kinds["design"] = len(found.only("design").rows)
    kinds["without a value"] = sum(row.course >= 0 for row in found.rows) - sum(kinds.values())
    kinds["without a prediction"] = sum(row.course < 0 for row in found.rows)
    listed = ", ".join(f"{n} {kind}" for kind, n in kinds.items() if n)
    return f"{_count(len(found.rows), 'observation')} ({listed})"


def summary(found: Observations) -> str:
    """Rows, studies, patients, dose levels and outputs in one line."""
    from ..studies.against import dose_levels

    ids = len({(row.study, row.id) for row in found.rows if row.id})
    levels = dose_levels(found, found.rows)
    outputs = ", ".join(dict.fromkeys(row.output for row in found.rows))
    studies = _count(len(found.studies), "study", "studies")
    named = ", ".join(found.studies[:_STUDIES]) + (", ..." if len(found.studies) > _STUDIES else "")
    parts = [_count(len(found.rows), "row"), f"{studies} ({named})"]
    parts += [_count(ids, "id")] if ids else []
    parts += [_count(len(levels), "dose level") + (f" ({', '.join(levels)})" if levels else "")]
    return "; ".join([*parts, f"outputs {outputs}"])


def rows_as_read(rows: Sequence[Observation]) -> list[str]:
    """An aligned table of the first rows, and how many more there are."""
    cells = [_HEAD, *(_cells(row) for row in rows[:SHOWN])]
    widths = [max(len(row[k]) for row in cells) for k in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return lines + ([f"... and {len(rows) - SHOWN} more rows"] if len(rows) > SHOWN else [])


def _cells(row: Observation) -> tuple[str, ...]:
    who = "/".join(part for part in (row.study, row.arm, row.id) if part)
    return (
        row.origin.rpartition(" ")[2],
        _short(who),
        _short(row.regimen or "-"),
        row.output,
        row.form,
        _days(row),
        _value(row),
        _error(row),
        row.role,
    )


def _days(row: Observation) -> str:
    window = f"{row.day_from:g}" + (f"-{row.day_to:g}" if row.day_to > row.day_from else "")
    said = [window, "" if row.timing == "point" else row.timing, "" if row.side == "pre" else "after the dose"]
    return " ".join(filter(None, said)) + (f" of {_count(len(row.visits), 'visit')}" if row.visits else "")


def _value(row: Observation) -> str:
    if row.value is None:
        return "none"
    unit = row.unit or ("%" if row.form in ("percent", "percent_change") else "")
    bound = f"{row.bound} " if row.bound in "<>" else ""
    return f"{bound}{row.value:g} {unit}".removesuffix(" 1").rstrip()


def _error(row: Observation) -> str:
    """The log SE that a fit gives the row and where it comes from; a dash where it has no number to predict."""
    from ..inference.rows.noise import Noise, observed_link, standard_error

    if row.value is None or row.course < 0 or not math.isfinite(observed_link(row.form, row.value)):
        return "-"
    se, origin = standard_error(row, Noise())
    return f"{se:.2g} {origin}"


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"
