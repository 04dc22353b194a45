"""An outcome as a number of a patient, for comparisons in which a link is assumed by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...errors import StudyError, nearest
from ...measures import Endpoint
from ...quantities import Dosed
from ...studies.outcomes import ArmCount, Outcome
from ...studies.study import Study
from ...units import duration
from ..run import PLAIN, Options, sampling_times, simulate_arm, study_run
from .caution import check_assumed
from .link import Anchored, Link, link_of, through


@dataclass(frozen=True, slots=True)
class LinkedQuantity:
    """The chance of a response, used as `quantities.Quantity` is; its label says that it is assumed."""

    name: str
    outcome: Outcome
    link: Link
    curve: Anchored
    sort: str = "linked"

    @property
    def parts(self) -> tuple[Endpoint, ...]:
        """The endpoint that it is made of, none where treatment alone counts."""
        endpoint = self.link.endpoint(self.outcome)
        return (endpoint,) if endpoint else ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that must be simulated for it."""
        return tuple(part.output for part in self.parts)

    @property
    def days(self) -> tuple[float, ...]:
        """Days that must be among the times of the simulation."""
        return tuple(day for part in self.parts for day in (part.start, part.end))

    @property
    def label(self) -> str:
        """What it is, in words."""
        return f"assumed chance of {self.outcome.label}, by {self.link.label}"

    def unit(self, units: Mapping[str, str]) -> str:
        """A plain number."""
        return "1"

    def of(self, times: Vector, values: Mapping[str, Vector], dosed: Dosed) -> Vector:
        """The chance of each patient, shape (patients,), from outputs of shape (patients, times), `times` in days; NaN
        for patients without numbers. SimulationError where days it needs were not simulated.
        """
        measured = [part.of(times, values[part.output]) for part in self.parts]
        return self.at(self.link.exposure(measured[0] if measured else None, dosed.total, self.outcome))

    def at(self, exposures: Vector) -> Vector:
        """The chance at each exposure, of any shape."""
        return self.curve.probabilities(exposures)


def linked_quantity(name: str, link: str, study: Study, reference: Vector) -> LinkedQuantity:
    """The outcome `name` of a study by an assumed link: its curve runs through the observed rates r/n, at none and at
    the `reference` exposures of patients on the study's own regimen, shape (patients,).

    StudyError without a link, for an unknown name or link, for an outcome that is not linked, and as `through`.
    """
    outcome = outcome_of(name, study)
    check_assumed([name], link, study.outcomes)
    found = link_of(link)
    rates = [_rate(count) for count in outcome.arms]
    return LinkedQuantity(outcome.name, outcome, found, through(found, outcome, reference, *rates))


def typical_exposure(name: str, link: str, study: Study, options: Options = PLAIN) -> Vector:
    """The exposure of the typical patient of a study's active arm, shape (1,): a reference of one patient, who gets
    the arm's schedule and the parameters of the options.
    """
    outcome, found = outcome_of(name, study), link_of(link)
    endpoint = found.endpoint(outcome)
    if endpoint is None:
        return np.ones(1)
    run = study_run(study, options)
    arm = next(arm for arm in run.arms if arm.name == outcome.active.arm)
    days = sampling_times([arm.schedule], duration(endpoint.end), visits=(endpoint.start, endpoint.end))
    trajectory = simulate_arm(run, arm, days)
    measured = endpoint.of(trajectory.times, trajectory[endpoint.output][None, :])
    return found.exposure(measured, np.ones(1), outcome)


def outcome_of(name: str, study: Study) -> Outcome:
    """An outcome of a study by name; StudyError with the nearest."""
    known = {outcome.name: outcome for outcome in study.outcomes}
    if name.strip() not in known:
        has = f"; it has: {', '.join(known)}" if known else "; it has none"
        raise StudyError(f"study {study.name} has no outcome '{name:.60}'{nearest(name, known) or has}")
    return known[name.strip()]


def _rate(count: ArmCount) -> float:
    return count.responders / count.analysed
