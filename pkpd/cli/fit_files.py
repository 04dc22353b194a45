"""What `pkpd fit` and `pkpd profile` write: the fitted set, tables, figures, and the record of it all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError

if TYPE_CHECKING:
    from ..inference.fitted import Fitted
    from ..inference.uncertainty.draws import Draws
    from ..inference.uncertainty.profiles import Profile
    from ..parameters import Parameter, Parameters
    from .fit_options import Asked

FIT_FILES = ("fitted.toml", "report.txt", "report.html", "draws.csv", "predictions.csv")
PROFILE_FILES = ("profiles.csv", "report.txt")
FIGURES = ("predicted_observed", "courses", "parameters", "starts", "correlations", "profiles")


def check_folder(folder: str, names: tuple[str, ...]) -> None:
    """FileError when the folder, or a file in it, is in the way: before a search that may take hours."""
    from ..output.provenance import check_place

    if Path(folder).exists() and not Path(folder).is_dir():
        raise FileError(f"{folder} is in the way and is not a folder; choose another place with --output")
    check_place(folder, (*names, *(f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg"))))
    _try_to_write(Path(folder))


def _try_to_write(folder: Path) -> None:
    """FileError where no file can be made in the folder; whatever is made on the way is removed again."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    made: list[Path] = []
    try:
        for place in reversed(missing):
            place.mkdir()
            made.append(place)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise FileError(f"{folder} cannot be written to: {error.strerror or error}; choose another --output") from None
    finally:
        for place in reversed(made):
            place.rmdir()


def fitted_file(fitted: Fitted) -> bytes:
    """The fitted set as a parameter file that loads back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fitted.toml"
        within(fitted.parameters).write(path)
        return path.read_bytes()


def within(parameters: Parameters) -> Parameters:
    """A set that can be read back: a value that rounding put beyond its bound lies on it, and bounds that the user's
    own value exceeds reach to it.
    """
    return replace(parameters, tables=tuple(_within(table) for table in parameters.tables))


def _within(table: Parameter) -> Parameter:
    low, high = table.bounds
    if table.basis == "fitted":
        return replace(table, value=min(max(table.value, low), high))
    return replace(table, bounds=(min(low, table.value), max(high, table.value)))


def predictions_file(fitted: Fitted) -> bytes:
    """Every fitted row with its prediction."""
    from ..output.report.fit_rows import judged, predictions_table

    return predictions_table(judged(fitted)).to_csv().encode()


def profiles_file(profiles: tuple[Profile, ...]) -> bytes:
    """Every point of every profile; `rise` is that of the cost above its least."""
    from ..output.tables import Table

    points = [
        (p, value, cost) for p in profiles for value, cost in zip(p.values.tolist(), p.costs.tolist(), strict=True)
    ]
    columns = {
        "parameter": [p.name for p, _, _ in points],
        "unit": [p.unit for p, _, _ in points],
        "value": [value for _, value, _ in points],
        "rise": [cost for _, _, cost in points],
    }
    return Table(tuple(columns.items())).to_csv().encode()


def figure_files(fitted: Fitted, profiles: tuple[Profile, ...] = ()) -> dict[str, bytes]:
    """Every figure of a fit, as PNG and SVG."""
    from ..output.plots.fit import fit_figures
    from ..output.plots.style import images

    return images(fit_figures(fitted, profiles))


def fit_record(
    verb: str, fitted: Fitted, asked: Asked, more: Mapping[str, Any], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """A fit as plain tables for `run.json`: both sets of parameters, the rows and who got what, and every setting."""
    from importlib.metadata import version

    from ..trials.record import digests, head, set_table
    from .run import command_line

    search = fitted.search
    return {
        **head(verb, verb, command_line(), fitted.model, fitted.seed),
        "settings": asdict(asked) | {"noise": asdict(fitted.noise)} | {"lmfit": version("lmfit")} | dict(more),
        "result": {
            "trouble": list(fitted.trouble),
            "cost": fitted.cost,
            "deviance": fitted.deviance,
            "evaluations": search.evaluations,
            "costs": [one.cost for one in search.found],
        },
        "parameters": {
            name: set_table(found) for name, found in (("start", fitted.base), ("fitted", within(fitted.parameters)))
        },
        "observations": observed(fitted),
        "tables": digests({name: data for name, data in files.items() if name.endswith(".csv")}),
    }


def drawn_record(draws: Draws | None) -> dict[str, Any] | None:
    """What `run.json` says of the draws beside it: kind, number, rejections, and what chains say of convergence."""
    if draws is None:
        return None
    told = {"sentence": draws.said, "converged": not draws.doubtful} if draws.said else {}
    return {
        "kind": draws.kind,
        "count": len(draws.values),
        "rejected": draws.rejected,
        "effective": draws.effective,
        **told,
    }


def observed(fitted: Fitted) -> dict[str, Any]:
    """The rows that were fitted and the courses they were sampled in, as plain tables."""
    from ..dosing.records import to_records

    found = fitted.objective.observations
    courses = [
        {
            "study": c.study,
            "arm": c.arm,
            "regimen": c.regimen,
            "schedule": to_records(c.schedule),
            "parameters": c.parameters.to_tables(),
            "body": {"bsa": c.bsa, "weight": c.weight},
        }
        for c in found.courses
    ]
    rows = [{k: v for k, v in asdict(row).items() if v not in (None, "")} for row in found.rows]
    return {"rows": rows, "courses": courses, "count_scale": dict(found.count_scale)}
