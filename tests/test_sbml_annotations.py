"""Files of ours that another tool or a hostile hand has changed: annotations are used where they still fit."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sbml_models import rich

from pkpd.dosing.text import parse
from pkpd.exchange.sbml.reading.imported import read_sbml
from pkpd.exchange.sbml.writing import sbml_text
from pkpd.model.grammar import Builder, build
from pkpd.simulation import simulate

TIMES = np.linspace(0, 4, 33)


def test_doses_changed_in_another_tool_are_those_of_the_events() -> None:
    """An amount, a time, or an event left out: the annotation no longer says what happens, and is not believed."""
    model, plan = build("mine", rich), parse("100 mg via oral daily x3")
    text = sbml_text(model, None, plan)
    amount, later = text.replace('value="100"', 'value="80"'), re.sub(r"> 48 </cn>", "> 50 </cn>", text)
    fewer = re.sub(r'<event id="event_3".*?</event>', "", text, flags=re.DOTALL)
    for changed in (amount, later, fewer):
        assert changed != text
        read = read_sbml(changed)
        assert read.schedule is not None and {d.route for d in read.schedule.doses} == {"depot"}
        assert any("no longer, those of an annotated schedule: doses go straight into states" in n for n in read.notes)
    first = read_sbml(amount).schedule
    assert first is not None
    # share/7 of 80 mg, after the lag of 8/3 h
    assert first.doses[0].amount == pytest.approx(80 * 0.5 / 7)
    assert float(first.doses[0].time) == pytest.approx(8 / 3 / 24)


def test_a_lag_changed_in_another_tool_moves_the_schedule() -> None:
    model, plan = build("mine", rich), parse("100 mg via oral daily x3")
    text = sbml_text(model, None, plan)
    read = read_sbml(re.sub(r'(<parameter id="exp"[^>]* value=")2"', r'\g<1>3"', text))
    assert read.model.defaults["exp"].value == 3
    assert read.schedule == plan


def test_a_route_with_the_name_of_a_state_takes_no_dose_twice() -> None:
    """Doses straight into the state must not go through a route of its name, with its bioavailability again."""

    def block(m: Builder) -> None:
        x = m.state("x", "mg")
        m.change(x, -m.parameter("k", "1/h", value=0.1) * x)
        m.route("x", into=x, unit="mg", bioavailability=m.parameter("share", "1", value=0.5))
        m.output("level", x, "mg")

    model, plan = build("twice", block), parse("10 mg via x daily x2")
    text = sbml_text(model, None, plan)
    assert read_sbml(text).schedule == plan
    read = read_sbml(text.replace("pkpd:schedule", "pkpd:other"))
    assert read.schedule is not None and [d.amount for d in read.schedule.doses] == [5, 5]
    own, again = simulate(plan, model, times=TIMES), simulate(read.schedule, read.model, times=TIMES)
    np.testing.assert_allclose(again["level"], own["level"], rtol=1e-9)  # 10 times 0.5, in another order


@pytest.mark.parametrize(
    "told",
    [
        ('bioavailability="', 'bioavailability="nobody * '),
        ('bioavailability="', 'bioavailability="__import__(&quot;os&quot;) + '),
        ('bioavailability="', 'bioavailability="time * '),
        ('bioavailability="', 'bioavailability="' + "(" * 3000),
        ('bioavailability="', 'bioavailability="' + "-" * 3000),
        ('bioavailability="', 'bioavailability="9^9^9^9 * '),
        (' lag="', ' lag="ka + '),
        (' lag="', ' delay="'),
        ('into="depot"', 'into="nowhere"'),
        ('unit="mg" bioavailability', 'unit="mug" bioavailability'),
        ('smaller="', 'smaller="effect * '),
        ('pkpd:route name="iv"', 'pkpd:route name="oral"'),
    ],
    ids=range(12),
)
def test_routes_that_cannot_be_used_are_said(told: tuple[str, str]) -> None:
    """The equations stand; doses of the events go straight into states, as they would from another tool."""
    model, plan = build("mine", rich), parse("100 mg via oral daily x3")
    text = sbml_text(model, None, plan)
    assert told[0] in text
    read = read_sbml(text.replace(*told))
    assert read.model.routes == () and read.model.outputs == model.outputs
    assert any("the annotated routes of doses could not be used" in note for note in read.notes)
    assert read.schedule is not None and {d.route for d in read.schedule.doses} == {"depot"}


@pytest.mark.parametrize(
    "told",
    [
        ('amount="100.0"', 'amount="lots"'),
        ('amount="100.0"', 'amount="1e999"'),
        ('dose time="1"', 'dose time="-1"'),
        ('dose time="1"', 'dose time="1/0"'),
        ('schedule length="3"', 'schedule length="1"'),
        ('unit="mg" route="oral"', 'unit="IU" route="oral"'),
        ('route="oral"/>', 'route="oral" additional="99999999999999"/>'),
        ('route="oral"/>', 'route="nowhere"/>'),
    ],
    ids=range(8),
)
def test_a_schedule_that_cannot_be_used_is_said(told: tuple[str, str]) -> None:
    text = sbml_text(build("mine", rich), None, parse("100 mg via oral daily x3"))
    assert told[0] in text
    read = read_sbml(text.replace(*told))
    assert len(read.model.routes) == 2
    assert any("the annotated schedule could not be used" in note for note in read.notes)
    assert read.schedule is not None and {d.route for d in read.schedule.doses} == {"depot"}


@pytest.mark.parametrize(
    "said",
    [
        'low="x" high="1"',
        'low="2" high="1"',
        'spread="-1"',
        'occasion="nan"',
        'prior="1"',
        'prior="1" prior_sd="0"',
        'correlation="e"',
        'correlation="nobody 0.5"',
        'correlation="e 2"',
        'average="mode"',
        'declared="mg"',
    ],
)
def test_annotations_of_parameters_that_are_none_are_not_believed(said: str) -> None:
    text = sbml_text(build("mine", rich))
    assert 'kind="parameter" name="ka"' in text
    read = read_sbml(text.replace('kind="parameter" name="ka"', f'kind="parameter" {said} name="ka"'))
    assert any("own annotations could not be used" in note for note in read.notes)
