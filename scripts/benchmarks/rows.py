"""What is measured: rows of the tables, and how thoroughly."""

from __future__ import annotations

from dataclasses import dataclass

from .timing import Times

AS_ASKED, MATCHED = "rtol 1e-6", "error matched"


@dataclass(frozen=True)
class Row:
    """One engine under one setting on one case. Without times it says why not in `note`; times are of one patient."""

    case: str
    engine: str
    setting: str
    rtol: float | None = None
    error: float | None = None
    times: Times | None = None
    note: str = ""


@dataclass(frozen=True)
class Effort:
    """How thoroughly to measure; `slices` says how many patients of the population an engine simulates."""

    patients: int
    known: int
    repeats: int
    budget: float
    per_decade: int
    quick: bool

    def slice(self, engine: str) -> int:
        """Patients of the population that an engine is given: all of them only if it is fast."""
        if engine == "scipy LSODA":  # as written for one patient only
            return 0
        if engine.startswith(("pkpd", "heyoka")):
            return self.patients
        return (0 if self.quick else self.known) if engine.startswith("scipy") else 2 * self.known


FULL = Effort(patients=1000, known=8, repeats=7, budget=6.0, per_decade=4, quick=False)
QUICK = Effort(patients=256, known=2, repeats=3, budget=0.6, per_decade=2, quick=True)
