"""Studies and cohorts together: rows from several files, each with the course that it was sampled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..data import built_in, kind_of
from ..dosing.schedule import Schedule
from ..errors import FileError, PkpdError, StudyError, nearest
from ..exchange.events.reading import is_event_table
from ..parameters import Parameters
from .against import check_against as check_against
from .cells import Cells, read_cells
from .events import EventReading, event_rows
from .observation import Course, Observation, Observations
from .reading import Frame, Row, is_native, read_native, schedule_of
from .study import Study, read_study

TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    """The rows of one file, what it says of the patients of each arm, and the names of its studies."""

    origin: str
    rows: tuple[Row, ...]
    arms: Mapping[str, Parameters]
    studies: tuple[str, ...]
    count_scale: tuple[tuple[str, float], ...] = ()


def load_observations(*names_or_paths: str | Path, events: EventReading | None = None) -> Observations:
    """The observations of studies and cohorts: built-in names ("he2020"), study files, CSV files, or event tables (read
    as `events` says), in that order.

    A study without a CSV file beside it has none; a CSV file beside a study file is read with it. Every row that can be
    predicted gets its course: who was sampled, what was given, and what the study says of its patients. PkpdError names
    file and line.
    """
    if not names_or_paths:
        raise StudyError("no study or file was named; observations come from at least one")
    files = [_open(name, events or EventReading()) for name in names_or_paths]
    owners: dict[str, str] = {}
    for file in files:
        for name in file.studies:
            if name in owners:
                raise StudyError(f"{file.origin} holds the study '{name}', which {owners[name]} holds too")
            owners[name] = file.origin
    numbers: dict[tuple[object, ...], int] = {}
    courses: list[Course] = []
    rows = tuple(_placed(row, file, numbers, courses) for file in files for row in file.rows)
    scales = tuple(pair for file in files for pair in file.count_scale)
    return Observations(rows, tuple(courses), scales, ", ".join(file.origin for file in files))


def _placed(row: Row, file: _File, numbers: dict[tuple[object, ...], int], courses: list[Course]) -> Observation:
    """The observation with the number of its course, which is added to `courses` where no earlier row had it."""
    o = row.observation
    if o.reason or row.schedule is None:
        return o
    own = row.parameters or file.arms.get(o.arm, Parameters((), file.origin))
    bsa, weight = (
        given if given is not None else own[name].in_unit(unit) if name in own else None
        for name, unit, given in (("bsa", "m2", row.bsa), ("weight", "kg", row.weight))
    )
    # within a file, equal schedules are one object
    key = (o.study, o.arm, id(row.schedule), bsa, weight, id(row.parameters))
    if key not in numbers:
        numbers[key] = len(courses)
        courses.append(Course(o.study, o.arm, o.regimen, row.schedule, own, bsa, weight))
    return replace(o, course=numbers[key])


def _open(name_or_path: str | Path, events: EventReading) -> _File:
    text = str(name_or_path)
    path = Path(text)
    if text in built_in("study") or path.suffix.lower() not in TABLES:
        return _of_study(*read_study(name_or_path))
    beside = path.with_suffix(".toml")
    if _is_study(beside):
        return _of_study(*read_study(beside))
    if not _is_file(path):
        raise FileError(f"the file of observations {text!r:.200} does not exist{_near(path)}")
    if is_event_table(path):
        return _File(path.name, event_rows(path, events), {}, (path.stem,))
    cells = read_cells(path)
    rows = _foreign(cells, path) or read_native(cells, Frame(path.stem))
    studies = tuple(dict.fromkeys(row.observation.study for row in rows))
    return _File(path.name, rows, {}, studies)


def _of_study(study: Study, rows: tuple[Row, ...]) -> _File:
    arms = {arm.name: arm.parameters.over(study.parameters) for arm in study.arms}
    scale = ((study.name, study.count_scale),) if study.count_scale else ()
    return _File(f"the study {study.name}", rows, arms, (study.name,), scale)


def _foreign(cells: Cells, path: Path) -> tuple[Row, ...]:
    """Rows of a file with the columns of another program, empty where they are ours."""
    if is_native(cells.header):
        return ()
    from .foreign.table import is_foreign, read_foreign

    if not is_foreign(cells.header):
        return ()
    known: dict[str, Schedule] = {}
    rows = []
    for o in read_foreign(cells.rows, path.name):
        own = o if o.study else replace(o, study=path.stem)
        schedule = schedule_of(own.regimen, own.origin, known) if own.regimen and not own.reason else None
        reason = own.reason or ("" if schedule else "no regimen is given")
        rows.append(Row(replace(own, reason=reason), schedule))
    # rows that look alike here may be of subgroups, which those columns do not tell apart
    return tuple(rows)


def _is_study(path: Path) -> bool:
    """Whether a study file lies there; a TOML file of another kind, or none of ours, is no business of the table."""
    try:
        return _is_file(path) and kind_of(path) == "study"
    except PkpdError:
        return False


def _is_file(path: Path) -> bool:
    """Whether a path is a file, also for a name that no file system takes."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _near(path: Path) -> str:
    try:
        return nearest(path.name, [p.name for p in path.parent.iterdir() if p.suffix.lower() in TABLES])
    except OSError:
        return ""
