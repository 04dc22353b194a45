"""What the notes and the annotation of a whole exported model say."""

from __future__ import annotations

from collections.abc import Sequence

from ... import __version__
from ...model.declaration import Model, Route
from ...parameters import Parameters
from .formulas import formula_text
from .mathematics import Mathematics
from .words import annotation, inner, notes

_UNITS = (
    "Every value is in coherent units, so that equations need no conversion factor: lengths in dm, volumes in dm3 "
    "(litres), substances in pmol, masses in mg, activity in IU, cells by number, and time in {time}. Outputs are in "
    "units of their own. SBML has no unit of biological activity: the units named IU and cell are both its item. The "
    "notes and the annotation of a parameter give its value and unit as in its source."
)
_LEFT_OUT = (
    "Bounds, priors and the spread between patients of parameters, routes of doses and the records behind the events "
    "stand in annotations, which pkpd reads and other tools pass over. The names of flows are left out."
)
_CAUTION = (
    f"Written by pkpd {__version__}, research software: not for decisions on the care of patients. If you use it, "
    "please cite pkpd (CITATION.cff) and the sources named with the parameters."
)


def about(model: Model, parameters: Parameters, more: Sequence[str] = ()) -> str:
    """The notes of the model: what it is, its units, what a steady baseline needs, and what is left out."""
    needs = [f"{q.smaller} <= {q.larger} ({q.meaning})" for q in model.requirements]
    said = [
        f"{model.name}: {model.meaning or 'a model'}. Fingerprint of its equations: {model.fingerprint}. "
        f"Values: {'its own' if parameters.origin == model.defaults.origin else parameters.origin}.",
        *more,
        _UNITS.format(time=model.time),
        f"A steady baseline needs: {'; '.join(needs)}. Nothing in this file enforces that." if needs else "",
        _LEFT_OUT,
        _CAUTION,
    ]
    return notes(said)


def model_annotation(model: Model, maths: Mathematics, schedule: str = "") -> str:
    """The annotation of the model, as `words.annotation` describes it; `schedule` is its element of that name."""
    own = {"name": model.name, "time": model.time, "meaning": model.meaning}
    own |= {"fingerprint": model.fingerprint, "version": __version__}
    routes = "".join(inner("route", _route(r, maths)) for r in model.routes)
    needs = "".join(
        inner(
            "requirement",
            {"smaller": formula_text(maths, q.smaller), "larger": formula_text(maths, q.larger), "meaning": q.meaning},
        )
        for q in model.requirements
    )
    return annotation("model", own, routes + needs + schedule)


def _route(route: Route, maths: Mathematics) -> dict[str, str]:
    parts = ("bioavailability", "lag", "content", "rate", "duration")
    own = {"name": route.name, "into": route.into, "unit": route.unit}
    return own | {part: formula_text(maths, getattr(route, part)) for part in parts}
