"""The one population that the patients of all arms come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...parameters import Parameter, Parameters
from ...studies.study import UNSAID, Study


def pooled(study: Study) -> tuple[Study, tuple[str, ...]]:
    """The study with the same parameters in all arms, and sentences for the user.

    The study's own parameters hold. One that only arms have holds with the mean of all arms, weighted by patients,
    where every arm has it, and is left out where one has not: randomised patients cannot differ by arm.
    """
    names = dict.fromkeys(name for arm in study.arms for name in arm.parameters if name not in study.parameters)
    said = dict.fromkeys(name for arm in study.arms for name in arm.parameters if name in study.parameters)
    shared, notes = list[Parameter](), list[str]()
    if said:
        listed = ", ".join(said)
        notes.append(f"patients of all arms come from one population, so what arms say of {listed} is not used")
    for name in names:
        if all(name in arm.parameters for arm in study.arms):
            shared.append(_mean(study, name))
        else:
            notes.append(f"{name}: not every arm of {study.name} has it, so the trial uses the model's own value")
    own = Parameters((*study.parameters.tables, *shared), study.parameters.origin, study.parameters.model)
    arms = tuple(replace(arm, parameters=UNSAID) for arm in study.arms)
    return replace(study, parameters=own, arms=arms), tuple(notes)


def _mean(study: Study, name: str) -> Parameter:
    first = study.arms[0].parameters[name]
    tables = [arm.parameters[name] for arm in study.arms]
    if all(table.in_unit(first.unit) == first.value for table in tables):
        return first
    total = sum(arm.n * table.in_unit(first.unit) for arm, table in zip(study.arms, tables, strict=True))
    value = total / sum(arm.n for arm in study.arms)
    return replace(first, value=value, basis=_basis(tables), meaning=f"{first.meaning}; mean of all arms")


def _basis(tables: Sequence[Parameter]) -> str:
    return "assumed" if tables[0].basis == "assumed" else "derived"
