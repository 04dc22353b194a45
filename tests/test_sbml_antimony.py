"""Antimony texts of a user as SBML of Level 3 Version 2, which the library of that name writes: read and run here, and
run by libRoadRunner.
"""

from __future__ import annotations

import antimony
import numpy as np
import pytest
import roadrunner

from pkpd.dosing.schedule import Schedule
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import ModelError
from pkpd.exchange.sbml.reading.imported import read_sbml
from pkpd.simulation import simulate

# Both engines solve to 1e-9 of each step; a dose lost or moved is above 1e-3.
CLOSE = 1e-6
DAYS = np.array([0.0, 0.3, 1.1, 1.9, 2.2, 3.7, 5.3, 8.0, 11.6])

NETWORK = """
function rate(s, v, k)
  v * s / (k + s)
end
model network()
  compartment plasma = 5, tissue = 2;
  species A in plasma = 10, B in plasma = 0, C in tissue = 1;
  J1: A -> B; plasma * rate(A, vmax, km);
  J2: 2 B -> C; plasma * k * B;
  J3: C -> ; tissue * 0.2 * C;
  vmax = 2; km = 3; k = 0.1;
  total := A + B + C / 3;
  larger := max(A, B, total / 4);
  smaller := min(A, 2 * B);
  at (time >= 2): A = A + 10;
  at (time > 5): A = A + 5 / plasma, C = C + 1;
end
"""
RULES = """
model rules()
  x' = -k * x + source * max(0, 1 - x / 4);
  y' = x - 0.3 * y;
  source := 0.4 + 0.1 * y;
  x = 3; y = x / 2; k = 0.25; dose = 7;
  at (time >= 1.5): x = x + dose;
  at (time >= 3): x = x + dose / 2;
end
"""
INFUSION = """
model infusion()
  drug' = rate_in - 0.7 * drug; effect' = drug - min(effect, 2);
  drug = 1; effect = 0.5; rate_in = 0;
  at (time >= 1): rate_in = 4;
  at (time >= 2.5): rate_in = 0;
  fold := drug / 1;
end
"""


def written(text: str) -> str:
    """The SBML that Antimony makes of a text."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return str(antimony.getSBMLString(antimony.getMainModuleName()))


@pytest.mark.parametrize("text", [NETWORK, RULES, INFUSION], ids=["network", "rules", "infusion"])
def test_antimony_runs_as_in_libroadrunner(text: str) -> None:
    sbml = written(text)
    assert 'level="3" version="2"' in sbml
    read = read_sbml(sbml)
    assert read.schedule is not None
    assert any("pkpd simulate --model FILE without a schedule gives them" in note for note in read.notes)
    runner = roadrunner.RoadRunner(sbml)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-9, 1e-11
    names = [o.name for o in read.model.outputs]
    species = set(runner.model.getFloatingSpeciesIds())
    runner.timeCourseSelections = ["time", *(f"[{n}]" if n in species else n for n in names)]
    theirs = np.array(runner.simulate(times=DAYS.tolist()))
    ours = simulate(read.schedule, read.model, times=DAYS, side="post", tolerances=Tolerances(1e-9, 1e-11))
    assert len(names) > 2
    for k, name in enumerate(names, 1):
        np.testing.assert_allclose(ours[name], theirs[:, k], rtol=0, atol=CLOSE * np.max(np.abs(theirs[:, k])))
    nothing = simulate(Schedule.none(), read.model, times=DAYS)
    assert not np.allclose(nothing[names[0]], theirs[:, 1], rtol=1e-3)


@pytest.mark.parametrize(
    ("formula", "said"),
    [("rem(x, 2)", "'rem'"), ("quotient(x, 2)", "'quotient'"), ("rateOf(y)", "rateOf"), ("floor(x)", "'floor'")],
)
def test_what_version_2_adds_beyond_max_and_min_is_refused(formula: str, said: str) -> None:
    sbml = written(RULES.replace("0.4 + 0.1 * y", f"0.4 + {formula}"))
    with pytest.raises(ModelError, match=f"the rule of 'source' uses {said}, which models here cannot hold"):
        read_sbml(sbml)


def test_another_package_that_is_needed_is_still_refused() -> None:
    name = "http://www.sbml.org/sbml/level3/version1/comp/version1"
    head = f'version="2" xmlns:comp="{name}" comp:required="true"'
    with pytest.raises(ModelError, match="uses the SBML package 'comp'"):
        read_sbml(written(RULES).replace('version="2"', head, 1))
