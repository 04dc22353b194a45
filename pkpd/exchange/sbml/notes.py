"""What the notes and the annotation of a whole exported model say."""

from __future__ import annotations

from collections.abc import Sequence

from ... import __version__
from ...model.declaration import Model
from ...parameters import Parameters
from .words import annotation, inner, notes

_UNITS = (
    "Every value is in coherent units, so that equations need no conversion factor: lengths in dm, volumes in dm3 "
    "(litres), substances in pmol, masses in mg, activity in IU, cells by number, and time in {time}. Outputs are in "
    "units of their own. SBML has no unit of biological activity: the units named IU and cell are both its item. The "
    "notes and the annotation of a parameter give its value and unit as in its source."
)
_LEFT_OUT = (
    "SBML does not hold what pkpd also knows: bounds, priors and the spread between patients of parameters, and the "
    "names of flows."
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


def model_annotation(model: Model) -> str:
    """The annotation of the model, as `words.annotation` describes it."""
    own = {"name": model.name, "time": model.time, "fingerprint": model.fingerprint, "version": __version__}
    routes = "".join(inner("route", {"name": r.name, "into": r.into, "unit": r.unit}) for r in model.routes)
    return annotation("model", own, routes)
