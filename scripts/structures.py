"""Competing structures for the Treg plateau, each fitted to the same rows: `python scripts/structures.py` prints what
each predicts, whether the rows separate them, and which measurement would, and writes it to params/fits/.

A measurement separates two structures when one, fitted again with what the other predicts as one more study, cannot
reach it at little cost. Density feedback, loss of CD122 and growing clearance are parts of `il2` that parameters switch
off; feedback on the loss alone, as the model had it first, is a block of its own here.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

import numpy as np
from calibrate_reference import EVIDENCE, FITS, varied

import pkpd
from pkpd.dosing.library import load_schedule
from pkpd.inference.fitted import Fitted
from pkpd.inference.objective import objective
from pkpd.inference.rows.noise import from_link
from pkpd.inference.rows.predictor import predictor
from pkpd.inference.search.multistart import multistart
from pkpd.inference.search.parallel import each
from pkpd.model.blocks.treg import treg_cycle
from pkpd.model.declaration import Model
from pkpd.model.il2 import BLOCKS
from pkpd.output.tables import aligned
from pkpd.parameters import Parameters
from pkpd.studies.observation import Course, Observation, Observations

STARTS = 3
# A difference in -2 log likelihood that one more parameter brings by chance in one of twenty.
CHANCE = 3.84
# A pooled analysis saw no significant rise at the trough of the trial's regimen (su2024).
TROUGH, TROUGH_SE = 1.25, 0.1
WIDTH = 120


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

    def fit(self, starts: int = STARTS) -> Fitted:
        """The fit of this structure to the rows of the reference fit."""
        base = pkpd.load_parameters("il2").set("structure", **self.changes)
        names = [n for n in varied("il2") if n not in self.dropped] + list(self.added)
        return pkpd.fit(EVIDENCE, self.model, base, names, settings=pkpd.FitSettings(starts=starts))


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

    def rows(self) -> tuple[Observation, ...]:
        """The rows that measure it, their values still to be filled in: a fold, or two levels whose shift is one."""
        row = Observation("new", self.output, "fold", 1.0, regimen=self.regimen, log_se=self.log_se)
        if self.over is None:
            return (replace(row, day_from=self.day, day_to=self.day),)
        # the shift of the assay cancels in their ratio, to which each brings half the variance
        level = replace(row, form="level", unit="pM", log_se=self.log_se / math.sqrt(2))
        return tuple(replace(level, day_from=t, day_to=t) for t in (self.over, self.day))


DAILY = "1 MIU/m2 sc daily x56"
PEAK = 4.3 / 24  # days after a dose at which IL-2 peaks
# Log errors of one sample (counts 0.15, IL-2 0.30, shares 0.15) with a log SD of 0.4 between patients for a response,
# over the root of 20: about 0.1; a ratio to the same patient's first peak has the error of two samples instead.
TRIAL_13, TRIAL_28, DAY_14, DAY_28, DAY_56, AFTER, IL2, CD122, KI67 = QUESTIONS = (
    Question("Treg fold, trial, day 13", "he2020", "treg", 13, None, 0.1),
    Question("Treg fold, trial, day 28", "he2020", "treg", 28, None, 0.1),
    Question("Treg fold, daily 1 MIU/m2, day 14", DAILY, "treg", 14, None, 0.1),
    Question("Treg fold, daily 1 MIU/m2, day 28", DAILY, "treg", 28, None, 0.1),
    Question("Treg fold, daily 1 MIU/m2, day 56", DAILY, "treg", 56, None, 0.1),
    Question("Treg fold, 4 weeks after daily doses", DAILY, "treg", 84, None, 0.1),
    Question("IL-2 peak, day 55 over day 0", DAILY, "il2", 55 + PEAK, PEAK, 0.1),
    Question("CD122 per Treg, day 28", DAILY, "cd122", 28, None, 0.1),
    Question("Ki67+ of Treg, day 28, over rest", DAILY, "ki67_treg", 28, None, 0.1),
)
COUNTS = (DAY_14, DAY_28, DAY_56)
# Whole studies of several measurements in the same twenty patients, each with its own error.
STUDIES = {
    "daily study: Treg on days 14, 28, 56": COUNTS,
    "daily study: Treg, IL-2, CD122, Ki67": (*COUNTS, IL2, CD122, KI67),
}
MEASUREMENTS = {q.name: (q,) for q in QUESTIONS} | STUDIES


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
    single = [f for s, f in zip(STRUCTURES, fits, strict=False) if s.name != "all three"]
    names = [s.name for s in STRUCTURES if s.name != "all three"]
    found = rises(single)
    parts = [
        table(structures, fits),
        filled(separated(fits[: len(STRUCTURES)])),
        filled(EXPLAINED),
        ranking(found, names),
        "\n".join(filled(line) for line in (verdict(found), trough(structures, fits), LEFT)),
    ]
    said = "\n\n".join(parts) + "\n"
    print(said, end="")
    (FITS / "structures.txt").write_text(said, encoding="utf-8")


def table(structures: Sequence[Structure], fits: Sequence[Fitted]) -> str:
    """One column a structure: how well it fits, and what it predicts."""
    rows = [["", *(s.name for s in structures)]]
    rows.append(["varied parameters", *(str(len(f.names)) for f in fits)])
    rows.append(["-2 log likelihood", *(f"{f.deviance:.2f}" for f in fits)])
    for q in QUESTIONS:
        rows.append([q.name, *(f"{q.answer(s, f):.2f}" for s, f in zip(structures, fits, strict=True))])
    return aligned(rows)


def separated(fits: Sequence[Fitted]) -> str:
    """Whether the fitted rows tell the structures apart."""
    apart = float(np.ptp([f.deviance for f in fits]))
    said = "do" if apart > CHANCE else "do not"
    return (
        f"The fitted rows {said} separate them: -2 log likelihood differs by {apart:.1f} at most between all three and "
        "each alone."
    )


def new_study(questions: Sequence[Question]) -> Observations:
    """The rows of one study of these measurements, with one course for each regimen."""
    regimens = list(dict.fromkeys(q.regimen for q in questions))
    courses = tuple(Course("new", "", r, load_schedule(r), Parameters((), "new")) for r in regimens)
    rows = tuple(replace(row, course=regimens.index(row.regimen)) for q in questions for row in q.rows())
    return Observations(rows, courses, (), "new")


def measured(true: Fitted, questions: Sequence[Question]) -> Observations:
    """The study as it would come out without error if the fitted structure were true."""
    study = new_study(questions)
    links = predictor(study, true.model, true.base, true.names).one(true.values)
    rows = (replace(r, value=from_link(r.form, v)) for r, v in zip(study.rows, links.tolist(), strict=True))
    return replace(study, rows=tuple(rows))


def rise(fitted: Fitted, study: Observations) -> float:
    """How much the cost (rows and priors) rises when a structure is fitted again, from its best fit, to this too."""
    own = fitted.objective.observations
    placed = tuple(replace(row, course=row.course + len(own.courses)) for row in study.rows)
    both = Observations((*own.rows, *placed), (*own.courses, *study.courses), own.count_scale, own.origin)
    target = objective(both, fitted.model, fitted.base, fitted.coordinates, fitted.noise)
    return multistart(target.problem, [fitted.x], threads=1).best.cost - fitted.cost


Rises = dict[str, dict[tuple[int, int], float]]


def rises(fits: Sequence[Fitted]) -> Rises:
    """For each measurement and each pair (true, fitted again) the rise in cost."""
    pairs = list(permutations(range(len(fits)), 2))
    tasks = [(name, pair) for name in MEASUREMENTS for pair in pairs]

    def one(task: tuple[str, tuple[int, int]], _: object) -> float:
        name, (true, other) = task
        return rise(fits[other], measured(fits[true], MEASUREMENTS[name]))

    found = each(one, tasks)
    if any(value is None for value in found):
        raise KeyboardInterrupt
    every = dict(zip(tasks, found, strict=True))
    return {name: {pair: float(every[name, pair] or 0.0) for pair in pairs} for name in MEASUREMENTS}


EXPLAINED = (
    "How much the cost (rows and priors) of one rises when it is fitted again with a new study of twenty patients, "
    "which found, without error, what the best fit of another predicts; with error, the difference scatters around the "
    "rise with an SD of twice its root. Each number of that study has its own log standard error "
    "(0.1), and all of one response share a shift between studies (log SD 0.3), which a single count cannot escape; "
    "the two IL-2 peaks share the shift of their assay, so that only their ratio counts."
)
LEFT = "Without density feedback as its cause, a power of 0.2 is left of it, so that Treg come back at all."


def ranking(found: Rises, names: Sequence[str]) -> str:
    """The measurements, the one that separates the structures best first."""
    rows = [["measurement", "smallest rise", "mean", "smallest when this is true", "and this is fitted"]]
    for name, by_pair in sorted(found.items(), key=lambda item: -min(item[1].values())):
        true, other = min(by_pair, key=lambda pair: by_pair[pair])
        least, mean = by_pair[true, other], float(np.mean(list(by_pair.values())))
        rows.append([name, f"{least:z.2f}", f"{mean:z.2f}", names[true], names[other]])
    return aligned(rows)


def verdict(found: Rises) -> str:
    """The measurement that would separate the structures, or that none would."""
    least = {name: min(by_pair.values()) for name, by_pair in found.items()}
    best = max((q.name for q in QUESTIONS), key=lambda name: least[name])
    if least[best] >= CHANCE:
        return (
            f"The measurement that would: {best} (any of the three, if true, raises the cost of the others by at least "
            f"{least[best]:.1f}; {CHANCE} tells them apart)."
        )
    said = (
        f"No single measurement tells every two of them apart, which takes {CHANCE}: at best {least[best]:.1f}, {best}."
    )
    study = max(STUDIES, key=lambda name: least[name])
    if least[study] >= CHANCE:
        # the smallest of the studies that are enough
        study = next(name for name in STUDIES if least[name] >= CHANCE)
        return f"{said} A study of several does: {study} (at least {least[study]:.1f})."
    return f"{said} A study of several does not either: at best {least[study]:.1f}, {study}."


def trough(structures: Sequence[Structure], fits: Sequence[Fitted]) -> str:
    """What it costs each structure that Treg are nearly back before the next cycle, which is not among the rows."""
    study = new_study((TRIAL_28,))
    bounded = replace(study, rows=tuple(replace(r, value=TROUGH, bound="<", log_se=TROUGH_SE) for r in study.rows))
    costs = each(lambda fitted, _: rise(fitted, bounded), list(fits))
    said = ", ".join(f"{cost:.1f} {s.name}" for s, cost in zip(structures, costs, strict=True))
    return (
        f"Treg below {TROUGH:g}-fold on day 28 of the trial, as one more study with a log standard error of "
        f"{TROUGH_SE:g}, raises the cost by: {said}."
    )


def filled(text: str) -> str:
    """The text in lines of the width of the tables."""
    return textwrap.fill(text, WIDTH)


if __name__ == "__main__":
    main()
