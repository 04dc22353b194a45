"""One schedule of every kind for any model that takes MIU by `sc` and `iv`, beside the parameters it needs changed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.model.registry import get_model
from pkpd.output.trajectory import Trajectory
from pkpd.parameters import Parameters
from pkpd.simulation import default_parameters

DAYS = 4


@dataclass(frozen=True)
class Kind:
    """A schedule of at most `DAYS` days; the lag of `route` and its bioavailability are set where given."""

    name: str
    schedule: Schedule
    lag: str = ""
    share: float | None = None
    route: str = "sc"


def dose(hour: float, amount: float = 1.0, route: str = "sc", **more: object) -> Dose:
    """A record at `hour` of an amount in MIU; `over`, `at` and `interval` as texts."""
    return Dose.of(f"{amount} MIU", time=f"{hour}h", route=route, **more)  # type: ignore[arg-type]


def _records(*doses: Dose) -> Schedule:
    return Schedule.of(*doses)


_ADDED = {"interval": "20h", "additional": 3}
_DAILY = {"interval": "1d"}
_RESET = Dose(Fraction(3, 2), 0.0, "MIU", reset=True)
_CONSTANT = Dose(Fraction(1), 0.0, "MIU", route="iv", rate=0.03, steady_state=1)

KINDS = (
    Kind("sc", parse("1 MIU sc every 2d x2")),
    Kind("iv", parse("1 MIU iv every 2d x2")),
    Kind("infusion given by duration", parse("3 MIU iv over 5h daily x3")),
    Kind("infusion given by rate", parse("1 MIU iv at 0.3 MIU/h daily x3"), share=0.7, route="iv"),
    Kind("infusions that overlap", parse("3 MIU iv over 30h every 20h x3")),
    Kind("infusion into the depot", parse("3 MIU sc over 5h daily x2"), lag="90min"),
    Kind("additional doses", _records(dose(3, **_ADDED))),
    Kind("lag", parse("1 MIU sc daily x3"), lag="5h"),
    Kind("lag longer than the interval", parse("1 MIU sc every 6h x4"), lag="14h"),
    Kind("bioavailability", parse("2 MIU sc daily x2"), share=0.3),
    Kind("SS=1", _records(dose(6, steady_state=1, **_DAILY))),
    Kind("SS=1 with lag and additional doses", _records(dose(6, steady_state=1, additional=2, **_DAILY)), lag="5h"),
    Kind("SS=1 infusion", _records(dose(6, 2, "iv", over="30h", steady_state=1, **_DAILY))),
    Kind("SS=2", _records(dose(0, 3), dose(12, 0.5, steady_state=2, **_DAILY))),
    Kind("constant infusion SS", _records(dose(0), _CONSTANT)),
    Kind("reset", _records(dose(0, **_ADDED), dose(30, 3, "iv", over="20h"), _RESET, dose(60))),
    Kind("reset and dose", _records(dose(0, **_ADDED), dose(35, route="iv", reset=True)), lag="4h"),
    Kind("missed and moved", parse("1 MIU sc daily x4, miss 2, move 3 by 5h")),
    Kind(
        "ties: records, additional doses, lagged arrivals and the end of an infusion on hour 24",
        _records(dose(4, **_ADDED), dose(12, 2, "iv", over="12h"), dose(24, 0.5, "iv"), dose(24), dose(20)),
        lag="4h",
    ),
    Kind("nothing", Schedule.none()),
)


def named(name: str) -> Kind:
    """The kind of that name."""
    return next(kind for kind in KINDS if kind.name == name)


def parameters(model: str, kind: Kind) -> Parameters:
    """The default parameters of a model with the lag and bioavailability of a kind, where its route has such."""
    found = default_parameters(model)
    route = next(r for r in get_model(model).routes if r.name == kind.route)
    for name, value in ((str(route.lag), kind.lag), (str(route.bioavailability), kind.share)):
        if value and name in found:
            found = found.set("a kind", **{name: value})
    return found


def difference(a: Trajectory, b: Trajectory) -> float:
    """The largest difference of any output in any row, relative to the output's largest value in `b`."""
    found = (np.max(np.abs(a[name] - b[name])) / max(np.max(np.abs(b[name])), 1e-300) for name in b.outputs)
    return float(max(found))
