"""Observations against a model: does it have what was measured, and what do the rows leave open?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..dosing.given import written_out
from ..errors import StudyError, UnitError, nearest
from ..model.outline import Named, Outline
from ..units import factor, same_dimension
from .observation import Observation, Observations

# 1 pM of 15.3 kDa in pg/mL.
_PG_PER_ML = 15.3
# As many are named in a warning.
_NAMED = 4


def check_against(observations: Observations, model: Outline) -> list[str]:
    """What the rows leave open, as sentences, possibly none; StudyError for a row with a course that the model cannot
    answer: an output it lacks, a form that is not the output's, or a unit that does not convert; and for a row to fit
    at the end of its scale, which has no finite logarithm.
    """
    outputs = {o.name: o for o in model.outputs}
    for row in (row for row in observations.rows if row.course >= 0):
        if row.output not in outputs:
            hint = nearest(row.output, outputs) or f"; it has: {', '.join(outputs)}"
            raise StudyError(f"{row.origin}: model {model.name} has no output '{row.output[:40]}'{hint}")
        _check_form(row, outputs[row.output])
        _check_unit(row, outputs[row.output], model.outputs)
    fit = observations.only("fit").rows
    _check_ends(fit)
    warnings = [
        *_unpredicted(observations.rows),
        *_without_value(observations.rows),
        *_dose_levels(observations, fit),
        *_errors(fit),
        *_starts(observations.rows),
        *_sizes(observations, model),
        *_units(fit, outputs),
        *_baselines(observations, fit),
    ]
    return warnings if observations.rows else ["there are no observations"]


def dose_levels(observations: Observations, rows: Sequence[Observation]) -> tuple[str, ...]:
    """The different amounts of one dose that these rows were sampled under, such as `1 MIU` or `0.4 MIU/m2`."""
    levels: list[tuple[float, str, str]] = []
    for course in dict.fromkeys(row.course for row in rows if row.course >= 0):
        for _, _, dose in written_out(observations.courses[course].schedule):
            level = (dose.amount, dose.unit, dose.per)
            if dose.status != "missed" and dose.amount > 0 and not any(_same(level, known) for known in levels):
                levels.append(level)
    return tuple(f"{amount:g} {unit}" + (f"/{per}" if per else "") for amount, unit, per in levels)


def _same(a: tuple[float, str, str], b: tuple[float, str, str]) -> bool:
    try:
        return a[2] == b[2] and abs(a[0] * factor(a[1], b[1]) / b[0] - 1) < 1e-9
    except UnitError:
        return False


def _check_form(row: Observation, output: Named) -> None:
    count = same_dimension(output.unit, "cells/uL")
    needed = {
        "percent": (output.unit == "%", "an output that is a percentage"),
        "ratio": (output.unit == "%", "an output that is a percentage"),
        "count": (count, "an output in cells per volume"),
        "level": (output.unit != "%" and not count, "an output that is neither a count nor a percentage"),
    }
    fits, what = needed.get(row.form, (True, ""))
    if not fits:
        other = "percent" if output.unit == "%" else "count" if count else "level or fold"
        raise StudyError(
            f"{row.origin}: form {row.form} needs {what}, and {output.name} is in '{output.unit}'; its form is {other}"
        )


def _check_unit(row: Observation, output: Named, outputs: Iterable[Named]) -> None:
    if row.form not in ("count", "level") or not row.unit:
        return
    own = _unit(row, output)
    if not same_dimension(row.unit, own):
        others = [o for o in outputs if o.name.startswith(f"{row.output}_") and same_dimension(row.unit, _unit(row, o))]
        hint = f"; '{others[0].name}' is in '{_unit(row, others[0])}'" if others else _conversion(row)
        raise StudyError(f"{row.origin}: {row.output} is in '{own}', and '{row.unit}' does not convert to it{hint}")


def _conversion(row: Observation) -> str:
    """How a number in a common unit of another kind becomes one in that of the model."""
    if row.output == "il2" and row.timing != "area" and same_dimension(row.unit, "pg/mL"):
        picomolar = factor(row.unit, "pg/mL") / _PG_PER_ML
        return f"; 1 pM of IL-2 (15.3 kDa) is 15.3 pg/mL, so times {picomolar:.4g} gives pM"
    return f"; write cells{row.unit[1:]}" if row.form == "count" and row.unit.startswith("1/") else ""


def _unit(row: Observation, output: Named) -> str:
    """The unit that a row of an output has: that of the output, times days for an area."""
    if row.timing != "area":
        return output.unit
    return "d" if output.unit == "1" else f"{output.unit}*d"


def _unpredicted(rows: Sequence[Observation]) -> Iterable[str]:
    reasons = dict.fromkeys(row.reason for row in rows if row.reason)
    for reason in reasons:
        found = [row for row in rows if row.reason == reason]
        yield f"{_rows(found, 'is', 'are')} kept but not predicted: {reason} ({_origins(found)})"


def _without_value(rows: Sequence[Observation]) -> Iterable[str]:
    found = [row for row in rows if row.value is None and row.bound in ("=", ">", "<") and not row.reason]
    if found:
        yield f"{_rows(found, 'has', 'have')} no value: predicted, never fitted ({_origins(found)})"


def _dose_levels(observations: Observations, fit: Sequence[Observation]) -> Iterable[str]:
    if not fit:
        yield "there are no rows to fit"
        return
    levels = dose_levels(observations, fit)
    if not levels:
        yield "no row to fit was sampled under a dose: no response can be learned"
    if len(levels) == 1:
        yield f"one dose level ({levels[0]}): the gain and the EC50 of a response cannot be told apart"


def _errors(fit: Sequence[Observation]) -> Iterable[str]:
    bare = [row for row in fit if not _has_error(row)]
    if bare:
        yield (
            f"{_rows(bare, 'has', 'have')} neither log_se nor a spread with n: the default log SE of 0.25 stands in "
            f"({_origins(bare)})"
        )


def _has_error(row: Observation) -> bool:
    """Whether a standard error follows from the row; a single patient's scatter is not his row's to say."""
    printed = row.spread in ("SE", "CI95") or (row.spread in ("SD", "IQR", "log_SD") and row.n is not None)
    return bool(row.log_se is not None or row.id or printed)


def _check_ends(fit: Sequence[Observation]) -> None:
    least = {"percent_change": -100.0}
    ends = [r for r in fit if r.value == least.get(r.form, 0.0) or (r.form == "percent" and r.value == 100)]
    if ends:
        row, scale = ends[0], "logit" if ends[0].form == "percent" else "log"
        sign = ">" if row.form == "percent" and row.value == 100 else "<"
        others = f" (so are {_origins(ends[1:])})" if len(ends) > 1 else ""
        raise StudyError(
            f"{row.origin}: {row.form} {row.value:g} is at the end of its scale{others}, and a fit refuses it, since "
            f"it has no finite {scale}; write the limit of the assay as value with bound {sign}, or give it "
            "the role check"
        )


def _starts(rows: Sequence[Observation]) -> Iterable[str]:
    """What is relative to the level before the first dose is 1, or 0 %, there."""
    relative = {"fold": 1.0, "percent_change": 0.0}
    found = [
        row
        for row in rows
        if row.course >= 0 and row.form in relative and row.day_to == 0 and row.side == "pre" and row.bound == "="
        if row.value is not None and row.value != relative[row.form]
    ]
    if found:
        yield (
            f"{_rows(found, 'is', 'are')} of day 0 before the dose, where a fold is 1 and a change 0 % by definition: "
            f"no parameter can move it; did you mean another day, or side post? ({_origins(found)})"
        )


def _sizes(observations: Observations, model: Outline) -> Iterable[str]:
    """Doses that follow a size which neither the row nor the study says."""
    for per, name, unit in (("m2", "bsa", "m2"), ("kg", "weight", "kg")):
        if name not in model.defaults:
            continue
        scaled = {
            k
            for k, course in enumerate(observations.courses)
            if (course.bsa if name == "bsa" else course.weight) is None
            and any(dose.per == per for _, _, dose in written_out(course.schedule))
        }
        found = [row for row in observations.rows if row.course in scaled]
        if found:
            size = model.defaults[name].in_unit(unit)
            yield (
                f"{_rows(found, 'has', 'have')} doses per {per} and no {name}: the model's own {size:g} {unit} stands "
                f"in ({_origins(found)})"
            )


def _units(fit: Sequence[Observation], outputs: dict[str, Named]) -> Iterable[str]:
    bare = [r for r in fit if r.form in ("count", "level") and not r.unit and outputs[r.output].unit != "1"]
    for name in dict.fromkeys(row.output for row in bare):
        found = [row for row in bare if row.output == name]
        yield f"{_rows(found, 'gives', 'give')} no unit: {name} is read in {outputs[name].unit} ({_origins(found)})"


def _baselines(observations: Observations, fit: Sequence[Observation]) -> Iterable[str]:
    counts = [row for row in fit if row.form == "count"]
    shown = {_who(row) for row in counts if row.day_to == 0 and row.side == "pre"}
    for name in dict.fromkeys(row.output for row in counts):
        bare = [
            row
            for row in counts
            if row.output == name
            and _who(row) not in shown
            and f"{name}_baseline" not in observations.courses[row.course].parameters
        ]
        who = list(dict.fromkeys(" ".join(filter(None, (row.study, row.arm, row.id))) for row in bare))
        if who:
            yield f"no baseline count of {name} (day 0, before the dose): the model's own stands for {_listed(who)}"


def _who(row: Observation) -> tuple[str, ...]:
    return row.study, row.arm, row.id, row.output


def _rows(rows: Sequence[Observation], one: str, many: str) -> str:
    return f"{len(rows)} row{'' if len(rows) == 1 else 's'} {one if len(rows) == 1 else many}"


def _origins(rows: Sequence[Observation]) -> str:
    return _listed([row.origin for row in rows])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
