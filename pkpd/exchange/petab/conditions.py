"""Courses as conditions: one for every distinct schedule and patient, over the same slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...engine.compile import own_vector
from ...errors import InferenceError
from ...inference.rows.predictor import Predictor
from ...model.declaration import Model, Route
from ...model.outline import outline
from ...parameters import Parameters
from .measured import Measured
from .slots import Entry, Slot, entries, filled, routes, slots
from .tables import Cell, Condition


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """Conditions, and which of them each row was measured in; the slots they fill, and what fills none.

    `called` is what each varied parameter is called in the problem: its own name, or another one where some study
    states it of its own patients and conditions therefore say which of the two holds.
    """

    conditions: tuple[Condition, ...]
    of_row: Mapping[int, str]
    slots: tuple[Slot, ...]
    routes: Mapping[str, Route]
    empty: Mapping[str, float]
    called: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """What a condition will say: who it is, what is given, and the parameters that differ from the model's."""

    meaning: str
    given: tuple[Entry, ...]
    own: Mapping[str, float]
    moved: frozenset[str]
    rows: tuple[int, ...]


def planned(predicts: Predictor, held: Sequence[Measured], model: Model, base: Parameters) -> Planned:
    """Conditions for the courses that `held` rows were measured in; PkpdError where doses do not fit the model, or a
    varied parameter is stated by every study.
    """
    known, names = routes(model), [d.name for d in model.parameters]
    whole = dict(zip(names, own_vector(outline(model), base), strict=True))
    courses = _courses(predicts, held, model, known)
    called = {name: _called(name, courses) for name in predicts.names}
    listed = slots(c.given for c in courses)
    columns = [n for n in names if _differs(n, whole, courses, called)]
    found: dict[tuple[tuple[str, Cell], ...], list[_Course]] = {}
    for course in courses:
        own = {n: called[n] if n in course.moved else course.own[n] for n in columns}
        values: dict[str, Cell] = {**filled(course.given, listed), **own}
        found.setdefault(tuple(values.items()), []).append(course)
    conditions: list[Condition] = []
    of_row: dict[int, str] = {}
    for k, (said, alike) in enumerate(found.items(), 1):
        meaning = "; ".join(dict.fromkeys(c.meaning for c in alike))
        conditions.append(Condition(f"course_{k}", meaning, dict(said)))
        of_row |= {number: f"course_{k}" for c in alike for number in c.rows}
    return Planned(tuple(conditions), of_row, listed, known, filled((), listed), called)


def _courses(
    predicts: Predictor, held: Sequence[Measured], model: Model, known: Mapping[str, Route]
) -> Sequence[_Course]:
    days = {m.number: m.day for m in held}
    names, found = [d.name for d in model.parameters], []
    for course in predicts.courses:
        rows = tuple(number for number in course.numbers if number in days)
        if not rows:
            continue
        given = entries(course.sampling.course.schedule, course.size, max(days[n] for n in rows), model, known)
        own = dict(zip(names, course.own.tolist(), strict=True))
        moved = frozenset(names[place] for _, place in course.moved)
        of = course.sampling.course
        meaning = ", ".join(filter(None, (of.study, of.arm, of.regimen)))
        found.append(_Course(meaning, given, own, moved, rows))
    return found


def _called(name: str, courses: Sequence[_Course]) -> str:
    following = [name in c.moved for c in courses]
    if not any(following):
        raise InferenceError(f"{name} cannot be varied, because every study states it of its own patients")
    return name if all(following) else f"fitted_{name}"


def _differs(name: str, whole: Mapping[str, float], courses: Sequence[_Course], called: Mapping[str, str]) -> bool:
    if name in called:
        return called[name] != name
    return any(c.own[name] != whole[name] for c in courses)
