"""What the readable evidence allows for the index trial's own regimen: `python scripts/trial_range.py` prints the
calibrated course of Treg, NK and CD56bright, and the range whose fit to all rows and priors is not significantly worse,
and writes both to params/fits/.

The trial's own subset counts could not be read, so this is a prediction of its mean, with no spread between studies.
"""

from __future__ import annotations

from calibrate_reference import FITS, reference_fit

import pkpd
from pkpd.inference.uncertainty.ranges import Range, asked, prediction_range
from pkpd.output.tables import aligned
from pkpd.parameters import Parameters
from pkpd.studies.observation import Course, Observations

QUESTIONS = (("treg", (13.0, 28.0, 84.0)), ("nk", (70.0,)), ("cd56bright", (70.0,)))


def trial() -> Observations:
    """The drug arm of the index trial, without rows."""
    study = pkpd.load_study("he2020")
    arm = next(a for a in study.arms if a.name == "il2")
    own = arm.parameters.over(study.parameters)
    known = Parameters(tuple(t for t in own.tables if t.name != "weight"), own.origin)
    course = Course(study.name, arm.name, arm.schedule_name, arm.schedule, known, known["bsa"].value)
    return Observations((), (course,), origin="he2020")


def ranges() -> list[Range]:
    """The range of every question, from the reference fit."""
    fitted = reference_fit("il2")
    return [
        r for output, days in QUESTIONS for r in prediction_range(fitted, asked(trial(), output, "fold", days, "il2"))
    ]


def table(found: list[Range]) -> str:
    """The ranges as text."""
    rows = [["fold of baseline", "day", "calibrated", "lowest", "highest"]]
    for r in found:
        ends = [f"{end:.2f}" if end is not None else "not found" for end in (r.low, r.high)]
        rows.append([r.observation.output, f"{r.observation.day_from:g}", f"{r.best:.2f}", *ends])
    return aligned(rows)


if __name__ == "__main__":
    said = table(ranges()) + "\n"
    print(said, end="")
    (FITS / "trial_range.txt").write_text(said, encoding="utf-8")
