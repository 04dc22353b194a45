"""README.txt of a PEtab problem: what its numbers are, and what the fit it was written from holds beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ... import __version__
from ...inference.rows.noise import Noise
from ...inference.rows.predictor import Predictor
from ...model.declaration import Model
from ...studies.observation import Observation
from .conditions import Planned
from .measured import LATE
from .tables import Tables

LeftOut = Sequence[tuple[Observation, str]]

_HEAD = """\
PEtab {version} problem of a fit of model {model}, written by pkpd {own}. Research software: not for decisions on the \
care of patients. problem.yaml names the files."""
_TIME = """\
Time is in {time} from day 0 of each course. Every number of the model is in coherent units (dm, pmol, mg, IU, cells, \
{time}), and outputs in units of their own; parameters.tsv is in the units of the model. One unit of the parameter \
file is there:"""
_DOSES = """\
Doses are events of the model: slots, whose time, amount, duration or rate each condition fills in; a slot that a \
condition leaves empty has amount 0 and a time that never comes. Bioavailability and lag are formulas in the model, so \
that they can be estimated. Every dose is {late:g} ms late, so that a row at its time is before it, as blood is drawn; \
a row after a dose is {later:g} ms after the dose's own time. The body sizes that doses per m2 or kg follow are \
already in the amounts."""
_ROWS = """\
Errors are log-normal, with the standard error that noiseParameters states in each row. Counts and levels are in the \
unit of the output; percent changes are written as folds (1 + change / 100), and percentages and ratios as odds \
(percentage / (100 - percentage)), whose log is the logit that the fit counts in. The likelihood is that of the rows \
as written; it differs from the one of the fit by a constant that no parameter moves, and by what follows."""
_SHARED = """\
Not held: what rows share. In pkpd, rows of one study share a shift of their response (log SD {studies:g}, {assays:g} \
of IL-2 levels), rows of one patient another ({patients:g}), counts and percentages their baseline ({baseline:g}), and \
counts of a study with count_scale one more; these are integrated out. PEtab has independent rows, so here these \
shifts are 0: estimates may differ, and their intervals are too narrow, above all where one study has many rows."""
_PRIOR = {
    1: """\
Priors are normal on the scale that is searched (parameterScaleNormal), as in the fit.""",
    2: """\
Priors on logs are log-normal. PEtab 2 takes the density of the value, pkpd that of its log: as distributions they are \
the same, but the most probable value differs, because the log density of the value has - log(value) beside it.""",
}


def notes(
    model: Model, plan: Planned, tables: Tables, predicts: Predictor, noise: Noise, left: LeftOut, version: int
) -> str:
    """The whole text, in lines of at most 100 characters."""
    shifts = {"studies": noise.between_studies, "assays": noise.between_assays}
    shifts |= {"patients": noise.between_patients, "baseline": noise.baseline}
    late = LATE * 86400e3
    parts = [
        _wrapped(_HEAD.format(version=version, model=model.name, own=__version__)),
        _wrapped(_TIME.format(time=model.time)) + "\n" + _listed(_units(plan, predicts)).rstrip(),
        _wrapped(_DOSES.format(late=late, later=2 * late)),
        _wrapped(_ROWS),
        _wrapped(_SHARED.format(**shifts)),
        _wrapped(_PRIOR[version]) if any(p.prior is not None for p in tables.parameters) else "",
        "Conditions:\n" + _listed(f"{c.name}: {c.meaning}" for c in tables.conditions).rstrip(),
        f"Rows held: {len(tables.measurements)}. Rows left out: {len(left)}" + (":\n" if left else "."),
    ]
    text = "\n\n".join(part for part in parts if part)
    return text.rstrip("\n") + "\n" + _listed(f"{r.origin} ({r.output}): {reason}" for r, reason in left)


def _units(plan: Planned, predicts: Predictor) -> Iterator[str]:
    for name, unit in zip(predicts.names, predicts.units.tolist(), strict=True):
        called = plan.called[name]
        also = f" (the value of {name} where no study states its own)" if called != name else ""
        yield f"{called}: {unit!r}{also}"


def _listed(lines: Iterable[str]) -> str:
    return "".join(_wrapped(line, "  ", "    ") + "\n" for line in lines)


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(text, 100, initial_indent=first, subsequent_indent=rest, break_long_words=False)
