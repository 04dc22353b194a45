"""What a model is called and what it is made of, without its equations: all that a simulation needs once its program
is compiled, as plain text and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..parameters import Parameters, read_tables
from .declaration import Model, ParameterDeclaration


@dataclass(frozen=True, slots=True)
class Named:
    """A state or an output: its name, unit and meaning."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class RouteOutline:
    """A way to give the drug: the state that doses of `unit` reach."""

    name: str
    into: str
    unit: str


@dataclass(frozen=True, slots=True)
class RequirementOutline:
    """A relation between parameters, as text: smaller <= larger."""

    smaller: str
    larger: str
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A model without its equations; `fingerprint` tells which equations they are."""

    name: str
    meaning: str
    time: str
    parameters: tuple[ParameterDeclaration, ...]
    defaults: Parameters
    states: tuple[Named, ...]
    routes: tuple[RouteOutline, ...]
    outputs: tuple[Named, ...]
    requirements: tuple[RequirementOutline, ...]
    fingerprint: str

    def to_tables(self) -> dict[str, Any]:
        """The outline as plain tables; `from_tables` reads them back."""
        names = ("parameters", "states", "routes", "outputs", "requirements")
        listed = {key: [asdict(part) for part in getattr(self, key)] for key in names}
        said = {key: getattr(self, key) for key in ("name", "meaning", "time", "fingerprint")}
        values = {"origin": self.defaults.origin, "model": self.defaults.model}
        return said | listed | {"defaults": values | {"tables": self.defaults.to_tables()}}


def outline(model: Model) -> Outline:
    """The outline of a model."""
    return Outline(
        name=model.name,
        meaning=model.meaning,
        time=model.time,
        parameters=model.parameters,
        defaults=model.defaults,
        states=tuple(Named(s.name, s.unit, s.meaning) for s in model.states),
        routes=tuple(RouteOutline(r.name, r.into, r.unit) for r in model.routes),
        outputs=tuple(Named(o.name, o.unit, o.meaning) for o in model.outputs),
        requirements=tuple(RequirementOutline(str(q.smaller), str(q.larger), q.meaning) for q in model.requirements),
        fingerprint=model.fingerprint,
    )


def from_tables(tables: Mapping[str, Any]) -> Outline:
    """The outline behind plain tables; the defaults of a model with a parameter file are read from that file."""
    values = tables["defaults"]
    return Outline(
        name=tables["name"],
        meaning=tables["meaning"],
        time=tables["time"],
        parameters=tuple(ParameterDeclaration(**part) for part in tables["parameters"]),
        defaults=read_tables(values["tables"], values["origin"], values["model"]),
        states=tuple(Named(**part) for part in tables["states"]),
        routes=tuple(RouteOutline(**part) for part in tables["routes"]),
        outputs=tuple(Named(**part) for part in tables["outputs"]),
        requirements=tuple(RequirementOutline(**part) for part in tables["requirements"]),
        fingerprint=tables["fingerprint"],
    )
