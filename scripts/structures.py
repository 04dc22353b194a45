"""Competing structures for the Treg plateau, each fitted to the same rows: `python scripts/structures.py` prints what
each predicts, whether the rows separate them, and where their best fits lie farthest apart, and writes it to
params/fits/.

Density feedback, loss of CD122 and growing clearance are parts of `il2` that parameters switch off; feedback on the
loss alone, as the model had it first, is a block of its own here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from calibrate_reference import EVIDENCE, FITS, varied

import pkpd
from pkpd.inference.fitted import Fitted
from pkpd.model.blocks.treg import treg_cycle
from pkpd.model.declaration import Model
from pkpd.model.il2 import BLOCKS
from pkpd.output.tables import aligned

STARTS = 3
# A difference in -2 log likelihood that one more parameter brings by chance in one of twenty.
CHANCE = 3.84
# A pooled analysis saw no significant rise at the trough of the trial's regimen (su2024).
TROUGH = 1.25


def feedback_on_loss(m: pkpd.Builder) -> None:
    """The cycle with drug-free entry that does not fall with the number of Treg."""
    treg_cycle(m, entry_feedback=False)


@dataclass(frozen=True)
class Structure:
    """A way to make the plateau: values that switch parts off, and what is varied besides or no longer."""

    name: str
    changes: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    model: Model | str = "il2"

    def fit(self) -> Fitted:
        """The fit of this structure to the rows of the reference fit."""
        base = pkpd.load_parameters("il2").set("structure", **self.changes)
        names = [n for n in varied("il2") if n not in self.dropped] + list(self.added)
        return pkpd.fit(EVIDENCE, self.model, base, names, settings=pkpd.FitSettings(starts=STARTS))


# Treg then take up no IL-2 of their own, and the other cells as much more as Treg did at rest.
STILL = {"treg_uptake": "0 L/h", "other_uptake": "5.5 L/h"}
# Without any feedback Treg would not come back at all once dosing ends, whatever made the plateau: so much is left.
WEAK = {"treg_feedback": "0.2"}
STRUCTURES = (
    Structure("all three"),
    Structure("density feedback", STILL | {"cd122_loss": "0 1/h"}, ("cd122_loss", "cd122_recovery")),
    Structure("CD122 loss", STILL | WEAK, ("treg_feedback",)),
    Structure(
        "growing clearance",
        WEAK | {"cd122_loss": "0 1/h"},
        ("treg_feedback", "cd122_loss", "cd122_recovery"),
        ("treg_uptake",),
    ),
)


@dataclass(frozen=True)
class Question:
    """A number to compare: an output of a regimen on a day, as fold of rest or over its value on another day, with the
    log standard error that a mean of twenty patients would leave.
    """

    name: str
    regimen: str
    output: str
    day: float
    over: float | None
    log_se: float

    def answer(self, structure: Structure, fitted: Fitted) -> float:
        """What a fitted structure predicts."""
        times = [t for t in (self.day, self.over) if t is not None]
        found = pkpd.simulate(self.regimen, structure.model, fitted.parameters, times=times)
        values = found[self.output]
        return float(values[0] / (values[1] if self.over is not None else found.rest(self.output)))


DAILY = "1 MIU/m2 sc daily x56"
PEAK = 4.3 / 24  # days after a dose at which IL-2 peaks
# Log errors of one sample (counts 0.15, IL-2 0.30, shares 0.15) with a log SD of 0.4 between patients for a response,
# over the root of 20: about 0.1; a ratio to the same patient's first peak has the error of two samples instead.
QUESTIONS = (
    Question("Treg fold, trial, day 13", "he2020", "treg", 13, None, 0.1),
    Question("Treg fold, trial, day 28", "he2020", "treg", 28, None, 0.1),
    Question("Treg fold, daily 1 MIU/m2, day 14", DAILY, "treg", 14, None, 0.1),
    Question("Treg fold, the same, day 56", DAILY, "treg", 56, None, 0.1),
    Question("Treg fold, 4 weeks after its end", DAILY, "treg", 84, None, 0.1),
    Question("IL-2 peak, day 55 over day 0", DAILY, "il2", 55 + PEAK, PEAK, 0.1),
    Question("CD122 per Treg, day 28", DAILY, "cd122", 28, None, 0.1),
    Question("Ki67+ share of Treg, day 28, over rest", DAILY, "ki67_treg", 28, None, 0.1),
)


def main() -> None:
    """Fit every structure and print the comparison."""
    loss_alone = pkpd.build(
        "il2_loss_feedback",
        *(feedback_on_loss if block is treg_cycle else block for block in BLOCKS),
        time="h",
        meaning="il2 with density feedback on the loss alone",
        parameters="il2",
    )
    structures = (*STRUCTURES, Structure("feedback on loss alone", model=loss_alone))
    fits = [s.fit() for s in structures]
    said = f"{table(structures, fits)}\n\n{verdict(structures[:4], fits[:4])}\n"
    print(said, end="")
    (FITS / "structures.txt").write_text(said, encoding="utf-8")


def table(structures: tuple[Structure, ...], fits: list[Fitted]) -> str:
    """One column a structure: how well it fits, and what it predicts."""
    rows = [["", *(s.name for s in structures)]]
    rows.append(["varied parameters", *(str(len(f.names)) for f in fits)])
    rows.append(["cost (rows and priors)", *(f"{f.cost:.2f}" for f in fits)])
    rows.append(["-2 log likelihood", *(f"{f.deviance:.2f}" for f in fits)])
    for q in QUESTIONS:
        rows.append([q.name, *(f"{q.answer(s, f):.2f}" for s, f in zip(structures, fits, strict=True))])
    return aligned(rows)


def verdict(structures: tuple[Structure, ...], fits: list[Fitted]) -> str:
    """Whether the rows separate the structures, and where their best fits lie farthest apart."""
    found = np.array([f.deviance for f in fits])
    said = "do" if np.ptp(found) > CHANCE else "do not"
    lines = [f"The fitted rows {said} separate them: -2 log likelihood differs by {np.ptp(found):.1f} at most."]
    single = [k for k, s in enumerate(structures) if s.name != "all three"]
    apart = {}
    for q in QUESTIONS:
        logs = sorted(math.log(max(q.answer(structures[k], fits[k]), 1e-3)) for k in single)
        apart[q.name] = min(np.diff(logs)) / (q.log_se * math.sqrt(2))
    best = max(apart, key=lambda name: apart[name])
    lines.append(
        f"Their best fits lie farthest apart in: {best} (neighbours {apart[best]:.1f} standard errors of a mean of "
        "twenty patients apart)."
    )
    lines.append("Fitted again to such a measurement, a structure may still reach it with other values.")
    trough = QUESTIONS[1]
    low = [s.name for s, f in zip(structures, fits, strict=True) if trough.answer(s, f) <= TROUGH]
    lines.append(f"Treg at most {TROUGH:g}-fold before the next cycle, not fitted: {', '.join(low)}.")
    lines.append("Without density feedback as its cause, a power of 0.2 is left of it, so that Treg come back at all.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
