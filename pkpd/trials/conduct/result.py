"""What a virtual trial found, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...engine.functions import Vector
from ...engine.plan import Whole
from ...errors import SimulationError, nearest
from ...measures import Endpoint
from ...output.tables import Table
from ...parameters import Parameters
from ..adaptive.log import Event
from ..adaptive.rules import Rule
from ..run import RunArm
from .terms import Conduct

Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What the analysis of each replicate found; every array has shape (replicates, arms, visits, outputs).

    `n` patients with a value; `mean` and `sd` of the values in the output's unit; `log_mean` and `log_sd` of the log of
    the fold of each patient's own measured baseline; `p_baseline` of the test that this log is 0 on average (paired t),
    `p_control` of that it is the same as in the control arm (Welch's t), both two-sided. `below` counts values below
    the limit of their assay. NaN where a number cannot be told: too few patients, no spread, no control arm, and the
    tests at the baseline visit itself.
    """

    n: Whole
    mean: Vector
    sd: Vector
    log_mean: Vector
    log_sd: Vector
    p_baseline: Vector
    p_control: Vector
    below: Whole


@dataclass(frozen=True, slots=True, eq=False)
class Attendance:
    """What became of every patient; every array has shape (replicates, patients), patients in order of enrolment.

    `arm` numbers the arms; `left` is the day on which a patient left, NaN for those who stayed to the end; `given` and
    `missed` count doses while the patient was in the trial, and `received` sums the shares of those given (what rules
    held is neither given nor missed); `antibodies` marks treated patients who have them; `failed`
    those who could not be simulated, `redrawn` those who had no steady baseline when first drawn.
    """

    arm: Whole
    left: Vector
    given: Whole
    received: Vector
    missed: Whole
    antibodies: Marks
    failed: Marks
    redrawn: Marks

    @property
    def dropped(self) -> Marks:
        """Who left before the end: not a responder."""
        return np.isfinite(self.left)


@dataclass(frozen=True, slots=True, eq=False)
class Replicate:
    """All data of one replicate, patients in order of enrolment.

    `arm` numbers the arms, shape (patients,). Shape (patients, visits): `days` on which each patient was seen, NaN
    after leaving. Shape (patients, visits, outputs): `levels` that the model gives on those days, `measured` what the
    laboratory reports (half the limit for what is below it), `below` which those are; NaN where nothing was sampled.
    `events` are what rules decided, `id` being the patient's number from 0.
    """

    arm: Whole
    days: Vector
    levels: Vector
    measured: Vector
    below: Marks
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """A patient who could not be simulated: replicate, number and arm, the day (NaN before the first), and why."""

    replicate: int
    patient: int
    arm: str
    day: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class VirtualTrial:
    """A trial run many times. `arms` hold schedule and parameters, the same parameters in all, since the patients of
    all arms come from one population; `sizes` the patients randomised to each; `control` names the arm that the others
    are tested against, "" where there is none.

    `visits` are days as planned, `outputs` what was measured, in `units`. `draw` numbers the drawn set of typical
    values (from 0, of those of `drawn`) that each replicate took, -1 without uncertainty. `exposures` hold endpoints of
    the model's course, without noise, by their name, shape (replicates, patients); NaN for those who failed. `example`
    is the first replicate with all its data. `rules` decided on doses at visits, by the name of their arm. `notes` are
    sentences for the user.
    """

    study: str
    model: str
    seed: int
    replicates: int
    arms: tuple[RunArm, ...]
    sizes: tuple[int, ...]
    control: str
    visits: tuple[float, ...]
    side: str
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    conduct: Conduct
    parameters: Parameters
    drawn: str
    draw: Whole
    statistics: Statistics
    attendance: Attendance
    exposures: Mapping[str, Vector]
    lost: tuple[Lost, ...]
    example: Replicate
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def patients(self) -> int:
        """Patients randomised in each replicate."""
        return sum(self.sizes)

    def exposure(self, endpoint: Endpoint) -> Vector:
        """An endpoint of every patient's course, shape (replicates, patients); SimulationError for one that was not
        asked for.
        """
        if endpoint.name not in self.exposures:
            hint = nearest(endpoint.name, self.exposures) or f"; it has: {', '.join(self.exposures) or 'none'}"
            raise SimulationError(f"the trial holds no '{endpoint.name}'{hint}")
        return self.exposures[endpoint.name]

    def treated(self) -> Marks:
        """Who is in an arm with doses, shape (replicates, patients)."""
        dosing = np.array([any(dose.gives for dose in arm.schedule.doses) for arm in self.arms])
        return np.asarray(dosing[self.attendance.arm])

    def table(self) -> Table:
        """What each replicate found, one row a replicate, arm, visit and output: `rep` (from 1), arm, day, output, n,
        mean, sd, unit, fold (geometric mean), log_sd, p_baseline, p_control, below.
        """
        from .tables import statistics_table

        return statistics_table(self)

    def summary(self) -> Table:
        """Over the replicates, one row an arm, visit and output: arm, day, output, unit, n (median), low, median and
        high (5, 50 and 95 %) of mean, sd, fold (geometric mean) and log_sd, power_baseline and power_control (share of
        replicates with p < 0.05), and below.
        """
        from .tables import summary_table

        return summary_table(self)

    def example_table(self) -> Table:
        """All data of the first replicate, one row a patient, visit and output: rep, arm, id (from 1), time (the day
        the patient came), side, output, value (as measured), unit, visit (the day planned), below, level (of the
        model), fold. Samples not taken have no row.
        """
        from .tables import example_table

        return example_table(self)

    def attendance_table(self) -> Table:
        """Every patient of every replicate: rep, arm, id (both from 1), left, given, missed, antibodies, failed,
        redrawn, and the exposures.
        """
        from .tables import attendance_table

        return attendance_table(self)

    def counts(self) -> Table:
        """One row an arm: arm, label, randomised (in each replicate), replicates, and totals over the replicates:
        dropped, doses_given, doses_missed, antibodies, failed, redrawn, samples, below.
        """
        from .tables import counts_table

        return counts_table(self)
