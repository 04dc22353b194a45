"""A file of ours comes back as the same model: equations, routes, values with what is known of them, and schedule."""

from __future__ import annotations

import locale
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import models
import numpy as np
import pytest
import sbml_cases
import sympy
from sbml_models import PLANS, readme, rich
from schedule_kinds import KINDS, Kind, parameters

from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.exchange.events.reading import read_events
from pkpd.exchange.events.simulate import simulate_events
from pkpd.exchange.sbml.reading.imported import read_sbml
from pkpd.exchange.sbml.writing import problems, sbml_text
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import get_model
from pkpd.parameters import Parameter, Parameters
from pkpd.simulation import simulate

TIMES = np.linspace(0, 4, 33)
TABLE = """\
ID,TIME,AMT,EVID,CMT,RATE,II,ADDL,SS
1,0,100,1,oral,.,12,2,.
1,2,.,0,.,.,.,.,.
1,5,40,1,iv,-1,.,.,.
1,6,20,1,iv,-2,.,.,.
1,26,30,1,central,.,.,.,.
1,27,.,0,.,.,.,.,.
1,30,50,4,iv,20,24,1,1
1,33.7,.,0,.,.,.,.,.
1,60,.,0,.,.,.,.,.
"""


def same(a: Model, b: Model) -> None:
    assert a.fingerprint == b.fingerprint
    parts = ("name", "meaning", "time", "derived", "states", "rates", "routes", "outputs", "requirements")
    for part in parts:
        assert [replace(x, latex="") if hasattr(x, "latex") else x for x in getattr(a, part)] == [
            replace(x, latex="") if hasattr(x, "latex") else x for x in getattr(b, part)
        ], part
    assert [replace(p, latex="") for p in a.parameters] == [replace(p, latex="") for p in b.parameters]
    assert a.defaults.tables == b.defaults.tables


@pytest.mark.parametrize("make", models.SMALL, ids=lambda make: make.__name__)
def test_small_models_come_back_the_same(make: Callable[[], Model]) -> None:
    read = read_sbml(sbml_text(make()))
    same(read.model, make())
    assert (read.schedule, read.notes) == (None, ())


@pytest.mark.parametrize("block", [readme, rich])
@pytest.mark.parametrize("time", ["h", "d"])
def test_a_model_of_a_user_comes_back_the_same(block: Callable[[Builder], None], time: str) -> None:
    model = build("mine", block, time=time, meaning="a model with <every> part")
    text = sbml_text(model)
    assert problems(text) == ()
    read = read_sbml(text)
    assert read.notes == ()
    same(read.model, model)


@pytest.mark.parametrize("time", ["h", "d"])
def test_the_same_event_table_gives_the_same_numbers_to_the_last_bit(tmp_path: Path, time: str) -> None:
    """Bioavailability, lag, modelled rate and duration, resets and steady states go by the routes."""
    (tmp_path / "data.csv").write_text(TABLE, encoding="utf-8")
    table = read_events(tmp_path / "data.csv", time_unit="h")
    model = build("mine", rich, time=time)
    own, again = (simulate_events(table, m).table().to_csv() for m in (model, read_sbml(sbml_text(model)).model))
    assert again == own
    without = replace(model, routes=tuple(replace(r, bioavailability=sympy.Integer(1)) for r in model.routes))
    assert simulate_events(table, without).table().to_csv() != own


@pytest.mark.parametrize("plan", PLANS, ids=range(len(PLANS)))
@pytest.mark.parametrize("time", ["h", "d"])
def test_doses_come_back_on_their_routes(plan: Schedule, time: str) -> None:
    """The schedule itself, so the same course to the last bit; lag and bioavailability count once."""
    model = build("mine", rich, time=time)
    read = read_sbml(sbml_text(model, None, plan))
    assert read.schedule == plan and read.schedule.planned == plan.planned
    assert read.notes == ("its events are doses: pkpd simulate --model FILE without a schedule gives them",)
    same(read.model, model)
    own, again = simulate(plan, model, times=TIMES), simulate(read.schedule, read.model, times=TIMES)
    for output in model.outputs:
        np.testing.assert_array_equal(again[output.name], own[output.name])


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if k.schedule.doses and not any(d.steady_state for d in k.schedule.doses)], ids=str
)
def test_every_kind_of_schedule_comes_back(kind: Kind) -> None:
    model, values = get_model("il2_minimal"), parameters("il2_minimal", kind)
    read = read_sbml(sbml_text(model, values, kind.schedule))
    assert read.schedule is not None
    # amounts per body size are written as what they are
    flat = [replace(d, amount=1.0, rate=None, per="") if d.per else d for d in kind.schedule.doses]
    doses = zip(read.schedule.doses, kind.schedule.doses, strict=True)
    assert [replace(d, amount=1.0) if o.per else d for d, o in doses] == flat
    own = simulate(kind.schedule, model, values, times=TIMES)
    again = simulate(read.schedule, read.model, times=TIMES)
    for output in model.outputs:
        # an amount per body size is one product more
        np.testing.assert_allclose(again[output.name], own[output.name], rtol=1e-9, atol=1e-12)


def test_a_dose_of_which_nothing_arrives_is_read() -> None:
    model = build("mine", rich)
    plan = parse("100 mg via oral daily x3")
    read = read_sbml(sbml_text(model, model.defaults.set("a test", F1=0.0), plan))
    assert read.model.routes == model.routes
    assert np.all(simulate(plan, read.model, times=TIMES)["conc"] == 0)


def test_what_is_known_of_parameters_comes_back() -> None:
    model = build("mine", rich)
    known = replace(
        model.defaults["ka"],
        bounds=(0.1, 7 / 3),
        spread=0.1 + 0.2,
        prior=(0.2, 0.4),
        occasion=0.15,
        average="mean",
        note='a "note"',
        where="table 3",
        correlation=(("e", -0.25), ("pi", 1 / 3)),
    )
    values = Parameters((known,), "a file").over(model.defaults)
    back = read_sbml(sbml_text(model, values)).model
    assert back.defaults["ka"] == known
    assert [p.name for p in back.parameters if p.covariate] == ["wt"]


def test_bounds_that_leave_out_the_value_are_left_out() -> None:
    """A set of parameters with such bounds cannot be simulated."""
    model = build("mine", rich)
    read = read_sbml(sbml_text(model, model.defaults.set("a test", pi=5.0)))
    assert read.notes == ("the bounds of pi are left out: the value lies outside",)
    assert simulate(parse("1 mg iv once"), read.model, times=TIMES)["conc"].max() > 0


def test_a_value_in_another_unit_keeps_the_declaration() -> None:
    model = build("mine", rich)
    other = Parameter("ka", 8.4, "1/d", "ka", "assumed", ("assumed",))
    back = read_sbml(sbml_text(model, Parameters((other,), "a file"))).model
    assert back.fingerprint == model.fingerprint
    assert (back.defaults["ka"].value, back.defaults["ka"].unit) == (8.4, "1/d")


def test_the_encoding_of_files_stays_as_it_was() -> None:
    """COPASI sets the locale of the process when it is imported, and when it reads a model."""
    model = models.falls()
    assert sbml_cases.copasi_course(sbml_text(model), model, [0.0, 0.25])["level"][1] == pytest.approx(0.75, rel=1e-6)
    assert locale.getpreferredencoding(False).upper().replace("-", "") == "UTF8"


def test_a_variant_of_a_built_in_model_is_not_the_built_in_one() -> None:
    """The same equations and name with another route: the route of the file counts."""
    model = get_model("il2_minimal")
    routes = tuple(replace(r, lag=sympy.Integer(3)) for r in model.routes)
    assert read_sbml(sbml_text(replace(model, routes=routes))).model.routes == routes
