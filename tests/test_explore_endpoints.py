"""The numbers beside the curves: endpoints, doses, breaks and notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import MODEL_FILE
from explore_cases import OFFER, told, values

from pkpd.app.answer import answer, rests_of, simulated
from pkpd.app.asked import read_ask
from pkpd.app.endpoints import endpoints_of
from pkpd.app.offered import offer
from pkpd.output.plots.timeline import breaks
from pkpd.output.trajectory import Trajectory


def test_endpoints_are_those_of_the_curves() -> None:
    found = told({"schedule": "he2020", "days": "84"})
    own, days = values(found), np.array(found["times"])
    curves = {name: np.array(curve["values"]) for name, curve in found["curves"].items()}
    assert (own["total_given"], own["doses"]) == (21.0, 21.0)
    for cell in ("treg", "nk", "cd56bright"):
        assert own[f"{cell}.peak"] == curves[cell].max()
        fold = curves[f"{cell}_fold"]
        assert own[f"{cell}.peak_fold"] == fold.max()
        assert own[f"{cell}.peak_day"] == days[fold.argmax()]
        assert own[f"{cell}.end_fold"] == fold[-1]
    gains = {c: np.trapezoid(curves[f"{c}_fold"] - 1, days) for c in ("treg", "nk")}
    # sums in another order
    assert own["treg.area"] == pytest.approx(gains["treg"], rel=1e-9)
    assert own["treg.selectivity"] == pytest.approx(gains["treg"] / gains["nk"], rel=1e-9)
    first, last = ((days >= day) & (days <= day + 2) for day in (0, 68))
    for which, some in (("first", first), ("last", last)):
        # the table samples every five minutes, the curve every half hour around the peak
        assert own[f"il2.cmax.{which}"] == pytest.approx(curves["il2"][some].max(), rel=1e-2)
        assert own[f"il2.trough.{which}"] == pytest.approx(curves["il2"][some][-1], rel=1e-6)
    assert len({row["id"] for row in found["endpoints"]}) == len(found["endpoints"])


def test_exposure_needs_its_days() -> None:
    names = values(told({"schedule": "1 MIU every 2d x4", "days": "7"}))
    assert "il2.cmax.first" in names
    assert "il2.cmax.last" not in names  # the two days after day 6 are not all simulated
    assert names["doses"] == 4
    once = values(told({"schedule": "1 MIU once, rest 5d"}))
    assert "il2.cmax.first" in once
    assert "il2.cmax.last" not in once


def test_placebo_has_no_exposure_and_no_peak_day() -> None:
    found = told({"schedule": "none", "days": "7"})
    own = values(found)
    assert own["doses"] == 0
    assert "total_given" not in own
    assert not [name for name in own if name.startswith("il2.")]
    assert own["treg.peak_day"] is None
    assert own["treg.selectivity"] is None
    assert found["doses"] == found["rests"] == []
    assert found["schedule"]["text"] == "none"


def test_doubled_dose_in_a_linear_model(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(MODEL_FILE)
    made = offer(model=f"{file}:model")
    assert made.ask["schedule"] == "none"
    one, two = (values(told({"schedule": f"{n} MIU every 12h x4"}, made)) for n in (1, 2))
    for what in ("cmax", "auc", "trough"):
        for which in ("first", "last"):
            # linear but for the tolerance of the solver
            assert two[f"amount.{what}.{which}"] == pytest.approx(2 * one[f"amount.{what}.{which}"], rel=1e-4)
    # ln 2 / 0.3 h
    assert one["amount.half_life.first"] == pytest.approx(2.3105, rel=1e-3)
    assert two["total_given"] == 2 * one["total_given"] == 8


def test_breaks_are_those_of_the_figures() -> None:
    for text in ("he2020", "1 MIU daily x5, rest 2d, repeat 3", "1 MIU iv over 24h daily x3, rest 9d, repeat 2"):
        trajectory: Trajectory = simulated(read_ask({"schedule": text}, OFFER), OFFER)[1][0]
        shaded = [[start, min(until, float(trajectory.times[-1]))] for start, until in breaks(trajectory.doses)]
        assert rests_of(trajectory) == shaded
    assert shaded
    assert told({"schedule": "he2020", "days": "20"})["rests"] == [[14.0, 20.0]]


def test_doses_are_those_of_the_table() -> None:
    ask = read_ask({"schedule": "1 MIU/m2 iv over 2h daily x3, miss 2, move 3 by 6h", "bsa": "1.5", "days": "2"}, OFFER)
    shown = answer(ask, OFFER)["doses"]
    table = dict(simulated(ask, OFFER)[1][0].dose_table().columns)
    assert len(shown) == 2  # the third comes after the last day
    for key in ("time", "prescribed", "prescribed_unit", "given", "unit", "route", "status", "hours"):
        assert [dose[key] for dose in shown] == list(table[key])[:2]


def test_notes_say_what_was_not_asked() -> None:
    notes = told({"schedule": "9 MIU daily x2", "changes": {"treg_ec50": "500 pM"}, "bsa": "1.5"})["notes"]
    assert any("6 MIU/m2 in a day" in note for note in notes)
    assert any("treg_ec50 = 500 pM lies outside its bounds" in note for note in notes)


def test_endpoints_end_with_the_curves() -> None:
    run, (trajectory,) = simulated(read_ask({"schedule": "he2020", "days": "10"}, OFFER), OFFER)
    found = {row["id"]: row["value"] for row in endpoints_of(run, trajectory)}
    assert found["total_given"] == found["doses"] == 6
