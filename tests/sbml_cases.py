"""Independent engines that run an exported SBML text, and how far ours is from them.

libRoadRunner integrates with CVODE (SUNDIALS) and COPASI with LSODA; each reads the SBML, compiles or interprets its
equations and finds its events by itself. AMICI, a third, is left out: it installs only from source.
"""

from __future__ import annotations

import importlib
import locale
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import roadrunner
from numpy.typing import NDArray

from pkpd.dosing.schedule import Schedule
from pkpd.engine.compile import bind
from pkpd.engine.tolerances import Tolerances
from pkpd.exchange.sbml.document import output_ids
from pkpd.model.declaration import Model
from pkpd.parameters import Parameters
from pkpd.simulation import simulate
from pkpd.units import factor

Courses = dict[str, NDArray[np.float64]]

RELATIVE, ABSOLUTE = 1e-9, 1e-11  # of the other engines
OURS = Tolerances(1e-9, 1e-11)


@contextmanager
def _locale_kept() -> Iterator[None]:
    """COPASI sets the locale of the whole process to C, on import and when it reads a model, which makes ASCII the
    encoding of files that name none, in every test that comes after.
    """
    before = locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)


with _locale_kept():
    COPASI: Any = importlib.import_module("COPASI")


def roadrunner_course(text: str, model: Model, parameters: Parameters, days: Sequence[float]) -> Courses:
    """Every output by name at these days, after what happens then, by libRoadRunner."""
    return running_course(roadrunner.RoadRunner(text), model, parameters, days)


def running_course(
    runner: roadrunner.RoadRunner, model: Model, parameters: Parameters, days: Sequence[float]
) -> Courses:
    """The same, of a model already loaded."""
    runner.integrator.relative_tolerance = RELATIVE
    bound = bind(model, parameters)
    for state, scale in zip(model.states, bound.scale, strict=True):  # one number for all stops it where a state is 0
        runner.integrator.setIndividualTolerance(state.name, ABSOLUTE * scale)
    ids = output_ids(model)
    runner.timeCourseSelections = ["time", *ids.values()]
    found = np.array(runner.simulate(times=[day * factor("d", model.time) for day in days]))
    return {name: found[:, k] for k, name in enumerate(ids, 1)}


@_locale_kept()
def copasi_course(text: str, model: Model, days: Sequence[float]) -> Courses:
    """Every output by name at these days, after what happens then, by COPASI."""
    root = COPASI.CRootContainer
    data = root.addDatamodel()
    try:
        assert data.importSBMLFromString(text), COPASI.CCopasiMessage.getAllMessageText()
        task = data.getTask("Time-Course")
        task.getMethod().getParameter("Relative Tolerance").setDblValue(RELATIVE)
        task.getMethod().getParameter("Absolute Tolerance").setDblValue(ABSOLUTE)
        problem = task.getProblem()
        problem.setUseValues(True)
        problem.setValues(" ".join(repr(float(day * factor("d", model.time))) for day in days))
        assert task.initializeRaw(COPASI.CCopasiTask.OUTPUT_UI), COPASI.CCopasiMessage.getAllMessageText()
        assert task.processRaw(True), COPASI.CCopasiMessage.getAllMessageText()
        return _table(task, data, model, len(days))
    finally:
        root.removeDatamodel(data)


def _table(task: object, data: object, model: Model, rows: int) -> Courses:
    series = task.getTimeSeries()  # type: ignore[attr-defined]
    assert series.getRecordedSteps() == rows, "COPASI recorded other times than those asked for"
    columns = {series.getSBMLId(k, data): k for k in range(series.getNumVariables())}
    return {
        name: np.array([series.getConcentrationData(row, columns[identity]) for row in range(rows)])
        for name, identity in output_ids(model).items()
    }


def difference(
    found: Courses,
    model: Model,
    parameters: Parameters,
    schedule: Schedule,
    days: Sequence[float],
    weight: float | None = None,
) -> float:
    """The largest difference of any output from ours at any time, relative to the output's peak in ours."""
    ours = simulate(schedule, model, parameters, times=list(days), side="post", tolerances=OURS, weight=weight)
    assert set(found) == set(ours.outputs)
    peaks = {name: max(float(np.max(np.abs(ours[name]))), 1e-300) for name in ours.outputs}
    return max(float(np.max(np.abs(found[name] - ours[name]))) / peaks[name] for name in ours.outputs)
